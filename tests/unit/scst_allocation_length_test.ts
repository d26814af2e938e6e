/** ALLOCATION LENGTH (SPC-5 4.2.5.6) and the residual of every command that has one. */
import assert from "node:assert/strict";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { hasAllocationLength, layoutOf, lengthMost, validCommand } from "../harness/cdb_of.ts";
import { exchange, exchangeSense } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";

const READ_MOST = 4096;

const commands = OPERATION_TABLE.rows.filter(hasAllocationLength).map((row) => {
  const [at, bytes] = layoutOf(row).length;
  const cdb = (length: number) => {
    const made = validCommand(row).cdb;
    for (let index = 0; index < bytes; index++) {
      made[at + index] = Math.floor(length / 2 ** (8 * (bytes - 1 - index))) & 0xff;
    }
    return made;
  };
  return { name: row.name, at, cdb, most: lengthMost(row) };
});

Deno.test("the commands with an allocation length are those of the standard", () => {
  assert.deepEqual(commands.map(({ name, most }) => `${name} ${most}`), [
    "REQUEST SENSE 255",
    "INQUIRY 65535",
    "MODE SENSE(6) 255",
    "MODE SENSE(10) 65535",
    "READ CAPACITY(16) 4294967295",
    "REPORT LUNS 4294967295",
    "REPORT SUPPORTED OPERATION CODES 4294967295",
  ]);
});

Deno.test("respond() sends as much as the allocation length and the initiator take", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const { name, at, cdb, most } of commands) {
    const whole = exchange(peer, cdb(most), { read: READ_MOST });
    const size = whole.data.length;
    assert(size >= 16 && size <= most, name);
    for (const length of new Set([0, 1, 15, 16, size - 1, size, Math.min(size + 1, most), most])) {
      if (name === "REPORT LUNS" && length < 16) {
        const sense = exchangeSense(peer, cdb(length), "05/24/00", { read: READ_MOST }, name);
        assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: at, bit: 7 });
        continue;
      }
      const available = Math.min(length, size);
      for (const read of [0, 1, available, available + 1, READ_MOST]) {
        const what = `${name}: allocation length ${length}, ${read} bytes expected`;
        const { status, data, residual } = exchange(peer, cdb(length), { read });
        assert.equal(status, 0, what);
        assert.deepEqual(data, whole.data.subarray(0, Math.min(available, read)), what);
        assert.equal(residual, available - read, what);
      }
    }
  }
});

Deno.test("a command that fails has nothing for the initiator: the residual is all of it", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const { name, cdb } of commands) {
    const wrong = cdb(255);
    wrong[1]! |= 0x80;
    assert.equal(exchange(peer, wrong, { read: 300 }).residual, -300, name);
    assert.equal(exchange(peer, wrong, { write: new Uint8Array(300) }).residual, -300, name);
  }
});
