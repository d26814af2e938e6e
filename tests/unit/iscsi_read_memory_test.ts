/** What a connection may hold for data that is read: bounded, and nothing is lost in the line for it. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { Memory } from "../../ffi/memory.ts";
import { READ_MEMORY_MOST } from "../../lib/iscsi/limits.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { orWrite16, prefetch16, read16, verify16, write16 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, Pdu } from "../initiator/pdu.ts";
import { nopOut, READ, TaskAttribute, TaskFunction, WRITE } from "../initiator/requests.ts";

const MIB = 2 ** 20;
const BLOCK = 512;
const SIZE = 32 * MIB;
/** As many as the command window has room for. */
const COMMANDS = 32;
/** Answers that are gathered beside the data have a block or two of 256 KiB. */
const ANSWERS = MIB;
const KEYS = { MaxRecvDataSegmentLength: "262144", ImmediateData: "Yes", InitialR2T: "No" };
const IMMED = 0x02;

/** A rig whose disk of 32 MiB has a pattern on it. */
function patternRig(): { rig: Rig; pattern: Uint8Array } {
  const rig = new Rig({ size: SIZE });
  const pattern = patternBytes(SIZE, 7);
  Deno.writeFileSync(rig.path, pattern);
  return { rig, pattern };
}

function readOf(peer: Peer, mib: number, length: number, attribute = TaskAttribute.Simple): Pdu {
  return peer.command({
    cdb: read16(mib * MIB / BLOCK, length / BLOCK),
    flags: FINAL | READ | attribute,
    expectedLength: length,
  });
}

function abort(peer: Peer, task: Pdu): Pdu {
  return new Pdu()
    .put8(Field.opcode, Opcode.TaskManagementRequest | 0x40)
    .put8(Field.flags, FINAL | TaskFunction.AbortTask)
    .put32(Field.itt, peer.tag())
    .put32(Field.cmdSn, peer.cmdSn)
    .put32(Field.referencedTag, task.itt);
}

/** The data of a task among PDUs. */
function dataOf(pdus: readonly Pdu[], task: Pdu): Uint8Array {
  return concatBytes(
    pdus.filter(({ opcode, itt }) => opcode === Opcode.DataIn && itt === task.itt)
      .map(({ data }) => data),
  );
}

/** Has the target receive PDUs, and takes nothing of what it says. */
function push(peer: Peer, pdus: readonly Pdu[]): void {
  const bytes = concatBytes(pdus.map((pdu) => pdu.encode()));
  const memory = new Memory(bytes.length);
  memory.bytes.set(bytes);
  assert.equal(peer.connection.receive(memory, 0, bytes.length), bytes.length, "receiving pauses");
}

const DATA_OUT = patternBytes(MIB / 16, 1);

/** What reads much of a disk whose store hangs. */
const READERS: Readonly<Record<string, (peer: Peer, index: number) => Pdu>> = {
  "READ": (peer, index) => readOf(peer, index, MIB),
  "VERIFY": (peer, index) => peer.command({ cdb: verify16(index * 2048, 2048) }),
  "PRE-FETCH": (peer, index) => peer.command({ cdb: prefetch16(index * 2048, 2048) }),
  "ORWRITE": (peer, index) =>
    peer.command({
      cdb: orWrite16(index * 2048, DATA_OUT.length / BLOCK),
      flags: FINAL | WRITE | TaskAttribute.Simple,
      expectedLength: DATA_OUT.length,
      data: DATA_OUT,
    }),
};

for (const [name, command] of Object.entries(READERS)) {
  Deno.test(`${name} on a store that hangs takes no more memory than a connection has`, () => {
    const { rig } = patternRig();
    using _rig = rig;
    const peer = rig.login(1, KEYS);
    rig.store.hanging = true;
    for (let index = 0; index < COMMANDS; index++) {
      assert.deepEqual(peer.send(command(peer, index)), []);
      const most = READ_MEMORY_MOST + ANSWERS + COMMANDS * DATA_OUT.length;
      assert(rig.node.memory.lent <= most, `${rig.node.memory.lent} bytes after ${index}`);
    }
    const numbers = { itt: 9000, cmdSn: peer.cmdSn, expStatSn: 0, immediate: true };
    assert.equal(peer.send(nopOut(numbers))[0]!.opcode, Opcode.NopIn);
    let ended = 0;
    for (let turn = 0; rig.store.held.length > 0 && turn < 1000; turn++) {
      rig.store.release(1);
      ended += peer.take().filter((pdu) => pdu.opcode === Opcode.ScsiResponse || pdu.flags & 1)
        .length;
    }
    assert.equal(ended, COMMANDS);
    assert.equal(rig.node.memory.lent, 0);
  });
}

Deno.test("reads that waited for room bring what is on the disk, in the order in which they came", () => {
  const { rig, pattern } = patternRig();
  using _rig = rig;
  const peer = rig.login(1, KEYS);
  rig.store.hanging = true;
  const reads = Array.from({ length: COMMANDS }, (_, index) => readOf(peer, index, MIB));
  for (const read of reads) peer.send(read);
  const pdus: Pdu[] = [];
  while (rig.store.held.length > 0) {
    rig.store.release(1);
    pdus.push(...peer.take());
  }
  for (const [index, read] of reads.entries()) {
    assertSameBytes(dataOf(pdus, read), pattern.subarray(index * MIB, (index + 1) * MIB));
  }
  const ends = pdus.filter(({ flags }) => flags & 1).map(({ itt }) => itt);
  assert.deepEqual(ends, reads.map(({ itt }) => itt));
});

Deno.test("an initiator that takes nothing is heard all the same, at the cost of the bound", () => {
  const { rig, pattern } = patternRig();
  using _rig = rig;
  const peer = rig.login(1, KEYS);
  const reads = Array.from({ length: 8 }, (_, index) => readOf(peer, index, 4 * MIB));
  push(peer, reads);
  assert(rig.node.memory.lent <= READ_MEMORY_MOST + ANSWERS, `${rig.node.memory.lent} bytes`);
  // What is in line ends at once; what has been put out cannot be called back.
  push(peer, [abort(peer, reads[5]!)]);
  push(peer, [nopOut({ itt: 9000, cmdSn: peer.cmdSn, expStatSn: 0, immediate: true })]);
  const pdus = peer.take();
  for (const [index, read] of reads.entries()) {
    const wanted = index === 5 ? new Uint8Array() : pattern.subarray(index * MIB).slice(0, 4 * MIB);
    assertSameBytes(dataOf(pdus, read), wanted, `read ${index}`);
  }
  const order = pdus.map(({ opcode }) => opcode);
  assert(
    order.indexOf(Opcode.NopIn) < order.lastIndexOf(Opcode.DataIn),
    "it need not wait for all",
  );
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("what an aborted or failed read had goes to those that wait", () => {
  const { rig } = patternRig();
  using _rig = rig;
  const peer = rig.login(1, KEYS);
  rig.store.hanging = true;
  const reads = Array.from({ length: 6 }, (_, index) => readOf(peer, index, 4 * MIB));
  for (const read of reads) peer.send(read);
  assert.equal(rig.store.held.length, 3, "with 5 MiB each");
  peer.send(abort(peer, reads[0]!));
  assert.equal(rig.store.held.length, 3, "the store has its memory still");
  rig.store.release(1);
  peer.take();
  assert.equal(rig.store.held.length, 3, "the fourth one came after the first");
  rig.store.failures.set(IoOperation.READ, Errno.EIO);
  rig.store.release(1);
  assert.equal(peer.take()[0]!.u8(Field.status), 2);
  rig.store.failures.clear();
  assert.equal(rig.store.held.length, 3);
  peer.connection.close();
  rig.store.release();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("an ORDERED write waits for reads that wait for room, and the next read for the write", () => {
  const { rig, pattern } = patternRig();
  using _rig = rig;
  const peer = rig.login(1, KEYS);
  rig.store.hanging = true;
  const reads = Array.from({ length: 5 }, () => readOf(peer, 8, 4 * MIB));
  for (const read of reads) peer.send(read);
  const data = new Uint8Array(BLOCK).fill(0xee);
  peer.send(peer.command({
    cdb: write16(8 * MIB / BLOCK, 1),
    flags: FINAL | WRITE | TaskAttribute.Ordered,
    expectedLength: BLOCK,
    data,
  }));
  const last = readOf(peer, 8, BLOCK);
  peer.send(last);
  const pdus: Pdu[] = [];
  while (rig.store.held.length > 0) {
    rig.store.release(1);
    pdus.push(...peer.take());
  }
  for (const read of reads) {
    assertSameBytes(dataOf(pdus, read), pattern.subarray(8 * MIB, 12 * MIB));
  }
  assertSameBytes(dataOf(pdus, last), data);
});

Deno.test("prefetches that go on behind their status are eight at one time", () => {
  const { rig } = patternRig();
  using _rig = rig;
  const peer = rig.login(1, KEYS);
  rig.store.hanging = true;
  const status = (index: number) =>
    peer.run({ cdb: prefetch16(index * 2048, 2048, IMMED) }).u8(Field.status);
  const statuses = Array.from({ length: 10 }, (_, index) => status(index));
  assert.deepEqual(statuses, [4, 4, 4, 4, 4, 4, 4, 4, 0, 0], "CONDITION MET, then GOOD");
  assert.equal(rig.store.held.length, 8);
  rig.store.release();
  assert.equal(status(0), 4);
  rig.store.release();
  assert.equal(rig.node.memory.lent, 0);
});
