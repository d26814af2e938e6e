/** Parameter lists that are cut short, or name blocks that are not there: nothing is done of what they say. */
import assert from "node:assert/strict";
import type { Operation } from "../../lib/scst/operation.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { hasLba, layoutOf, lengthMost } from "../harness/cdb_of.ts";
import { CONTENT, type Example, exampleOf } from "../harness/example.ts";
import { exchange, exchangeGood, exchangeSense, type Outcome } from "../harness/exchange.ts";
import { filledRig } from "../harness/filled_rig.ts";
import { prepare } from "../harness/prepare.ts";
import type { Peer, Rig } from "../harness/rig.ts";
import { stateOf } from "../harness/state_of.ts";
import { senseText } from "../initiator/sense.ts";

const GOOD = "GOOD";
const TOO_SHORT = "05/1A/00";

/** Rows whose CDB has room for the length of a list that is always empty, with the byte where it is. */
const WITHOUT_LIST = new Map([
  ["LOG SELECT", 7], // no parameter can be set
  ["SANITIZE BLOCK ERASE", 7],
  ["SANITIZE EXIT FAILURE MODE", 7],
]);

const withList = OPERATION_TABLE.rows.filter((row) =>
  row.out !== undefined && !hasLba(row) && !WITHOUT_LIST.has(row.name)
);

/** How the command ends whose list has so many bytes or more of those of the example. */
type Cut = readonly [bytes: number, end: string];

/** Its CDB says so: with no bytes there is no list, and what is not whole is wrong as a rule. */
const CUTS: readonly (readonly [names: RegExp, cuts: readonly Cut[]])[] = [
  // Behind header and block descriptor there may be no page.
  [/^MODE SELECT\(6\)$/, [[0, GOOD], [1, TOO_SHORT], [12, GOOD], [13, TOO_SHORT]]],
  [/^MODE SELECT\(10\)$/, [[0, GOOD], [1, TOO_SHORT], [16, GOOD], [17, TOO_SHORT]]],
  // A descriptor that is not whole is ignored (SBC-4 5.35.2).
  [/^UNMAP$/, [[0, GOOD], [1, TOO_SHORT], [8, GOOD]]],
  // The list has a least length, and no length is none (SBC-4 5.29.2, SPC-4 6.16.1).
  [/^SANITIZE OVERWRITE$/, [[0, "05/24/00 in byte 7 of the CDB"], [5, TOO_SHORT]]],
  [/^PERSISTENT RESERVE OUT, /, [[0, TOO_SHORT]]],
  // Text ends with a NUL.
  [/^SET IDENTIFYING INFORMATION$/, [[0, GOOD], [1, "05/26/00 in byte 0 of the list"]]],
  [/^(EXTENDED COPY\(LID1\)|POPULATE TOKEN|WRITE USING TOKEN)$/, [[0, GOOD], [1, TOO_SHORT]]],
  [/^SET TARGET PORT GROUPS$/, [[0, GOOD], [1, TOO_SHORT], [4, GOOD], [5, TOO_SHORT]]],
  [/^(SEND DIAGNOSTIC|SET TIMESTAMP)$/, [[0, GOOD], [1, TOO_SHORT]]],
];

/** The one whose list says itself how long it is. */
const WITHOUT_LENGTH = ["FORMAT UNIT"];

function endOf({ status, sense }: Outcome): string {
  if (sense === undefined) return status === 0 ? GOOD : `status ${status}`;
  const pointer = sense.fieldPointer;
  if (pointer === undefined) return senseText(sense);
  return `${senseText(sense)} in byte ${pointer.byte} of the ${pointer.inCdb ? "CDB" : "list"}`;
}

/** The example of a row, with its list. */
function listOf(row: Operation): { example: Example; list: Uint8Array } {
  const example = exampleOf(row);
  const list = example.transfer.write;
  assert(list !== undefined && list.length > 0, `the example of ${row.name} has no list`);
  return { example, list };
}

/** The CDB of the example with another length. */
function withLength(row: Operation, { cdb }: Example, length: number): Uint8Array {
  const [at, bytes] = row.code === 0x5f ? [5, 4] as const : layoutOf(row).length;
  const copy = cdb.slice();
  for (let index = 0; index < bytes; index++) {
    copy[at + index] = Math.floor(length / 2 ** (8 * (bytes - 1 - index)));
  }
  return copy;
}

/** Runs commands of a row that have to change nothing, and then the example. */
function changeNothing(row: Operation, run: (peer: Peer, rig: Rig) => void): void {
  using rig = filledRig();
  const peer = rig.login(1);
  rig.login(2);
  prepare(peer, row);
  const before = stateOf(rig);
  run(peer, rig);
  assert.deepEqual(stateOf(rig), before, row.name);
  assert.deepEqual(rig.log.filter((line) => line.startsWith("error")), []);
  const { cdb, transfer } = exampleOf(row);
  exchangeGood(peer, cdb, transfer, row.name);
  if (CHANGES_NOTHING.has(row.name)) return;
  assert.notDeepEqual(stateOf(rig), before, `the example of ${row.name} changes something`);
}

/** There is nothing to format, and the page of diagnostics is a question. */
const CHANGES_NOTHING = new Set(["FORMAT UNIT", "SEND DIAGNOSTIC"]);

Deno.test("a list that is shorter than its CDB says is refused, and changes nothing", () => {
  assert(withList.length >= 19);
  for (const row of withList) {
    const { example, list } = listOf(row);
    changeNothing(row, (peer) => {
      for (let length = 0; length < list.length; length++) {
        const write = list.slice(0, length);
        const what = `${row.name}: ${length} bytes`;
        assert.equal(endOf(exchange(peer, example.cdb, { write })), TOO_SHORT, what);
      }
    });
  }
});

Deno.test("a list that its CDB cuts short at any byte changes nothing", () => {
  for (const row of withList.filter(({ name }) => !WITHOUT_LENGTH.includes(name))) {
    const { example, list } = listOf(row);
    const cuts: readonly Cut[] | undefined = CUTS.find(([names]) => names.test(row.name))?.[1];
    assert(cuts !== undefined, `${row.name} has no line in CUTS`);
    changeNothing(row, (peer) => {
      for (let length = 0; length < list.length; length++) {
        const cdb = withLength(row, example, length);
        const expected: string = cuts.findLast(([bytes]) => bytes <= length)![1];
        for (const write of [list.slice(0, length), list]) {
          const what = `${row.name}: ${length} bytes of ${write.length}`;
          const outcome = exchange(peer, cdb, { write });
          assert.equal(endOf(outcome), expected, what);
        }
      }
    });
  }
});

/** How a command ends whose length is the largest there is; else as one whose list is too short. */
const TOO_LONG = new Map([
  ["SET TARGET PORT GROUPS", "05/24/00 in byte 6 of the CDB"],
  ["SANITIZE OVERWRITE", "05/24/00 in byte 7 of the CDB"],
  ["SET IDENTIFYING INFORMATION", "05/24/00 in byte 6 of the CDB"],
]);

Deno.test("the largest length of a list that a CDB can have changes nothing", () => {
  for (const row of withList.filter(({ name }) => !WITHOUT_LENGTH.includes(name))) {
    const { example, list } = listOf(row);
    changeNothing(row, (peer) => {
      const cdb = withLength(row, example, lengthMost(row));
      const outcome = exchange(peer, cdb, { write: list });
      assert.equal(endOf(outcome), TOO_LONG.get(row.name) ?? TOO_SHORT, row.name);
    });
  }
});

Deno.test("a row without a list refuses every length of one", () => {
  for (const row of OPERATION_TABLE.rows.filter(({ name }) => WITHOUT_LIST.has(name))) {
    using rig = filledRig();
    const peer = rig.login(1);
    const before = stateOf(rig);
    for (const length of [1, 4, lengthMost(row)]) {
      const cdb = withLength(row, exampleOf(row), length);
      const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { write: new Uint8Array(4) });
      assert.deepEqual(fieldPointer, { inCdb: true, byte: WITHOUT_LIST.get(row.name), bit: 7 });
    }
    assert.deepEqual(stateOf(rig), before, row.name);
  }
});

/** Rows whose list names blocks, and what they say to those that are not there. */
const NAMING_BLOCKS = new Map([
  ["UNMAP", "05/21/00"],
  ["POPULATE TOKEN", "05/21/00 in byte 16 of the list"],
  ["WRITE USING TOKEN", "05/21/00 in byte 536 of the list"],
  ["EXTENDED COPY(LID1)", "0A/00/00"],
]);

Deno.test("a list that names blocks behind the end of the medium changes nothing", () => {
  const blocks = BigInt(CONTENT.length / 512);
  const lbas = [blocks, blocks + 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  for (const [name, expected] of NAMING_BLOCKS) {
    const row = OPERATION_TABLE.rows.find((row) => row.name === name)!;
    changeNothing(row, (peer) => {
      for (const lba of lbas) {
        const { cdb, transfer } = exampleOf(row, lba);
        assert.equal(endOf(exchange(peer, cdb, transfer)), expected, `${name} at ${lba}`);
      }
    });
  }
});
