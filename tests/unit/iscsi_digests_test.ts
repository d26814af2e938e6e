/** Sessions with header digests, data digests and both: every kind of PDU, cut off anywhere. */
import assert from "node:assert/strict";
import { Sense } from "../../lib/scsi/sense.ts";
import { DIGEST_MODES, type DigestMode } from "../harness/digest_modes.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { BLOCK, type Peer, Rig, TARGET } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { inquiry, read16, testUnitReady, write16 } from "../initiator/cdb.ts";
import { Field, FINAL, NO_TAG, Opcode, type Pdu } from "../initiator/pdu.ts";
import {
  dataOut,
  logoutRequest,
  nopOut,
  READ,
  scsiCommand,
  snackRequest,
  taskManagement,
  textRequest,
  WRITE,
} from "../initiator/requests.ts";
import { decodeText } from "../initiator/text.ts";

const SIMPLE = 1;

function eachMode(name: string, body: (mode: DigestMode) => void): void {
  for (const mode of DIGEST_MODES) Deno.test(`${name}, with ${mode.name}`, () => body(mode));
}

function numbers(peer: Peer) {
  return { itt: peer.tag(), cmdSn: peer.cmdSn++, expStatSn: 0 };
}

function read(peer: Peer, lba: number, blocks: number): Pdu {
  const flags = FINAL | READ | SIMPLE;
  return peer.command({ cdb: read16(lba, blocks), flags, expectedLength: blocks * BLOCK });
}

/** The data of Data-In PDUs that follow each other. */
function joined(pdus: readonly Pdu[]): Uint8Array {
  assert(pdus.length > 0 && pdus.every((pdu) => pdu.opcode === Opcode.DataIn));
  return concatBytes(pdus.map((pdu) => pdu.data));
}

/** Announces a write and sends its data as it is asked for, in Data-Out PDUs of `most` bytes. */
function writeSolicited(peer: Peer, lba: number, data: Uint8Array, most: number, step: number) {
  const command = peer.command({
    cdb: write16(lba, data.length / BLOCK),
    flags: FINAL | WRITE | SIMPLE,
    expectedLength: data.length,
  });
  const answers = peer.send(command, step);
  for (let answer = answers.shift(); answer !== undefined; answer = answers.shift()) {
    if (answer.opcode !== Opcode.R2T) return answer;
    const start = answer.u32(Field.bufferOffset);
    const end = start + answer.u32(Field.desiredLength);
    for (let offset = start; offset < end; offset += most) {
      const to = Math.min(end, offset + most);
      answers.push(...peer.send(
        dataOut({
          itt: command.itt,
          ttt: answer.u32(Field.ttt),
          expStatSn: 0,
          offset,
          dataSn: (offset - start) / most,
          final: to === end,
          data: data.subarray(offset, to),
        }),
        step,
      ));
    }
  }
  throw new assert.AssertionError({ message: "the write has not ended" });
}

eachMode("every kind of PDU comes with its digests", (mode) => {
  using rig = new Rig();
  const peer = rig.connect();
  const seen = new Set<number>();
  const note = (pdus: Pdu[]) => {
    for (const { opcode } of pdus) seen.add(opcode);
    return pdus;
  };
  note([peer.login(1, { ...mode.keys, MaxRecvDataSegmentLength: "1000" })]);
  assert.deepEqual(peer.digests, { header: mode.header, data: mode.data });

  const [attention] = note(peer.send(peer.command({ cdb: testUnitReady() })));
  assert.equal(attention!.u8(Field.status), 2);
  assert(attention!.data.length > 0);
  assert.equal(peer.run({ cdb: testUnitReady() }).data.length, 0);
  for (const length of [0, 1, 2, 3, 4, 999]) {
    const data = patternBytes(length, length);
    const [pong] = note(peer.send(nopOut({ ...numbers(peer), data })));
    assertSameBytes(pong!.data, data);
  }
  const content = patternBytes(7 * BLOCK, 1);
  assert.equal(writeSolicited(peer, 3, content, 1500, 1 << 20).u8(Field.status), 0);
  note(peer.send(peer.command({
    cdb: write16(0, 1),
    flags: FINAL | WRITE | SIMPLE,
    expectedLength: BLOCK,
  }))); // an R2T
  assertSameBytes(joined(note(peer.send(read(peer, 3, 7)))), content);
  rig.store.hanging = true;
  peer.send(read(peer, 3, 7));
  rig.store.release();
  rig.store.hanging = false;
  assertSameBytes(joined(note(peer.take())), content);
  for (const length of [5, 36, 95, 96]) {
    assert.equal(exchangeGood(peer, inquiry(length), { read: length }).length, length);
  }
  note(peer.send(taskManagement({ ...numbers(peer), function: 5 }))); // LOGICAL UNIT RESET
  const [unit] = rig.device.users;
  unit!.announce(Sense.MODE_PARAMETERS_CHANGED);
  assert.equal(note(peer.take()).length, 1);
  const [session] = rig.node.sessions;
  session!.requestLogout(9);
  assert.equal(note(peer.take()).length, 1);
  const text = new TextEncoder().encode("SendTargets=\0");
  const [targets] = note(peer.send(textRequest({ ...numbers(peer), text })));
  assert.deepEqual(decodeText(targets!.data)[0], ["TargetName", TARGET]);
  const snack = snackRequest({ itt: peer.tag(), expStatSn: 0, type: 0 });
  const [reject] = note(peer.send(snack));
  assertSameBytes(reject!.data, snack.header);
  peer.connection.tick(1);
  peer.connection.tick(40_000);
  const [ping] = note(peer.take());
  assert.deepEqual([ping!.opcode, ping!.itt], [Opcode.NopIn, NO_TAG]);
  note(peer.send(logoutRequest(numbers(peer))));

  const sent = Object.values(Opcode).filter((code) => code >= Opcode.NopIn);
  assert.deepEqual([...seen].sort(), sent.sort());
  assert(rig.log.some((line) => line.includes(covering(mode))), rig.log.join("\n"));
});

function covering({ header, data }: DigestMode): string {
  const what = header && data ? "headers and data" : header ? "headers" : "data";
  return `login with CRC32C of ${what}:`;
}

eachMode("a session goes on whatever the pieces are that its bytes come in", (mode) => {
  using rig = new Rig();
  for (const step of [1, 3, 47, 48, 51, 52, 53, 511, 564, 5000]) {
    const peer = rig.connect();
    const keys = { ...mode.keys, MaxBurstLength: "4096" };
    assert.equal(peer.login(step, keys, step).u16(Field.statusClass), 0);
    peer.run({ cdb: testUnitReady() });
    const data = patternBytes(4 * BLOCK, step);
    const flags = FINAL | WRITE | SIMPLE;
    const immediate = { cdb: write16(0, 4), flags, expectedLength: data.length, data };
    assert.equal(peer.send(peer.command(immediate), step)[0]!.u8(Field.status), 0);
    assertSameBytes(joined(peer.send(read(peer, 0, 4), step)), data);
    for (const [blocks, most] of [[1, 3], [12, 1499], [12, 4096]] as const) {
      const data = patternBytes(blocks * BLOCK, most);
      assert.equal(writeSolicited(peer, 100, data, most, step).u8(Field.status), 0);
      assertSameBytes(joined(peer.send(read(peer, 100, blocks), step)), data);
    }
    peer.connection.close();
  }
  assert.equal(rig.node.memory.lent, 0);
});

/** All the data that an R2T asks for. */
function answerToR2T(r2t: Pdu, data: Uint8Array): Pdu {
  const common = { itt: r2t.itt, ttt: r2t.u32(Field.ttt), expStatSn: 0 };
  return dataOut({ ...common, offset: 0, dataSn: 0, final: true, data });
}

eachMode("a connection that ends at any byte of a write writes nothing", (mode) => {
  using rig = new Rig();
  const witness = rig.login(1);
  const before = patternBytes(2 * BLOCK, 1);
  exchangeGood(witness, write16(0, 2), { write: before });
  const fresh = patternBytes(2 * BLOCK, 2);
  const command = { cdb: write16(0, 2), flags: FINAL | WRITE | SIMPLE, expectedLength: 2 * BLOCK };
  for (const solicited of [false, true]) {
    for (let cut = 0, length = Infinity; cut < length; cut += cut === 80 ? 960 : 1) {
      const peer = rig.login(2, mode.keys);
      const last = solicited
        ? answerToR2T(peer.run(command), fresh)
        : peer.command({ ...command, data: fresh });
      const bytes = last.encode({}, peer.digests);
      length = bytes.length;
      assert.equal(peer.feed(bytes.subarray(0, cut), 300).length, 0);
      peer.connection.lost("cut");
      assertSameBytes(exchangeGood(witness, read16(0, 2), { read: 2 * BLOCK }), before);
    }
  }
  witness.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

eachMode("additional header segments are within the header digest", (mode) => {
  using rig = new Rig();
  const peer = rig.login(1, mode.keys);
  const data = patternBytes(BLOCK, 4);
  for (const words of [1, 20, 255]) {
    const ahs = new Uint8Array(4 * words);
    new DataView(ahs.buffer).setUint16(0, 4 * words - 3);
    ahs[2] = 1; // the rest of a CDB that has none
    const flags = FINAL | WRITE | SIMPLE;
    const fields = { cdb: write16(words, 1), flags, expectedLength: BLOCK, data, ahs };
    for (const step of [1, 60, 4000]) {
      assert.equal(peer.send(peer.command(fields), step)[0]!.u8(Field.status), 0);
    }
    assertSameBytes(joined(peer.send(read(peer, words, 1))), data);
  }
});

eachMode("an extended CDB ends in front of the header digest", (mode) => {
  using rig = new Rig();
  const peer = rig.login(1, mode.keys);
  rig.store.hanging = true;
  const flags = FINAL | READ | SIMPLE;
  const fields = { cdb: read16(0, 1), flags, expectedLength: BLOCK };
  const [session] = rig.node.sessions;
  const parts: [ahs: number[], rest: number[]][] = [
    [[0, 5, 1, 0, 0xa1, 0xa2, 0xa3, 0xa4], [0xa1, 0xa2, 0xa3, 0xa4]],
    [[0, 2, 1, 0, 0xb1, 0, 0, 0], [0xb1, 0, 0, 0]], // what was there before is gone
  ];
  for (const [ahs, rest] of parts) {
    const command = peer.command({ ...fields, ahs: Uint8Array.from(ahs) });
    assert.equal(peer.send(command).length, 0);
    const { cdb } = session!.tasks.get(command.itt)!;
    assert.deepEqual([...cdb.subarray(16, 20)], rest);
  }
  rig.store.release();
});

eachMode("a request before its turn keeps its headers and data", (mode) => {
  using rig = new Rig();
  const peer = rig.login(1, mode.keys);
  const data = patternBytes(BLOCK, 5);
  const first = numbers(peer);
  const second = numbers(peer);
  const flags = FINAL | WRITE | SIMPLE;
  const ahs = Uint8Array.of(0, 5, 1, 0, 1, 2, 3, 4);
  const write = { ...second, cdb: write16(8, 1), flags, expectedLength: BLOCK, data, ahs };
  assert.equal(peer.send(scsiCommand(write)).length, 0);
  const answers = peer.send(nopOut({ ...first, data: data.subarray(0, 5) }));
  assert.deepEqual(answers.map((pdu) => pdu.opcode), [Opcode.NopIn, Opcode.ScsiResponse]);
  assert.equal(answers[1]!.u8(Field.status), 0);
  assertSameBytes(joined(peer.send(read(peer, 8, 1))), data);
});

Deno.test("a discovery session may have digests", () => {
  using rig = new Rig();
  for (const mode of DIGEST_MODES) {
    const peer = rig.connect();
    peer.login(1, { ...mode.keys, SessionType: "Discovery" });
    const text = new TextEncoder().encode("SendTargets=All\0");
    const [answer] = peer.send(textRequest({ ...numbers(peer), text }));
    assert.deepEqual(decodeText(answer!.data)[0], ["TargetName", TARGET]);
    peer.connection.close();
  }
});

Deno.test("digests cannot be negotiated once more after the login", () => {
  using rig = new Rig();
  for (const mode of DIGEST_MODES) {
    const peer = rig.login(1, mode.keys);
    const text = new TextEncoder().encode("HeaderDigest=None\0DataDigest=CRC32C\0");
    const [answer] = peer.send(textRequest({ ...numbers(peer), text }));
    const refused = [["HeaderDigest", "Reject"], ["DataDigest", "Reject"]];
    assert.deepEqual(decodeText(answer!.data), refused);
    assert.equal(peer.run({ cdb: testUnitReady() }).u8(Field.status), 0);
    peer.connection.close();
  }
});

Deno.test("a target that wants digests refuses whoever does not offer them", () => {
  using rig = new Rig({ attributes: { headerDigest: ["CRC32C"], dataDigest: ["CRC32C"] } });
  const refused: [Record<string, string>, RegExp][] = [
    [{}, /: HeaderDigest=CRC32C is not offered: /],
    [{ HeaderDigest: "CRC32C" }, /: DataDigest=CRC32C is not offered: /],
    [{ HeaderDigest: "None", DataDigest: "CRC32C" }, /: HeaderDigest=None, the target agrees to /],
  ];
  for (const [keys, why] of refused) {
    assert.equal(rig.connect().login(1, keys).u16(Field.statusClass), 0x0200);
    assert.match(rig.log.at(-1)!, why);
  }
  const peer = rig.login(1, { HeaderDigest: "None,CRC32C", DataDigest: "CRC32C,None" });
  assert.deepEqual(peer.digests, { header: true, data: true });
  assert.equal(peer.run({ cdb: testUnitReady() }).u8(Field.status), 0);
});

Deno.test("a target that wants no digests refuses whoever insists on them", () => {
  using rig = new Rig({ attributes: { headerDigest: ["None"], dataDigest: ["None"] } });
  for (const key of ["HeaderDigest", "DataDigest"]) {
    assert.equal(rig.connect().login(1, { [key]: "CRC32C" }).u16(Field.statusClass), 0x0200);
    assert.match(rig.log.at(-1)!, new RegExp(`: ${key}=CRC32C, the target agrees to None: `));
  }
  const peer = rig.login(1, { HeaderDigest: "CRC32C,None", DataDigest: "None" });
  assert.deepEqual(peer.digests, { header: false, data: false });
});
