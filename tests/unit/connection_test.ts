/** The connection without a network: cut off at every byte, hanging stores, aborted writes. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { BHS_LENGTH, Field, FINAL, Opcode, Pdu } from "../initiator/pdu.ts";
import { dataOut, READ, WRITE } from "../initiator/requests.ts";
import { BLOCK, type Peer, Rig } from "../harness/rig.ts";

const SIMPLE = 1;
const ORDERED = 2;
const HEAD_OF_QUEUE = 3;

function rw10(opcode: number, lba: number, blocks: number, flags = 0): Uint8Array {
  const cdb = new Uint8Array(16);
  const view = new DataView(cdb.buffer);
  view.setUint8(0, opcode);
  view.setUint8(1, flags);
  view.setUint32(2, lba);
  view.setUint16(7, blocks);
  return cdb;
}

function readCommand(peer: Peer, lba: number, blocks: number, attribute = SIMPLE): Pdu {
  return peer.command({
    cdb: rw10(0x28, lba, blocks),
    flags: FINAL | READ | attribute,
    expectedLength: blocks * BLOCK,
  });
}

function writeCommand(peer: Peer, lba: number, data: Uint8Array, attribute = SIMPLE): Pdu {
  return peer.command({
    cdb: rw10(0x2a, lba, data.length / BLOCK),
    flags: FINAL | WRITE | attribute,
    expectedLength: data.length,
    data,
  });
}

function pattern(blocks: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: blocks * BLOCK }, (_, index) => (index * 7 + seed) & 0xff);
}

function readBlocks(peer: Peer, lba: number, blocks: number): Uint8Array {
  return dataOf(peer.send(readCommand(peer, lba, blocks)));
}

/** The data of the Data-In PDUs that answer one read. */
function dataOf(answers: Pdu[]): Uint8Array {
  assert(answers.length > 0 && answers.every((answer) => answer.opcode === Opcode.DataIn));
  return Uint8Array.from(answers.flatMap((answer) => [...answer.data]));
}

function taskManagement(peer: Peer, code: number, referenced = 0): Pdu {
  return new Pdu()
    .put8(Field.opcode, Opcode.TaskManagementRequest | 0x40)
    .put8(Field.flags, FINAL | code)
    .put32(Field.itt, peer.tag())
    .put32(Field.referencedTag, referenced)
    .put32(Field.cmdSn, peer.cmdSn);
}

Deno.test("Connection takes a login, a write and a read in pieces of any size", () => {
  using rig = new Rig();
  for (const step of [1, 2, 3, 7, 47, 48, 49, 50, 511, 560, 1000, 5000]) {
    const peer = rig.connect();
    assert.equal(peer.login(step, {}, step).u16(Field.statusClass), 0);
    peer.run({ cdb: new Uint8Array(16) });
    const data = pattern(9, step);
    const [response] = peer.send(writeCommand(peer, step % 1000, data), step);
    assert.equal(response!.u8(Field.status), 0);
    assert.deepEqual(dataOf(peer.send(readCommand(peer, step % 1000, 9), step)), data);
    peer.connection.close();
  }
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("Connection lands solicited data in pieces of any size", () => {
  using rig = new Rig();
  for (const step of [1, 13, 48, 1000, 4096, 20000]) {
    const peer = rig.login(step, { ImmediateData: "No", MaxBurstLength: "8192" });
    const data = pattern(40, step);
    const command = peer.command({
      cdb: rw10(0x2a, 0, 40),
      flags: FINAL | WRITE | SIMPLE,
      expectedLength: data.length,
    });
    let [answer] = peer.send(command);
    for (;;) {
      assert.equal(answer!.opcode, Opcode.R2T);
      const offset = answer!.u32(Field.bufferOffset);
      const length = answer!.u32(Field.desiredLength);
      const half = length / 2;
      const common = { itt: command.itt, expStatSn: 0, ttt: answer!.u32(Field.ttt) };
      peer.send(
        dataOut({
          ...common,
          offset,
          dataSn: 0,
          final: false,
          data: data.subarray(offset, offset + half),
        }),
        step,
      );
      const rest = data.subarray(offset + half, offset + length);
      [answer] = peer.send(
        dataOut({ ...common, offset: offset + half, dataSn: 1, final: true, data: rest }),
        step,
      );
      if (offset + length === data.length) break;
    }
    assert.equal(answer!.opcode, Opcode.ScsiResponse);
    assert.equal(answer!.u8(Field.status), 0);
    assert.deepEqual(readBlocks(peer, 0, 40), data);
    peer.connection.close();
  }
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("Connection that ends at any byte of a write writes nothing and keeps no memory", () => {
  using rig = new Rig();
  const before = pattern(16, 1);
  const writer = rig.login(1);
  writer.send(writeCommand(writer, 0, before));
  const whole = BHS_LENGTH + 16 * BLOCK;
  for (let cut = 0; cut < whole; cut += cut < 100 ? 1 : 331) {
    const peer = rig.login(2);
    peer.feed(writeCommand(peer, 0, pattern(16, 99)).encode().subarray(0, cut));
    peer.connection.lost("cut");
    assert.deepEqual(readBlocks(writer, 0, 16), before);
  }
  writer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("A read that hangs holds up neither the next command nor a NOP", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const data = pattern(4, 5);
  peer.send(writeCommand(peer, 8, data));
  rig.store.hanging = true;
  assert.equal(peer.send(readCommand(peer, 8, 4)).length, 0);
  assert.equal(peer.run({ cdb: new Uint8Array(16) }).u8(Field.status), 0);
  rig.store.release();
  const [answer] = peer.take();
  assert.equal(answer!.opcode, Opcode.DataIn);
  assert.deepEqual(answer!.data, data);
});

Deno.test("ABORT TASK answers while the store hangs, and the task never answers", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  const read = readCommand(peer, 0, 8);
  peer.send(read);
  const [response, ...more] = peer.send(taskManagement(peer, 1, read.itt));
  assert.equal(more.length, 0);
  assert.equal(response!.opcode, Opcode.TaskManagementResponse);
  assert.equal(response!.u8(Field.response), 0);
  rig.store.release();
  assert.equal(peer.take().length, 0);
  const [again] = peer.send(taskManagement(peer, 1, read.itt));
  assert.equal(again!.u8(Field.response), 1); // task does not exist
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("A write that was aborted in the store never lands on top of a later one", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  const old = writeCommand(peer, 4, pattern(4, 1));
  peer.send(old);
  peer.send(taskManagement(peer, 1, old.itt));
  rig.store.hanging = false;
  const fresh = pattern(4, 2);
  assert.equal(peer.send(writeCommand(peer, 6, fresh)).length, 0); // waits for the orphan
  assert.equal(peer.send(writeCommand(peer, 100, fresh)).length, 1); // other blocks do not wait
  rig.store.release();
  const [response] = peer.take();
  assert.equal(response!.u8(Field.status), 0);
  assert.deepEqual(readBlocks(peer, 6, 4), fresh);
});

Deno.test("A session that is taken over leaves no write behind that could overtake", () => {
  using rig = new Rig();
  const first = rig.login(7);
  rig.store.hanging = true;
  first.send(writeCommand(first, 0, pattern(2, 1)));
  rig.store.hanging = false;
  const second = rig.connect();
  second.login(7);
  assert(first.connection.isClosed);
  const attention = second.run({ cdb: new Uint8Array(16) });
  assert.equal(attention.data[2 + 12], 0x29);
  assert.equal(attention.data[2 + 13], 0x07); // I_T NEXUS LOSS OCCURRED
  const fresh = pattern(2, 2);
  assert.equal(second.send(writeCommand(second, 0, fresh)).length, 0);
  rig.store.release();
  assert.equal(second.take()[0]!.u8(Field.status), 0);
  assert.deepEqual(readBlocks(second, 0, 2), fresh);
});

Deno.test("LOGICAL UNIT RESET aborts everybody's commands and tells everybody", () => {
  using rig = new Rig();
  const one = rig.login(1);
  const two = rig.login(2);
  rig.store.hanging = true;
  one.send(readCommand(one, 0, 1));
  two.send(readCommand(two, 0, 1));
  assert.equal(one.send(taskManagement(one, 5))[0]!.u8(Field.response), 0);
  rig.store.release();
  assert.equal(one.take().length + two.take().length, 0);
  for (const peer of [one, two]) {
    const attention = peer.run({ cdb: new Uint8Array(16) });
    assert.equal(attention.u8(Field.status), 0x02);
    assert.deepEqual([attention.data[2 + 2], attention.data[2 + 12]], [0x06, 0x29]);
    assert.equal(peer.run({ cdb: new Uint8Array(16) }).u8(Field.status), 0);
  }
});

Deno.test("ORDERED waits for what came before and holds up what comes after", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  peer.send(readCommand(peer, 0, 1));
  peer.send(readCommand(peer, 1, 1, ORDERED));
  peer.send(readCommand(peer, 2, 1));
  assert.deepEqual(rig.store.held.map((request) => request.offset / BLOCK), [0]);
  peer.send(readCommand(peer, 3, 1, HEAD_OF_QUEUE));
  assert.deepEqual(rig.store.held.map((request) => request.offset / BLOCK), [0, 3]);
  rig.store.release();
  assert.deepEqual(rig.store.held.map((request) => request.offset / BLOCK), [1]);
  rig.store.release();
  assert.deepEqual(rig.store.held.map((request) => request.offset / BLOCK), [2]);
  rig.store.release();
  assert.equal(peer.take().length, 4);
});

Deno.test("A write that waits for its turn keeps its data", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  peer.send(readCommand(peer, 0, 1));
  const data = pattern(3, 77);
  peer.send(writeCommand(peer, 20, data, ORDERED));
  rig.store.hanging = false;
  rig.store.release();
  assert.equal(peer.take().length, 2);
  assert.deepEqual(readBlocks(peer, 20, 3), data);
});

Deno.test("An error of the store becomes its sense, with the LBA", () => {
  const cases: [number, number, number[]][] = [
    [IoOperation.READ, Errno.EIO, [0x03, 0x11, 0x00]],
    [IoOperation.WRITE, Errno.EIO, [0x03, 0x0c, 0x00]],
    [IoOperation.WRITE, Errno.ENOSPC, [0x07, 0x27, 0x07]],
    [IoOperation.WRITE, Errno.EDQUOT, [0x07, 0x27, 0x07]],
    [IoOperation.WRITE, Errno.EROFS, [0x07, 0x27, 0x00]],
    [IoOperation.WRITE, Errno.EPERM, [0x07, 0x27, 0x00]],
    [IoOperation.WRITE, Errno.EFBIG, [0x07, 0x27, 0x07]],
    [IoOperation.WRITE, Errno.ENXIO, [0x04, 0x08, 0x00]],
    [IoOperation.WRITE, Errno.EBADF, [0x04, 0x08, 0x00]],
    [IoOperation.READ, Errno.ESTALE, [0x04, 0x08, 0x00]],
    [IoOperation.READ, Errno.ENODEV, [0x04, 0x08, 0x00]],
    [IoOperation.READ, Errno.ETIMEDOUT, [0x04, 0x3e, 0x02]],
    [IoOperation.READ, Errno.ENOMEM, [0x0b, 0x44, 0x00]],
    [IoOperation.READ, Errno.ESHORT, [0x03, 0x11, 0x00]],
    [IoOperation.WRITE, Errno.ESHORT, [0x03, 0x0c, 0x00]],
    [IoOperation.WRITE, Errno.EINVAL, [0x04, 0x44, 0x00]],
  ];
  for (const [operation, errno, sense] of cases) {
    using rig = new Rig();
    const peer = rig.login(1);
    rig.store.failures.set(operation, errno);
    const [answer] = peer.send(
      operation === IoOperation.READ
        ? readCommand(peer, 5, 2)
        : writeCommand(peer, 5, pattern(2, 0)),
    );
    assert.equal(answer!.opcode, Opcode.ScsiResponse);
    assert.equal(answer!.u8(Field.status), 0x02);
    const data = answer!.data.subarray(2);
    assert.deepEqual([data[2], data[12], data[13]], sense);
    if (errno === Errno.EIO || errno === Errno.ESHORT) {
      assert.deepEqual([...data.subarray(0, 1), ...data.subarray(3, 7)], [0xf0, 0, 0, 0, 5]);
    }
  }
});

Deno.test("A failed flush is final: nothing is written any more, and the log says so", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.SYNC, Errno.EIO);
  const flush = () => peer.run({ cdb: rw10(0x35, 0, 0) }).u8(Field.status);
  assert.equal(flush(), 0x02);
  rig.store.failures.clear();
  assert.equal(flush(), 0x02);
  assert.equal(peer.send(writeCommand(peer, 0, pattern(1, 1)))[0]!.u8(Field.status), 0x02);
  assert.equal(readBlocks(peer, 0, 1).length, BLOCK);
  assert.equal(rig.log.filter((line) => line.includes("failed to flush")).length, 1);
});

Deno.test("FUA writes go through to stable storage before GOOD", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  const command = peer.command({
    cdb: rw10(0x2a, 0, 1, 0x08),
    flags: FINAL | WRITE | SIMPLE,
    expectedLength: BLOCK,
    data: pattern(1, 3),
  });
  assert.equal(peer.send(command).length, 0);
  assert.equal(rig.store.held[0]!.operation, IoOperation.WRITE_DURABLE);
  rig.store.release();
  assert.equal(peer.take()[0]!.u8(Field.status), 0);
});

Deno.test("The CmdSN window closes while commands hang and opens as they end", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  const nop = () => {
    const ping = new Pdu()
      .put8(Field.opcode, Opcode.NopOut | 0x40)
      .put8(Field.flags, FINAL)
      .put32(Field.itt, peer.tag())
      .put32(Field.ttt, 0xffffffff)
      .put32(Field.cmdSn, peer.cmdSn);
    const [answer] = peer.send(ping);
    return answer!.u32(Field.maxCmdSn) - answer!.u32(Field.expCmdSn) + 1;
  };
  assert.equal(nop(), 32);
  for (let count = 1; count <= 32; count++) {
    peer.send(readCommand(peer, 0, 1));
    assert.equal(nop(), 32 - count);
  }
  // The window is shut: one more is ignored.
  const held = rig.store.held.length;
  peer.send(readCommand(peer, 0, 1));
  peer.cmdSn--;
  assert.equal(rig.store.held.length, held);
  rig.store.release();
  assert.equal(peer.take().length, 32);
  assert.equal(nop(), 32);
});
