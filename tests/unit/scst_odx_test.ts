/** POPULATE TOKEN, WRITE USING TOKEN, RECEIVE ROD TOKEN INFORMATION: copies by token. */
import assert from "node:assert/strict";
import { CopyRig, DESTINATION_ID, OTHER_TARGET } from "../harness/copy_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import {
  INFORMATION,
  informationOf,
  tokenFor,
  writeBlock,
  writeGood,
  writeRefused,
} from "../harness/rod_exchange.ts";
import {
  populateList,
  type Range,
  rodCdb,
  rodInformationCdb,
  writeTokenList,
  zeroToken,
} from "../harness/rod_list.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry } from "../initiator/cdb.ts";
import { Field, FINAL } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const DEL_TKN = 2;

Deno.test("writeUsingToken() puts the blocks of the token into the ranges that it names", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const token = tokenFor(peer, [[10, 5], [100, 1], [200, 4]]);
  writeGood(peer, token, [[0, 2], [50, 0], [1000, 7]], { offset: 1 });
  const rod = [11, 12, 13, 14, 100, 200, 201, 202, 203];
  const wanted = new Uint8Array(2 ** 20);
  rod.forEach((lba, index) => {
    const to = index < 2 ? index : 998 + index;
    wanted.set(rig.content.subarray(lba * 512, (lba + 1) * 512), to * 512);
  });
  assert.deepEqual(rig.copied, wanted);
  const { action, status, blocks, token: none } = informationOf(peer, 8, 1);
  assert.deepEqual([action, status, blocks, none], [0x11, 1, 9, undefined]);
  writeGood(peer, token, [[0, 10]]);
  assert.deepEqual(rig.copied.slice(0, 2560), rig.content.slice(5120, 7680), "used once more");
  assert.equal(rig.lent, 0);
});

Deno.test("populateToken() makes a token as SPC-4 describes it, another one each time", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const list = populateList([[10, 5], [100, 3]], { type: 0x00800001 });
  exchangeGood(peer, rodCdb(0x10, list.length, 0xfffffffe), { write: list });
  const { action, status, blocks, token } = informationOf(peer, 0xfffffffe);
  assert.deepEqual([action, status, blocks], [0x10, 1, 8]);
  const view = new DataView(token!.buffer);
  assert.equal(view.getUint32(0), 0x00800001);
  assert.equal(view.getUint16(6), 0x01f8);
  assert.equal(view.getUint8(16), 0xe4);
  const page = exchangeGood(peer, inquiry(255, 0x83), { read: 255 });
  assert.deepEqual(token!.subarray(20, 40), page.subarray(4, 24), "the NAA designator");
  assert.equal(view.getBigUint64(48), 0n);
  assert.equal(view.getBigUint64(56), 8n * 512n);
  assert.equal(view.getUint32(96), 512);
  const other = tokenFor(peer, [[10, 5], [100, 3]]);
  let same = 0;
  for (let at = 128; at < 192; at++) if (other[at] === token![at]) same++;
  assert(same < 16, `${same} of 64 random bytes are the same`);
});

Deno.test("a token is unknown when a single bit of it is wrong, or it is of nobody", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const token = tokenFor(peer, [[0, 8]]);
  for (let byte = 0; byte < 512; byte++) {
    const wrong = token.slice();
    wrong[byte]! ^= 1 << (byte & 7);
    writeRefused(peer, "05/23/04", wrong, [[0, 8]]);
  }
  writeRefused(peer, "05/23/04", new Uint8Array(512), [[0, 8]]);
  assert(rig.copied.every((byte) => byte === 0));
  writeGood(peer, token, [[0, 8]]);
});

Deno.test("a token is no way to a unit that its bearer has not (CVE-2020-28374)", () => {
  using rig = new CopyRig({ together: false });
  const peer = rig.source.login(1);
  const token = tokenFor(peer, [[0, 8]]);
  const thief = rig.source.connect();
  thief.login(2, { TargetName: OTHER_TARGET });
  thief.run({ cdb: new Uint8Array(16) });
  writeRefused(thief, "05/23/04", token, [[0, 8]], { lun: 0 });
  assert(rig.copied.every((byte) => byte === 0));
  assert.equal(thief.connection.isClosed, false);
});

Deno.test("a token ends when one of its blocks is changed, whoever does it and however", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const other = rig.login(2);
  const ranges: Range[] = [[10, 5], [100, 3]];
  const token = tokenFor(peer, ranges);
  for (const lba of [9, 15, 99, 103, 500]) writeBlock(other, 0, lba);
  writeBlock(other, 1, 10);
  writeGood(peer, token, [[0, 8]]);
  writeBlock(other, 0, 102);
  writeRefused(peer, "05/23/06", token, [[0, 8]]);

  const unmap = new Uint8Array(24);
  unmap.set([0, 22, 0, 16]);
  new DataView(unmap.buffer).setUint32(12, 2000);
  unmap[19] = 1;
  const second = tokenFor(peer, ranges);
  const cdb = Uint8Array.of(0x42, 0, 0, 0, 0, 0, 0, 0, 24, ...Array(7).fill(0));
  exchangeGood(other, cdb, { write: unmap });
  writeRefused(peer, "05/23/06", second, [[0, 8]]);

  const third = tokenFor(peer, ranges);
  const onto = tokenFor(peer, [[500, 1]]);
  writeGood(peer, onto, [[12, 1]], { lun: 0 });
  writeRefused(peer, "05/23/06", third, [[0, 8]]);
});

Deno.test("a token ends by DEL_TKN, after its inactivity, and when there are too many", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const deleted = tokenFor(peer, [[0, 8]]);
  writeGood(peer, deleted, [[0, 8]], { flags: DEL_TKN });
  writeRefused(peer, "05/23/09", deleted, [[0, 8]]);

  const oldest = tokenFor(peer, [[0, 1]]);
  for (let count = 0; count < 128; count++) tokenFor(peer, [[0, 1]]);
  writeRefused(peer, "05/23/08", oldest, [[0, 1]]);

  const { now } = performance;
  let later = 0;
  performance.now = () => now.call(performance) + later;
  try {
    const brief = tokenFor(peer, [[0, 8]], 10);
    const usual = tokenFor(peer, [[0, 8]]);
    later = 9000;
    writeGood(peer, brief, [[0, 8]]);
    later = 18000;
    writeGood(peer, brief, [[0, 8]]);
    later = 29000;
    writeRefused(peer, "05/23/07", brief, [[0, 8]]);
    later = 290_000;
    writeGood(peer, usual, [[0, 8]]);
    later += 301_000;
    writeRefused(peer, "05/23/07", usual, [[0, 8]]);
  } finally {
    performance.now = now;
  }
});

Deno.test("writeUsingToken() writes zeros for the well-known token of zeros", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  writeGood(peer, zeroToken(), [[3, 2], [100, 1000]], { lun: 0, offset: 5 });
  const wanted = rig.content.slice();
  wanted.fill(0, 3 * 512, 5 * 512);
  wanted.fill(0, 100 * 512, 1100 * 512);
  assert.deepEqual(Deno.readFileSync(rig.source.path), wanted);
  assert.deepEqual(informationOf(peer, 8, 0).blocks, 1002);
});

Deno.test("populateToken() and writeUsingToken() refuse wrong lists, and change nothing", () => {
  using rig = new CopyRig({ source: { size: 2 * 2 ** 30, null: true } });
  const peer = rig.login(1);
  const token = tokenFor(peer, [[0, 8]]);
  const most = 2 ** 21; // 1 GiB
  const populate: [string, Uint8Array][] = [
    ["05/26/00", populateList([])],
    ["05/26/00", populateList([[0, 8], [7, 1]])],
    ["05/26/00", populateList([[0, most + 1]])],
    ["05/26/00", populateList([[0, 1]], { timeout: 3601 })],
    ["05/26/00", populateList([[0, 1]], { type: 0x00010000 })],
    ["05/26/08", populateList(Array.from({ length: 65 }, (_, at): Range => [at, 1]))],
    ["05/21/00", populateList([[2 * most, 1]])],
    ["05/21/00", populateList([[2n ** 64n - 1n, 1]])],
  ];
  for (const [sense, list] of populate) {
    exchangeSense(peer, rodCdb(0x10, list.length, 1), sense, { write: list });
  }
  const write: [string, Uint8Array][] = [
    ["05/26/00", writeTokenList(token, [])],
    ["05/26/00", writeTokenList(token, [[0, 4], [3, 1]])],
    ["05/26/00", writeTokenList(token, [[0, 9]])],
    ["05/26/00", writeTokenList(token, [[0, 8]], { offset: 1 })],
    ["05/21/00", writeTokenList(token, [[2041, 8]])],
  ];
  for (const [sense, list] of write) {
    exchangeSense(peer, rodCdb(0x11, list.length, 1), sense, { lun: 1, write: list });
  }
  const whole = [[0x10, populateList([[0, 8]])], [0x11, writeTokenList(token, [[0, 8]])]] as const;
  for (const [action, list] of whole) {
    for (let length = 1; length < list.length; length++) {
      const cdb = rodCdb(action, length, 1);
      const cut = { lun: 1, write: list.slice(0, length) };
      const { sense } = exchange(peer, cdb, cut);
      assert.equal(sense?.asc, 0x1a, `${action}: ${length} bytes`);
    }
    exchangeGood(peer, rodCdb(action, 0, 1), { lun: 1 });
  }
  writeRefused(peer, "05/26/00", token, [[4, 8]], { lun: 0 });
  assert(rig.copied.every((byte) => byte === 0));
});

Deno.test("writeUsingToken() refuses another block size and a write protected unit", () => {
  using rig = new CopyRig({ destination: { blocksize: 4096 } });
  const peer = rig.login(1);
  writeRefused(peer, "05/23/00", tokenFor(peer, [[0, 8]]), [[0, 1]]);
  const ids = { naaId: DESTINATION_ID, usn: "destination" };
  using locked = new CopyRig({ destination: { readOnly: true, ids } });
  const second = locked.login(1);
  writeRefused(second, "07/27/00", tokenFor(second, [[0, 8]]), [[0, 8]]);
});

Deno.test("populateToken() waits for the writes to its blocks that are under way", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  rig.source.store.hanging = true;
  const block = patternBytes(512, 3);
  const write = peer.command({
    cdb: Uint8Array.of(0x2a, 0, 0, 0, 0, 3, 0, 0, 1, ...Array(7).fill(0)),
    flags: FINAL | WRITE | 1,
    expectedLength: 512,
    data: block,
  });
  assert.deepEqual(peer.send(write), []);
  const list = populateList([[0, 8]]);
  const populate = peer.command({
    cdb: rodCdb(0x10, list.length, 7),
    flags: FINAL | WRITE | 1,
    expectedLength: list.length,
    data: list,
  });
  assert.deepEqual(peer.send(populate), []);
  rig.source.store.hanging = false;
  rig.source.store.release();
  assert.deepEqual(peer.take().map((pdu) => pdu.u8(Field.status)).sort(), [0, 0]);
  writeGood(peer, informationOf(peer, 7).token!, [[0, 8]]);
  assert.deepEqual(rig.copied.slice(1536, 2048), block);
});

Deno.test("receiveRodTokenInformation() knows what its own nexus and unit did", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const other = rig.login(2);
  tokenFor(peer, [[0, 1]]);
  const cdb = rodInformationCdb(INFORMATION, 7);
  exchangeSense(other, cdb, "05/24/00", { read: INFORMATION });
  exchangeSense(peer, cdb, "05/24/00", { lun: 1, read: INFORMATION });
  const short = exchangeGood(peer, rodInformationCdb(40, 7), { read: 40 });
  assert.equal(short.length, 40);
  assert.equal(informationOf(peer, 7).status, 1);
});
