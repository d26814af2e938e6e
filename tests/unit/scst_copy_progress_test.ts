/** Copies that take their time: progress, other commands meanwhile, aborts, resets, failing stores. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { encodeSense, NOTHING, Sense, SENSE_MOST } from "../../lib/scsi/sense.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { copyCdb } from "../harness/copy_list.ts";
import { copyCommand, copyGood, CopyRig, copyStatus, listOf, manage } from "../harness/copy_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { toHex } from "../harness/hex.ts";
import type { Peer } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const CHUNK = 2 ** 20;
const BLOCKS = CHUNK / 512;
const ABORT_TASK = 1;
const LOGICAL_UNIT_RESET = 5;

const READ = IoOperation.READ;
const WRITES = IoOperation.WRITE;

/** Two disks of four chunks. */
function bigRig(): CopyRig {
  return new CopyRig({ source: { size: 4 * CHUNK }, destination: { size: 4 * CHUNK } });
}

/** A list that copies all of the source in one segment. */
const ALL = listOf([{ blocks: 4 * BLOCKS }]);

/** Starts a copy of everything that stops before its first write. */
function stuckCopy(rig: CopyRig, peer: Peer): Pdu {
  rig.destination.store.hanging = true;
  const command = copyCommand(peer, ALL);
  assert.deepEqual(peer.send(command), []);
  assert.deepEqual(operationsAt(rig), [[WRITES, 0]]);
  return command;
}

/** What hangs in the destination: operation and chunk. */
function operationsAt(rig: CopyRig): [number, number][] {
  return rig.destination.store.held.map(({ operation, offset }) => [operation, offset / CHUNK]);
}

function writeAt(peer: Peer, lba: number, data: Uint8Array, lun = 1): Pdu {
  const cdb = new Uint8Array(16);
  const view = new DataView(cdb.buffer);
  cdb[0] = 0x2a;
  view.setUint32(2, lba);
  view.setUint16(7, data.length / 512);
  return peer.command({ lun, cdb, flags: FINAL | WRITE | 1, expectedLength: data.length, data });
}

/** VERIFY(10) of a block without data. */
function verify10(lba: number): Uint8Array {
  const cdb = new Uint8Array(16);
  cdb[0] = 0x2f;
  cdb[5] = lba;
  cdb[8] = 1;
  return cdb;
}

Deno.test("RECEIVE COPY STATUS tells how far a copy has come, of those of its own nexus only", () => {
  using rig = bigRig();
  const peer = rig.login(1);
  const other = rig.login(2);
  const command = stuckCopy(rig, peer);
  assert.deepEqual(copyStatus(peer, 1), [0, 0, 0]);
  rig.destination.store.release(1);
  assert.deepEqual(operationsAt(rig), [[WRITES, 1]]);
  assert.deepEqual(copyStatus(peer, 1), [0, 0, CHUNK]);
  exchangeSense(other, copyCdb(0x84, 0, 12, 1), "05/24/00", { read: 12 });
  exchangeSense(peer, copyCdb(0x84, 0, 12, 2), "05/24/00", { read: 12 });
  exchangeSense(peer, copyCdb(0x84, 4, 78, 1), "05/24/00", { read: 78 }, "it has not failed");
  rig.destination.store.hanging = false;
  rig.destination.store.release();
  const [response] = peer.take();
  assert.equal(response!.itt, command.itt);
  assert.equal(response!.u8(Field.status), 0);
  assert.deepEqual(copyStatus(peer, 1), [1, 1, 4 * CHUNK]);
  assert.deepEqual(rig.copied, rig.content);
  assert.equal(rig.lent, 0);
});

Deno.test("extendedCopy() refuses a list identifier that is in use, and more copies than it says", () => {
  using rig = bigRig();
  const peer = rig.login(1);
  stuckCopy(rig, peer);
  exchangeSense(peer, copyCdb(0x83, 0, ALL.length), "05/00/16", { write: ALL });
  for (let listId = 2; listId <= 16; listId++) {
    const list = listOf([{ blocks: 1, toLba: 3 * BLOCKS }], { listId, usage: listId & 2 });
    assert.deepEqual(peer.send(copyCommand(peer, list)), []);
  }
  const list = listOf([{ blocks: 1 }], { listId: 17 });
  assert.equal(exchange(peer, copyCdb(0x83, 0, list.length), { write: list }).status, 0x28);
  const other = rig.login(2);
  assert.deepEqual(other.send(copyCommand(other, ALL)), []);
  rig.destination.store.hanging = false;
  rig.destination.store.release();
  assert.deepEqual(peer.take().map((pdu) => pdu.u8(Field.status)), Array(16).fill(0));
  assert.deepEqual(other.take().map((pdu) => pdu.u8(Field.status)), [0]);
  copyGood(peer, list);
  copyGood(peer, listOf([{ blocks: 1 }], { listId: 0, usage: 3 }));
  exchangeSense(peer, copyCdb(0x84, 0, 12, 0), "05/24/00", { read: 12 }, "it had no identifier");
  assert.equal(rig.lent, 0);
});

Deno.test("a copy lets other commands work, and bars the blocks that it writes just now", () => {
  using rig = bigRig();
  const peer = rig.login(1);
  const other = rig.login(2);
  stuckCopy(rig, peer);
  const block = patternBytes(512, 9);
  assert.equal(other.run({ cdb: verify10(0) }).u8(Field.status), 0);
  assert.deepEqual(other.send(writeAt(other, 0, block)), []);
  assert.deepEqual(other.send(writeAt(other, BLOCKS, block)), []);
  assert.deepEqual(operationsAt(rig), [[WRITES, 0], [WRITES, 1]], "the first write waits");
  rig.destination.store.hanging = false;
  rig.destination.store.release();
  assert.deepEqual(other.take().map((pdu) => pdu.u8(Field.status)), [0, 0]);
  assert.deepEqual(rig.copied.slice(0, 512), block, "it came after the chunk");
  assert.equal(peer.take()[0]!.u8(Field.status), 0);
});

Deno.test("an aborted copy writes no further chunk, and its last one bars its blocks until then", () => {
  using rig = bigRig();
  const peer = rig.login(1);
  const command = stuckCopy(rig, peer);
  const answers = peer.send(manage(peer, ABORT_TASK, { task: command.itt }));
  assert.deepEqual(answers.map((pdu) => pdu.opcode), [Opcode.TaskManagementResponse]);
  assert.equal(answers[0]!.u8(2), 0);
  const block = patternBytes(512, 9);
  assert.deepEqual(peer.send(writeAt(peer, 5, block)), []);
  assert.deepEqual(operationsAt(rig), [[WRITES, 0]]);
  rig.destination.store.hanging = false;
  rig.destination.store.release();
  assert.deepEqual(peer.take().map((pdu) => pdu.u8(Field.status)), [0], "only the write ends");
  const wanted = new Uint8Array(4 * CHUNK);
  wanted.set(rig.content.subarray(0, CHUNK));
  wanted.set(block, 5 * 512);
  assert.deepEqual(rig.copied, wanted);
  assert.deepEqual(copyStatus(peer, 1), [2, 0, CHUNK]);
  assert.equal(rig.lent, 0);
  copyGood(peer, ALL);
  assert.deepEqual(rig.copied, rig.content);
});

Deno.test("a copy that is aborted while it reads, or waits for its turn, writes nothing", () => {
  for (const waits of [false, true]) {
    using rig = bigRig();
    const peer = rig.login(1);
    rig.source.store.hanging = !waits;
    rig.destination.store.hanging = waits;
    const block = patternBytes(512, 9);
    if (waits) assert.deepEqual(peer.send(writeAt(peer, 5, block)), []);
    const command = copyCommand(peer, ALL);
    assert.deepEqual(peer.send(command), []);
    const { held } = waits ? rig.destination.store : rig.source.store;
    assert.deepEqual(held.map(({ operation }) => operation), [waits ? WRITES : READ]);
    assert.equal(peer.send(manage(peer, ABORT_TASK, { task: command.itt })).length, 1);
    for (const { store } of [rig.source, rig.destination]) {
      store.hanging = false;
      store.release();
    }
    assert.equal(peer.take().length, waits ? 1 : 0);
    const wanted = new Uint8Array(4 * CHUNK);
    if (waits) wanted.set(block, 5 * 512);
    assert.deepEqual(rig.copied, wanted);
    assert.equal(rig.lent, 0);
  }
});

Deno.test("a reset of either unit, by whomever, ends a copy", () => {
  for (const lun of [0, 1]) {
    using rig = bigRig();
    const peer = rig.login(1);
    const other = rig.login(2);
    const command = stuckCopy(rig, peer);
    assert.equal(other.send(manage(other, LOGICAL_UNIT_RESET, { lun })).length, 1);
    rig.destination.store.hanging = false;
    rig.destination.store.release();
    const answers = peer.take();
    if (lun === 0) {
      assert.deepEqual(answers, [], "its own unit: it was aborted");
    } else {
      assert.equal(answers[0]!.itt, command.itt);
      assert.equal(senseText(parseResponseSense(answers[0]!.data)), "0A/0D/01");
    }
    assert(rig.copied.subarray(CHUNK).every((byte) => byte === 0));
    assert.equal(rig.lent, 0);
  }
});

Deno.test("a copy ends with its session, and with a reservation of somebody else", () => {
  using rig = bigRig();
  const peer = rig.login(1);
  const holder = rig.login(2);
  stuckCopy(rig, peer);
  peer.connection.close();
  rig.destination.store.release();
  assert.deepEqual(operationsAt(rig), []);
  rig.destination.store.hanging = false;
  assert.equal(rig.lent, 0);

  const second = rig.login(3);
  stuckCopy(rig, second);
  const reserve = new Uint8Array(16);
  reserve[0] = 0x16; // RESERVE(6)
  exchangeGood(holder, reserve, { lun: 1 });
  rig.destination.store.release();
  assert.equal(senseText(parseResponseSense(second.take()[0]!.data)), "0A/0D/01");
  assert(rig.copied.subarray(CHUNK).every((byte) => byte === 0));
  assert.equal(rig.lent, 0);
});

Deno.test("a store that fails ends the copy; RECEIVE COPY FAILURE DETAILS says in which segment", () => {
  for (const [side, operation] of [["source", READ], ["destination", WRITES]] as const) {
    using rig = bigRig();
    const peer = rig.login(1);
    rig[side].store.failures.set(operation, Errno.EIO);
    const list = listOf([{ blocks: 0 }, { blocks: 2 * BLOCKS }, { blocks: 1 }], { listId: 200 });
    exchangeSense(peer, copyCdb(0x83, 0, list.length), "0A/0D/01", { write: list }, side);
    assert.deepEqual(copyStatus(peer, 200), [2, 1, 0]);
    const details = exchangeGood(peer, copyCdb(0x84, 4, 255, 200), { read: 255 });
    const view = new DataView(details.buffer, 0, details.length);
    assert.equal(view.getUint32(0), details.length - 4);
    assert.equal(view.getUint8(56), 2);
    assert.equal(view.getUint16(58), details.length - 60);
    assert.equal(view.getUint8(62), 0x0a);
    assert.equal(view.getUint16(72), 0x0d01);
    assert.equal(view.getUint32(68), 1, "COMMAND-SPECIFIC INFORMATION: the segment");
    exchangeSense(peer, copyCdb(0x84, 4, 255, 200), "05/24/00", { read: 255 }, "told once");
    rig[side].store.failures.clear();
    copyGood(peer, list);
    assert.equal(rig.lent, 0);
  }
});

Deno.test("encodeSense() puts the segment into COMMAND-SPECIFIC INFORMATION in either format", () => {
  const detail = { information: NOTHING, field: 5, commandInformation: 3 };
  const view = new DataView(new ArrayBuffer(SENSE_MOST));
  assert.equal(encodeSense(view, 0, Sense.COPY_ABORTED, detail, false), 18);
  assert.equal(view.getUint32(8), 3);
  const length = encodeSense(view, 0, Sense.COPY_ABORTED, detail, true);
  const golden = "720a0000 00000014 010a0000 00000000 00000003 02060000 8d000000";
  assert.equal(toHex(new Uint8Array(view.buffer, 0, length)), golden);
});

Deno.test("CopyResults keeps the last copies only, and none beyond a reset", () => {
  using rig = bigRig();
  const peer = rig.login(1);
  for (let listId = 0; listId < 100; listId++) copyGood(peer, listOf([], { listId }));
  exchangeSense(peer, copyCdb(0x84, 0, 12, 35), "05/24/00", { read: 12 });
  assert.deepEqual(copyStatus(peer, 36), [1, 0, 0]);
  peer.send(manage(peer, LOGICAL_UNIT_RESET, { lun: 0 }));
  peer.run({ cdb: new Uint8Array(16) }); // the unit attention
  exchangeSense(peer, copyCdb(0x84, 0, 12, 37), "05/24/00", { read: 12 });
});
