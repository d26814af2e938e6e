/** EXTENDED COPY: what is copied, and what is refused before anything is. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { Sense } from "../../lib/scsi/sense.ts";
import {
  copyCdb,
  copyList,
  type CopyListFields,
  type SegmentFields,
  type TargetFields,
} from "../harness/copy_list.ts";
import {
  copyGood,
  CopyRig,
  copyStatus,
  DESTINATION_ID,
  listOf,
  OTHER_TARGET,
  SOURCE_ID,
} from "../harness/copy_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { toHex } from "../harness/hex.ts";
import { Rig } from "../harness/rig.ts";
import { inquiry } from "../initiator/cdb.ts";

const CHUNK = 2 ** 20;
const SOURCE = { naaId: SOURCE_ID };
const DESTINATION = { naaId: DESTINATION_ID };

function isBlank(rig: CopyRig): boolean {
  return rig.copied.every((byte) => byte === 0);
}

Deno.test("extendedCopy() copies every segment to its place and nothing beside it", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  copyGood(
    peer,
    listOf([
      { blocks: 3, fromLba: 5, toLba: 100 },
      { blocks: 0, fromLba: 2048, toLba: 2048 },
      { blocks: 1000, fromLba: 1048, toLba: 1048 },
      { blocks: 1, fromLba: 0, toLba: 0, from: 1, to: 1 },
    ]),
  );
  const wanted = new Uint8Array(2 ** 20);
  wanted.set(rig.content.subarray(5 * 512, 8 * 512), 100 * 512);
  wanted.set(rig.content.subarray(1048 * 512), 1048 * 512);
  assert.deepEqual(rig.copied, wanted);
  assert.deepEqual(copyStatus(peer, 1), [1, 4, 1004 * 512]);
  exchangeSense(peer, copyCdb(0x84, 0, 12, 1), "05/24/00", { read: 12 }, "told once");
  assert.equal(rig.lent, 0);
});

Deno.test("extendedCopy() does nothing, successfully, when nothing is asked", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  exchangeGood(peer, copyCdb(0x83, 0, 0));
  copyGood(peer, copyList({ targets: [], segments: [] }));
  copyGood(peer, listOf([]));
  copyGood(peer, copyList({ targets: [{ naaId: "6000" }], segments: [] }));
  assert(isBlank(rig));
});

Deno.test("extendedCopy() finds units by all designators of VPD page 83h", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const t10 = (usn: string) => {
    const text = "SCST_FIO" + usn;
    const naaId = Array.from(text, (char) => char.charCodeAt(0).toString(16)).join("");
    return { naaId, designatorType: 1 };
  };
  const list = copyList({
    targets: [t10("source"), t10("destination")],
    segments: [{ blocks: 1 }],
  });
  list[16 + 4] = 2; // ASCII
  list[16 + 32 + 4] = 2;
  copyGood(peer, list);
  assert.deepEqual(rig.copied.subarray(0, 512), rig.content.subarray(0, 512));
  list[16 + 32 + 4] = 1; // the same bytes in another code set name nothing
  exchangeSense(peer, copyCdb(0x83, 0, list.length), "0A/0D/02", { write: list });
});

Deno.test("extendedCopy() does not take the designator of the port for one of its units", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const port = { naaId: "00000001", designatorType: 0x14 }; // RELATIVE TARGET PORT IDENTIFIER 1
  const page = exchangeGood(peer, inquiry(255, 0x83), { read: 255 });
  assert.match(toHex(page).replaceAll(" ", ""), /51940004 ?00000001/, "the page has it");
  const list = copyList({ targets: [port, port], segments: [{ blocks: 1 }] });
  exchangeSense(peer, copyCdb(0x83, 0, list.length), "0A/0D/02", { write: list });
  assert(isBlank(rig));
});

Deno.test("extendedCopy() touches no unit that the asking nexus has not (CVE-2020-28374)", () => {
  using rig = new CopyRig({ together: false });
  const peer = rig.source.login(1);
  const other = rig.source.connect();
  other.login(2, { TargetName: OTHER_TARGET });
  const before = Deno.readFileSync(rig.source.path);
  rig.destination.store.hanging = true; // whatever is asked of it stays there to be seen
  const segments: SegmentFields[] = [
    { blocks: 8, from: 0, to: 1 },
    { blocks: 8, from: 1, to: 0 },
    { blocks: 8, from: 1, to: 1, toLba: 100 },
  ];
  for (const segment of segments) {
    const list = listOf([segment]);
    exchangeSense(peer, copyCdb(0x83, 0, list.length), "0A/0D/02", { write: list });
    const absent = copyList({ targets: [SOURCE, { naaId: "6".repeat(32) }], segments: [segment] });
    exchangeSense(peer, copyCdb(0x83, 0, absent.length), "0A/0D/02", { write: absent });
  }
  assert.equal(rig.destination.store.held.length, 0);
  assert.deepEqual(Deno.readFileSync(rig.source.path), before);
  assert(isBlank(rig));
});

/** A list that is wrong, and what is said of it. */
interface Case {
  readonly what: string;
  readonly sense: string;
  readonly byte?: number;
  readonly list: Uint8Array;
}

function wrong(
  what: string,
  sense: string,
  byte: number | undefined,
  change: {
    target?: Partial<TargetFields>;
    segment?: Partial<SegmentFields>;
    list?: Partial<CopyListFields>;
  },
): Case {
  const list = copyList({
    targets: [SOURCE, { ...DESTINATION, ...change.target }],
    segments: [{ blocks: 8 }, { blocks: 8, toLba: 8, ...change.segment }],
    ...change.list,
  });
  return { what, sense, list, ...(byte === undefined ? {} : { byte }) };
}

const SECOND_TARGET = 16 + 32;
const SECOND_SEGMENT = 16 + 64 + 28;

const CASES: readonly Case[] = [
  wrong("LIST ID USAGE 01b", "05/26/00", 1, { list: { usage: 1 } }),
  wrong("a list identifier with LIST ID USAGE 11b", "05/26/00", 0, { list: { usage: 3 } }),
  wrong("reserved bits", "05/26/00", 1, { list: { usage: 0x08 } }),
  wrong("inline data", "05/26/0B", undefined, { list: { inline: 1 } }),
  wrong("6 targets", "05/26/06", undefined, { list: { targets: Array(6).fill(SOURCE) } }),
  wrong("65 segments", "05/26/08", undefined, {
    list: { targets: [SOURCE], segments: Array(65).fill({ blocks: 1, to: 0 }) },
  }),
  wrong("a target of type E0h", "05/26/07", SECOND_TARGET, { target: { type: 0xe0 } }),
  wrong("a long designator", "05/26/00", SECOND_TARGET + 7, { target: { designatorLength: 21 } }),
  wrong("another block length", "05/26/00", SECOND_TARGET + 29, { target: { blockLength: 520 } }),
  wrong("a short designator", "0A/0D/02", undefined, { target: { designatorLength: 15 } }),
  wrong("an unknown designator", "0A/0D/02", undefined, { target: { naaId: "6".repeat(32) } }),
  wrong("another designator type", "0A/0D/02", undefined, { target: { designatorType: 2 } }),
  wrong("the association of a port", "0A/0D/02", undefined, { target: { designatorType: 0x13 } }),
  wrong("a null device", "0A/08/04", undefined, { target: { flags: 0x20 } }),
  wrong("a tape", "0A/0D/03", undefined, { target: { flags: 0x01 } }),
  wrong("a segment of type 03h", "05/26/09", SECOND_SEGMENT, { segment: { type: 3 } }),
  wrong("a segment of 20 bytes", "05/26/00", SECOND_SEGMENT + 2, { segment: { length: 16 } }),
  wrong("a source that is not there", "0A/08/04", undefined, { segment: { from: 2 } }),
  wrong("a destination that is not there", "0A/08/04", undefined, { segment: { to: 0xffff } }),
  wrong("a source beyond the end", "0A/00/00", undefined, { segment: { fromLba: 2041 } }),
  wrong("a destination beyond the end", "0A/00/00", undefined, { segment: { toLba: 2041 } }),
  wrong("an LBA of 64 bits", "0A/00/00", undefined, { segment: { toLba: 2n ** 64n - 8n } }),
];

Deno.test("extendedCopy() refuses a wrong list as a whole, with a pointer to what is wrong", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  for (const { what, sense, byte, list } of CASES) {
    const cdb = copyCdb(0x83, 0, list.length);
    const { fieldPointer } = exchangeSense(peer, cdb, sense, { write: list }, what);
    assert.equal(fieldPointer?.byte, byte, what);
    assert(fieldPointer?.inCdb !== true, what);
  }
  assert(isBlank(rig));
  assert.equal(rig.lent, 0);
});

Deno.test("extendedCopy() answers 05/1A/00 to a list that is cut off anywhere", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const list = listOf([{ blocks: 8 }, { blocks: 8 }]);
  for (let length = 1; length < list.length; length++) {
    const cut = list.slice(0, length);
    exchangeSense(peer, copyCdb(0x83, 0, length), "05/1A/00", { write: cut }, `${length} bytes`);
    exchangeSense(peer, copyCdb(0x83, 0, list.length), "05/1A/00", { write: cut }, "short data");
  }
  const most = 16 + 5 * 32 + 64 * 28;
  for (const length of [most + 1, 0xffffffff]) {
    exchangeSense(peer, copyCdb(0x83, 0, length), "05/1A/00", { write: list }, `${length} bytes`);
  }
  assert(isBlank(rig));
});

Deno.test("extendedCopy() refuses a destination that is write protected", () => {
  using rig = new CopyRig({ destination: { readOnly: true } });
  const peer = rig.login(1);
  const list = listOf([{ blocks: 8 }]);
  exchangeSense(peer, copyCdb(0x83, 0, list.length), "0A/0D/01", { write: list });
  assert(isBlank(rig));
  const back = listOf([{ blocks: 8, from: 1, to: 0 }]);
  copyGood(peer, back);
  assert(Deno.readFileSync(rig.source.path).subarray(0, 4096).every((byte) => byte === 0));
});

Deno.test("extendedCopy() refuses a side without a medium, under upkeep, or out of order", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const refuse = (list: Uint8Array, what: string) => {
    exchangeSense(peer, copyCdb(0x83, 0, list.length), "0A/0D/01", { write: list }, what);
  };
  const { disk } = rig.destination;
  for (const list of [listOf([{ blocks: 8 }]), listOf([{ blocks: 8, from: 1, to: 0 }])]) {
    disk.tray.open();
    refuse(list, "ejected");
    disk.tray.close();
    disk.upkeep.sense = Sense.SANITIZE_IN_PROGRESS;
    refuse(list, "under upkeep");
    disk.upkeep.sense = Sense.NO_SENSE;
  }
  disk.failFlush(Errno.EIO);
  refuse(listOf([{ blocks: 8 }]), "a flush failed");
  assert(isBlank(rig));
});

Deno.test("extendedCopy() respects the reservation of another nexus on either side", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const holder = rig.login(2);
  const reserve = new Uint8Array(16);
  reserve[0] = 0x16;
  exchangeGood(holder, reserve, { lun: 1 });
  for (const segment of [{ blocks: 8, from: 0, to: 1 }, { blocks: 8, from: 1, to: 0 }]) {
    const list = listOf([segment]);
    exchangeSense(peer, copyCdb(0x83, 0, list.length), "0A/0D/01", { write: list });
    copyGood(holder, listOf([{ ...segment, blocks: 0 }]));
  }
  assert(isBlank(rig));
  copyGood(holder, listOf([{ blocks: 8 }]));
  assert.deepEqual(rig.copied.subarray(0, 4096), rig.content.subarray(0, 4096));
});

Deno.test("extendedCopy() copies what was there before, however source and destination overlap", () => {
  const blocks = 5 * CHUNK / 512 / 2;
  for (const [fromLba, toLba] of [[0, 1], [1, 0], [7, 1000], [1000, 7], [0, 2048], [0, 0]]) {
    using rig = new CopyRig({ source: { size: 8 * CHUNK } });
    const peer = rig.source.login(1);
    copyGood(
      peer,
      copyList({
        targets: [SOURCE],
        segments: [{ blocks, from: 0, to: 0, fromLba: fromLba!, toLba: toLba! }],
      }),
    );
    const wanted = rig.content.slice();
    wanted.copyWithin(toLba! * 512, fromLba! * 512, (fromLba! + blocks) * 512);
    assert.deepEqual(Deno.readFileSync(rig.source.path), wanted, `${fromLba} to ${toLba}`);
  }
});

Deno.test("extendedCopy() copies between block sizes whatever makes whole blocks", () => {
  using rig = new CopyRig({ destination: { blocksize: 4096 } });
  const peer = rig.login(1);
  const targets = [SOURCE, { ...DESTINATION, blockLength: 4096 }];
  const run = (segment: SegmentFields) => {
    const list = copyList({ targets, segments: [segment] });
    return { cdb: copyCdb(0x83, 0, list.length), transfer: { write: list } };
  };
  for (
    const segment of [{ blocks: 16, fromLba: 3, toLba: 2 }, { blocks: 2, flags: 2, fromLba: 5 }]
  ) {
    const { cdb, transfer } = run(segment);
    exchangeGood(peer, cdb, transfer);
  }
  const wanted = new Uint8Array(2 ** 20);
  wanted.set(rig.content.subarray(3 * 512, 19 * 512), 8192);
  wanted.set(rig.content.subarray(5 * 512, 21 * 512));
  assert.deepEqual(rig.copied, wanted);
  for (const blocks of [1, 7, 9]) {
    const { cdb, transfer } = run({ blocks });
    exchangeSense(peer, cdb, "0A/26/0A", transfer);
  }
  assert.deepEqual(rig.copied, wanted);
});

Deno.test("extendedCopy() takes as many blocks as a segment names, and no longer segment than it says", () => {
  const big = { null: true, size: 2 ** 40, blocksize: 4096 };
  using rig = new CopyRig({
    source: big,
    destination: { ...big, ids: { naaId: DESTINATION_ID, usn: "d" } },
  });
  const peer = rig.login(1);
  const targets = [{ ...SOURCE, blockLength: 4096 }, { ...DESTINATION, blockLength: 4096 }];
  copyGood(peer, copyList({ targets, segments: Array(4).fill({ blocks: 65535 }) }));
  assert.deepEqual(copyStatus(peer, 1), [1, 4, 4 * 65535 * 4096]);
  using wide = new Rig({ null: true, size: 2 ** 40, blocksize: 65536 });
  const list = copyList({
    targets: [{ naaId: "6025c57000000000000000000000001f", blockLength: 65536 }],
    segments: [{ blocks: 4097, to: 0 }],
  });
  const cdb = copyCdb(0x83, 0, list.length);
  const { fieldPointer } = exchangeSense(wide.login(1), cdb, "05/26/00", { write: list });
  assert.equal(fieldPointer?.byte, 48 + 10);
});

Deno.test("receiveCopyParameters() states limits that hold, as VPD page 8Fh does", () => {
  using rig = new CopyRig();
  const peer = rig.login(1);
  const { data } = exchange(peer, copyCdb(0x84, 3, 1024), { read: 1024 });
  const view = new DataView(data.buffer);
  assert.equal(view.getUint32(0), data.length - 4);
  assert.equal(view.getUint16(8), 5);
  assert.equal(view.getUint16(10), 64);
  assert.equal(view.getUint32(12), 5 * 32 + 64 * 28);
  assert.equal(view.getUint32(20), 0);
  assert.deepEqual([...data.subarray(43)], [2, 0x02, 0xe4]);
  const five = Array(4).fill(SOURCE).concat(DESTINATION);
  const segments = Array.from(
    { length: 64 },
    (_, index) => ({ blocks: 1, to: 4, fromLba: index, toLba: index }),
  );
  copyGood(peer, copyList({ targets: five, segments }));
  assert.deepEqual(rig.copied.subarray(0, 32768), rig.content.subarray(0, 32768));
});
