/** Commands that would succeed, but for one byte: what fails because of it has changed nothing. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Operation } from "../../lib/scst/operation.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { hasLba, usageBytes } from "../harness/cdb_of.ts";
import { CONTENT, exampleOf } from "../harness/example.ts";
import { exchange, type Outcome, type Transfer } from "../harness/exchange.ts";
import { filledRig } from "../harness/filled_rig.ts";
import { prepare } from "../harness/prepare.ts";
import { stateOf } from "../harness/state_of.ts";
import { senseText } from "../initiator/sense.ts";

const { rows } = OPERATION_TABLE;

interface Command {
  readonly cdb: Uint8Array;
  readonly transfer: Transfer;
  /** What is wrong with it. */
  readonly what: string;
}

const GOOD = 0x00;
const CHECK_CONDITION = 0x02;
const CONDITION_MET = 0x04;
const RESERVATION_CONFLICT = 0x18;

/** The ways to end of a command that is wrong: it is refused, or compares what is not the same. */
const REFUSALS = [/^05\//, /^0A\//, /^0E\/1D\/00$/];

/** Whether the command was refused; fails when it ended as no command may for what stands in it. */
function isRefused({ status, sense }: Outcome, what: string): boolean {
  if (status === GOOD || status === CONDITION_MET) return false;
  if (status === RESERVATION_CONFLICT) return true;
  assert.equal(status, CHECK_CONDITION, what);
  assert(
    REFUSALS.some((pattern) => pattern.test(senseText(sense))),
    `${what}: ${senseText(sense)}`,
  );
  return true;
}

/** A byte with other values: a little more or less, and as much as it can be. */
function wrongValues(byte: number): number[] {
  return [byte ^ 0x01, byte ^ 0x80, 0xff].filter((value) => value !== byte);
}

interface Wrong {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly what: string;
}

/** Every way to have one byte of `bytes` wrong, from `first` up to `end`. */
function wrongs(bytes: Uint8Array, first: number, end: number): Wrong[] {
  const places = Array.from({ length: end - first }, (_, index) => first + index);
  return places.flatMap((at) =>
    wrongValues(bytes[at]!).map((value) => {
      const wrong = Uint8Array.from(bytes);
      wrong[at] = value;
      return { bytes: wrong, what: `byte ${at} is ${value}` };
    })
  );
}

/** Runs the commands, each on a disk as prepare() leaves it; returns how many were refused. */
function runAll(row: Operation, commands: readonly Command[]): number {
  let refused = 0;
  for (let index = 0; index < commands.length;) {
    using rig = filledRig();
    const peer = rig.login(1);
    rig.login(2);
    prepare(peer, row);
    const before = stateOf(rig);
    for (let changed = false; !changed && index < commands.length; index++) {
      const { cdb, transfer } = commands[index]!;
      const what = `${row.name}: ${commands[index]!.what}`;
      if (isRefused(exchange(peer, cdb, transfer), what)) {
        refused++;
        assert.deepEqual(stateOf(rig), before, what);
      } else {
        Deno.writeFileSync(rig.path, CONTENT);
        changed = !isDeepStrictEqual(stateOf(rig), before);
      }
    }
    assert.deepEqual(rig.log.filter((line) => line.startsWith("error")), []);
  }
  return refused;
}

Deno.test("a command that fails for one byte of its CDB has changed nothing", () => {
  let refused = 0;
  for (const row of rows) {
    const { cdb, transfer } = exampleOf(row);
    const cdbs = wrongs(cdb, 1, usageBytes(row).length - 1); // all but CONTROL
    refused += runAll(row, cdbs.map(({ bytes, what }) => ({ cdb: bytes, transfer, what })));
  }
  assert(refused > 1000, `${refused} commands`);
});

Deno.test("a command that fails for one byte of its parameter list has changed nothing", () => {
  let refused = 0;
  for (const row of rows.filter((row) => row.out !== undefined && !hasLba(row))) {
    const { cdb, transfer: { write } } = exampleOf(row);
    if (write === undefined) continue;
    const lists = wrongs(write, 0, write.length);
    const commands = lists.map(({ bytes, what }) => ({ cdb, transfer: { write: bytes }, what }));
    refused += runAll(row, commands);
  }
  assert(refused > 1000, `${refused} commands`);
});
