/** ALLOCATION LENGTH (SPC-5 4.2.5.6) and the residual of every command that has one. */
import assert from "node:assert/strict";
import type { Operation } from "../../lib/scst/operation.ts";
import { hasAllocationLength, layoutOf, lengthMost } from "../harness/cdb_of.ts";
import { DEVICE_KINDS, type DeviceKind } from "../harness/device_kinds.ts";
import { exchange, exchangeSense } from "../harness/exchange.ts";
import { prepare } from "../harness/prepare.ts";
import type { Rig } from "../harness/rig.ts";
import { StandingClock } from "../harness/standing_clock.ts";

const READ_MOST = 4096;
/** The commands that refuse an allocation length below this (SPC-5 6.33, 6.36). */
const LEAST = new Map([["REPORT LUNS", 16], ["REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", 4]]);

/** The commands of a device that take any allocation length. */
function commandsOf({ table, exampleOf }: DeviceKind) {
  return table.rows.filter(hasAllocationLength).map((row) => commandOf(row, exampleOf));
}

function commandOf(row: Operation, exampleOf: DeviceKind["exampleOf"]) {
  const [at, bytes] = layoutOf(row).length;
  const cdb = (length: number) => {
    const made = exampleOf(row).cdb;
    for (let index = 0; index < bytes; index++) {
      made[at + index] = Math.floor(length / 2 ** (8 * (bytes - 1 - index))) & 0xff;
    }
    return made;
  };
  return { row, name: row.name, at, cdb, most: lengthMost(row) };
}

Deno.test("the commands with an allocation length have it in as many bytes as SPC-5 says", () => {
  const commands = DEVICE_KINDS.flatMap(commandsOf);
  const sizes = new Map(commands.map(({ name, most }) => [name, most]));
  assert.equal(sizes.get("REQUEST SENSE"), 0xff);
  assert.equal(sizes.get("INQUIRY"), 0xffff);
  assert.equal(sizes.get("MODE SENSE(6)"), 0xff);
  assert.equal(sizes.get("MODE SENSE(10)"), 0xffff);
  assert.equal(sizes.get("READ CAPACITY(16)"), 0xffffffff);
  assert.equal(sizes.get("REPORT LUNS"), 0xffffffff);
  assert.equal(sizes.get("REPORT SUPPORTED OPERATION CODES"), 0xffffffff);
  assert.equal(sizes.get("GET CONFIGURATION"), 0xffff);
  assert.equal(sizes.get("READ DISC STRUCTURE"), 0xffff);
});

for (const kind of DEVICE_KINDS) {
  const commands = commandsOf(kind);

  Deno.test(`respond() of a ${kind.name} sends as much as the allocation length and the initiator take`, () => {
    using _clock = new StandingClock(1_800_000_000); // for REPORT TIMESTAMP
    for (const command of commands) tryLengths(command, kind.rigFor(command.row));
  });

  Deno.test(`a command that fails has nothing for the initiator of a ${kind.name}: the residual is all of it`, () => {
    using rig = kind.rigFor();
    const peer = rig.login(1);
    for (const { name, cdb } of commands) {
      const wrong = cdb(255);
      wrong[1]! |= 0x80;
      assert.equal(exchange(peer, wrong, { read: 300 }).residual, -300, name);
      assert.equal(exchange(peer, wrong, { write: new Uint8Array(300) }).residual, -300, name);
    }
  });
}

/** Tries many allocation lengths, with initiators that expect more, less and as much. */
function tryLengths({ row, name, at, cdb, most }: ReturnType<typeof commandOf>, opened: Rig): void {
  using rig = opened;
  const peer = rig.login(1);
  prepare(peer, row);
  const whole = exchange(peer, cdb(most), { read: READ_MOST });
  const size = whole.data.length;
  assert(size >= 4 && size <= most, name);
  const lengths = [0, 1, 4, 15, 16, size - 1, size, Math.min(size + 1, most), most];
  for (const length of new Set(lengths)) {
    if (length < (LEAST.get(name) ?? 0)) {
      const sense = exchangeSense(peer, cdb(length), "05/24/00", { read: READ_MOST }, name);
      assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: at, bit: 7 });
      continue;
    }
    const available = Math.min(length, size);
    for (const read of [0, 1, available, available + 1, READ_MOST]) {
      const what = `${name}: allocation length ${length}, ${read} bytes expected`;
      prepare(peer, row);
      const { status, data, residual } = exchange(peer, cdb(length), { read });
      assert.equal(status, 0, what);
      const expected = whole.data.subarray(0, Math.min(available, read));
      if (name === "REPORT TIMESTAMP") assert.equal(data.length, expected.length, what);
      else assert.deepEqual(data, expected, what);
      assert.equal(residual, available - read, what);
    }
  }
}
