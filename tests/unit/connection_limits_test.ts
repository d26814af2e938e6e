/** What strangers and unlucky orders of events must not bring about: found by review, kept from coming back. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { formatLine } from "../../lib/log.ts";
import { Rig, TARGET } from "../harness/rig.ts";
import type { Peer } from "../harness/rig.ts";
import { Field, FINAL, Opcode, Pdu } from "../initiator/pdu.ts";
import { dataOut, WRITE } from "../initiator/requests.ts";

const BLOCK = 512;
const ORDERED = 2;
const SIMPLE = 1;

function cdb10(opcode: number, lba: number, blocks: number, flags = 0): Uint8Array {
  const cdb = new Uint8Array(16);
  const view = new DataView(cdb.buffer);
  view.setUint8(0, opcode);
  view.setUint8(1, flags);
  view.setUint32(2, lba);
  view.setUint16(7, blocks);
  return cdb;
}

function writeBlock(peer: Peer, lba: number, flags = 0, attribute = SIMPLE): Pdu {
  return peer.command({
    cdb: cdb10(0x2a, lba, 1, flags),
    flags: FINAL | WRITE | attribute,
    expectedLength: BLOCK,
    data: new Uint8Array(BLOCK).fill(lba + 1),
  });
}

function abortTaskSet(peer: Peer): Pdu {
  return new Pdu()
    .put8(Field.opcode, Opcode.TaskManagementRequest | 0x40)
    .put8(Field.flags, FINAL | 2)
    .put32(Field.itt, peer.tag())
    .put32(Field.cmdSn, peer.cmdSn);
}

const SYNCHRONIZE = cdb10(0x35, 0, 0);
const SYNCHRONIZE_IMMED = cdb10(0x35, 0, 0, 0x02);

Deno.test("a failed FUA write fails the disk: the next flush must not answer GOOD", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.WRITE_DURABLE, Errno.EIO);
  assert.equal(peer.send(writeBlock(peer, 0, 0x08))[0]!.u8(Field.status), 0x02);
  rig.store.failures.clear();
  assert.equal(peer.run({ cdb: SYNCHRONIZE }).u8(Field.status), 0x02);
});

Deno.test("a FUA write without room does not fail the disk", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.WRITE_DURABLE, Errno.ENOSPC);
  assert.equal(peer.send(writeBlock(peer, 0, 0x08))[0]!.u8(Field.status), 0x02);
  rig.store.failures.clear();
  assert.equal(peer.run({ cdb: SYNCHRONIZE }).u8(Field.status), 0);
});

Deno.test("any number of flushes are two for the store, and all of them are answered", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  for (let count = 0; count < 500; count++) {
    assert.equal(peer.run({ cdb: SYNCHRONIZE_IMMED }).u8(Field.status), 0);
  }
  for (let count = 0; count < 20; count++) peer.send(peer.command({ cdb: SYNCHRONIZE }));
  assert.equal(rig.store.held.length, 1);
  rig.store.release();
  assert.equal(peer.take().length, 0); // what ran may have begun before the last write
  rig.store.release();
  assert.equal(peer.take().length, 20);
  assert.equal(rig.store.held.length, 0);
});

Deno.test("aborted commands keep their places in the window while the store works on them", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  for (let count = 0; count < 300; count++) {
    const command = peer.command({
      cdb: cdb10(0x28, 0, 1),
      flags: FINAL | 0x40 | SIMPLE,
      expectedLength: BLOCK,
    });
    peer.send(command);
    peer.send(abortTaskSet(peer));
    if (rig.store.held.length < count + 1) peer.cmdSn--; // it was ignored: the window is shut
  }
  assert.equal(rig.store.held.length, 32);
  rig.store.release();
  assert.equal(peer.send(peer.command({ cdb: new Uint8Array(16) }))[0]!.u8(Field.status), 0);
});

Deno.test("aborted commands for immediate delivery count while the store works on them", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  const immediateWrite = (lba: number) =>
    peer.command({
      cdb: cdb10(0x2a, lba, 1),
      flags: FINAL | WRITE | SIMPLE,
      expectedLength: BLOCK,
      data: new Uint8Array(BLOCK),
      immediate: true,
    });
  for (let count = 0; count < 100; count++) {
    peer.send(immediateWrite(count));
    peer.send(abortTaskSet(peer));
  }
  assert.equal(rig.store.held.length, 16);
  rig.store.hanging = false;
  rig.store.release();
  const status = peer.send(immediateWrite(0)).map((pdu) => [pdu.opcode, pdu.u8(Field.status)]);
  assert.deepEqual(status, [[Opcode.ScsiResponse, 0]]);
});

Deno.test("ABORT TASK SET runs none of the commands that it aborts", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  peer.send(writeBlock(peer, 0));
  peer.send(writeBlock(peer, 1, 0, ORDERED));
  peer.send(writeBlock(peer, 2, 0, ORDERED));
  rig.store.hanging = false;
  const answers = peer.send(abortTaskSet(peer));
  assert.deepEqual(answers.map(({ opcode }) => opcode), [Opcode.TaskManagementResponse]);
  rig.store.release();
  const read = peer.command({
    cdb: cdb10(0x28, 1, 2),
    flags: FINAL | 0x40 | SIMPLE,
    expectedLength: 2 * BLOCK,
  });
  assert(peer.send(read)[0]!.data.every((byte) => byte === 0));
});

Deno.test("an ORDERED write gets its memory though later writes wait for it", () => {
  using rig = new Rig({ size: 2 ** 26 });
  const keys = { InitialR2T: "No", MaxBurstLength: "1048576", MaxOutstandingR2T: "32" };
  const peer = rig.login(1, keys);
  const length = 8 * 2 ** 20;
  const big = (lba: number, attribute: number, final: number) =>
    peer.command({
      cdb: cdb10(0x2a, lba, length / BLOCK),
      flags: final | WRITE | attribute,
      expectedLength: length,
    });
  const first = big(0, ORDERED, 0);
  assert.equal(peer.send(first).length, 0); // its unsolicited data is still to come
  for (let count = 1; count <= 8; count++) peer.send(big(count, SIMPLE, FINAL));
  const unsolicited = dataOut({
    itt: first.itt,
    expStatSn: 0,
    offset: 0,
    dataSn: 0,
    final: true,
    data: new Uint8Array(BLOCK),
  });
  const answers = peer.send(unsolicited);
  assert(answers.length > 0 && answers.every((pdu) => pdu.opcode === Opcode.R2T));
  assert(answers.every((pdu) => pdu.itt === first.itt));
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("a store that hangs does not take the memory that the commands of another disk need", () => {
  using slow = new Rig({ size: 2 ** 26 });
  const targets = [`${TARGET}2`];
  const ids = { naaId: "6025c570000000000000000000000020", usn: "rig2" };
  using rig = new Rig({ node: slow.node, targets, ids });
  const bystander = rig.connect();
  bystander.login(1, { TargetName: targets[0]! });
  bystander.run({ cdb: new Uint8Array(16) });
  slow.store.hanging = true;
  const length = 2 ** 20;
  const keys = { InitialR2T: "Yes", ImmediateData: "No", MaxBurstLength: `${length}` };
  let refused = 0;
  for (let isid = 1; refused === 0; isid++) {
    const peer = slow.login(isid, keys);
    for (let count = 0; count < 32; count++) {
      const cdb = cdb10(0x2a, 0, length / BLOCK);
      const answers = peer.send(
        peer.command({ cdb, flags: FINAL | WRITE | SIMPLE, expectedLength: length }),
      );
      if (answers[0]!.opcode !== Opcode.R2T) refused++;
      const fields = { expStatSn: 0, offset: 0, dataSn: 0, final: true };
      const data = new Uint8Array(length);
      for (const r2t of answers.filter(({ opcode }) => opcode === Opcode.R2T)) {
        peer.send(dataOut({ ...fields, itt: r2t.itt, ttt: r2t.u32(Field.ttt), data }));
      }
    }
  }
  assert.equal(bystander.send(writeBlock(bystander, 3))[0]!.u8(Field.status), 0);
  rig.store.hanging = true; // as if the data had to come from a disk
  const read = bystander.command({
    cdb: cdb10(0x28, 3, 1),
    flags: FINAL | 0x40 | SIMPLE,
    expectedLength: BLOCK,
  });
  assert.deepEqual(bystander.send(read), []);
  rig.store.release();
  assert(bystander.take()[0]!.data.every((byte) => byte === 4));
  slow.store.release();
  for (const session of [...slow.node.sessions]) session.connection.close();
  assert.equal(slow.node.memory.lent, 0);
});

Deno.test("a PDU that is only announced takes little memory", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const before = rig.node.memory.lent;
  const ping = new Pdu().put8(Field.opcode, Opcode.NopOut | 0x40).put8(Field.flags, FINAL);
  peer.feed(ping.encode({ dataSegmentLength: 2 ** 20 }).subarray(0, 48));
  assert(rig.node.memory.lent - before <= 128 * 1024);
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("control characters of a stranger do not reach the log", () => {
  const line = formatLine("warning", "no target '\x1b[2J\u2028x'\nforged");
  assert.equal(line, "warning no target '?[2J?x' forged");
});

Deno.test("a CDB has no tail of the longer one that its task had before", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const read = (ahs: number[]) =>
    peer.command({
      cdb: cdb10(0x28, 0, 1),
      flags: FINAL | 0x40 | SIMPLE,
      expectedLength: BLOCK,
      ahs: Uint8Array.from(ahs),
    });
  peer.send(read([0, 5, 1, 0, 0xa1, 0xa2, 0xa3, 0xa4]));
  rig.store.hanging = true;
  const short = read([0, 2, 1, 0, 0xb1, 0, 0, 0]);
  assert.equal(peer.send(short).length, 0);
  const { cdb } = peer.connection.session!.tasks.get(short.itt)!;
  assert.deepEqual([...cdb.subarray(16, 20)], [0xb1, 0, 0, 0]);
  rig.store.release();
});
