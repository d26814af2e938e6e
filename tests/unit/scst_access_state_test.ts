/** What each asymmetric access state lets through: every row of the opcode table in every state. */
import assert from "node:assert/strict";
import { DeviceGroup } from "../../lib/scst/device_group.ts";
import { ACCESS_STATE_NAMES, type AccessStateName } from "../../lib/scst/model.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import type { Operation } from "../../lib/scst/operation.ts";
import { copyCdb } from "../harness/copy_list.ts";
import { CopyRig, listOf } from "../harness/copy_rig.ts";
import { exampleOf } from "../harness/example.ts";
import { answersIn, exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { filledRig, isUnchanged } from "../harness/filled_rig.ts";
import { prepare } from "../harness/prepare.ts";
import { type Rig, TARGET } from "../harness/rig.ts";
import { targetGroup } from "../harness/target_groups.ts";
import { readCapacity10, requestSense } from "../initiator/cdb.ts";
import { parseResponseSense, parseSense, senseText } from "../initiator/sense.ts";

/** In all states: SPC-4 5.15.2.5, and READ CAPACITY as in SCST. */
const IDENTIFYING = [
  /^INQUIRY$/,
  /^READ CAPACITY\(1[06]\)$/,
  /^REPORT (LUNS|TARGET PORT GROUPS)$/,
  /^REQUEST SENSE$/,
];

/** In the unavailable state as well (SPC-4 5.15.2.4.5). */
const SWITCHING = [...IDENTIFYING, /^SET TARGET PORT GROUPS$/];

/** In the standby state as well: SPC-4 5.15.2.4.4, and RESERVE and RELEASE as in SCST. */
const MANAGING = [
  ...SWITCHING,
  /^LOG (SELECT|SENSE)$/,
  /^MODE (SELECT|SENSE)\((6|10)\)$/,
  /^PERSISTENT RESERVE (IN|OUT), /,
  /^RECEIVE DIAGNOSTIC RESULTS$/,
  /^(RELEASE|RESERVE)\((6|10)\)$/,
  /^SEND DIAGNOSTIC$/,
];

const STATES: Record<AccessStateName, { passes: readonly RegExp[]; sense: string }> = {
  active: { passes: [/./], sense: "" },
  nonoptimized: { passes: [/./], sense: "" },
  standby: { passes: MANAGING, sense: "02/04/0B" },
  unavailable: { passes: SWITCHING, sense: "02/04/0C" },
  offline: { passes: SWITCHING, sense: "02/04/0C" },
  transitioning: { passes: IDENTIFYING, sense: "02/04/0A" },
};

const { rows } = OPERATION_TABLE;
const isAny = (names: readonly RegExp[], { name }: Operation) =>
  names.some((pattern) => pattern.test(name));

/** Brings the only target group of a rig into a state, and forgets who is to be told of it. */
function enter(rig: Rig, state: AccessStateName): void {
  const { group, users } = rig.device;
  group!.alter(group!.targetGroups[0]!, { state });
  for (const unit of users) while (unit.takeAttention() !== undefined);
}

for (const state of ACCESS_STATE_NAMES) {
  const { passes, sense } = STATES[state];

  Deno.test(`every row passes in the state ${state}, or gets its sense`, () => {
    let refused = 0;
    for (const row of rows) {
      using rig = filledRig();
      const peer = rig.login(1);
      prepare(peer, row);
      enter(rig, state);
      const { cdb, transfer } = exampleOf(row);
      if (isAny(passes, row)) {
        exchangeGood(peer, cdb, transfer, `${row.name} while ${state}`);
        continue;
      }
      refused++;
      if (state !== "transitioning") {
        exchangeSense(peer, cdb, sense, transfer, row.name);
      } else {
        // It waits for the end of the transition, which does not come.
        assert.throws(() => exchange(peer, cdb, transfer), {
          message: "the command has not ended",
        });
        rig.device.group!.look(performance.now() + 500);
        const [answer, ...more] = answersIn(peer.take());
        assert.equal(senseText(parseResponseSense(answer!.data)), sense, row.name);
        assert.equal(more.length, 0);
      }
      assert(isUnchanged(rig), row.name);
      enter(rig, "active");
      exchangeGood(peer, cdb, transfer, `${row.name} after ${state}`);
    }
    assert.equal(refused > 40, passes.length > 1, `${refused} rows refused`);
  });
}

Deno.test("a state is known to a session that begins in it", () => {
  using rig = filledRig();
  enter(rig, "standby");
  const peer = rig.connect();
  peer.login(1);
  exchangeSense(peer, new Uint8Array(16), "06/29/00"); // goes before the state
  exchangeSense(peer, new Uint8Array(16), "02/04/0B");
  exchangeGood(peer, readCapacity10(), { read: 8 });
});

Deno.test("requestSense() says what TEST UNIT READY would say in each state", () => {
  using rig = filledRig();
  const peer = rig.login(1);
  for (const state of ACCESS_STATE_NAMES) {
    enter(rig, state);
    const data = exchangeGood(peer, requestSense(18), { read: 18 });
    assert.equal(senseText(parseSense(data)), STATES[state].sense || "00/00/00", state);
  }
});

Deno.test("a CDB that is wrong, or of no command, is told so only where its state lets it through", () => {
  using rig = filledRig();
  const peer = rig.login(1);
  enter(rig, "standby");
  exchangeSense(peer, Uint8Array.of(0xff, ...Array(15).fill(0)), "05/20/00");
  exchangeSense(peer, Uint8Array.of(0x28, 0xff, ...Array(14).fill(0)), "02/04/0B", { read: 512 });
  exchangeSense(peer, Uint8Array.of(0x25, 0xff, ...Array(14).fill(0)), "05/24/00", { read: 8 });
});

Deno.test("a copy reads and writes only what its initiator could read and write itself", () => {
  for (const side of ["source", "destination"] as const) {
    using rig = new CopyRig();
    const model = { name: "dg", devices: [side], targetGroups: [targetGroup(1, [TARGET])] };
    const group = new DeviceGroup(model, [rig[side].device], { lookIn() {}, report() {} });
    const peer = rig.login(1);
    const copy = listOf([{ blocks: 1 }]);
    const cdb = copyCdb(0x83, 0, copy.length);
    for (const state of ACCESS_STATE_NAMES) {
      group.alter(group.targetGroups[0]!, { state });
      for (const unit of rig[side].device.users) while (unit.takeAttention() !== undefined);
      const { passes } = STATES[state];
      // The command comes for the other unit.
      const lun = side === "source" ? 1 : 0;
      if (passes.length === 1) exchangeGood(peer, cdb, { lun, write: copy });
      else exchangeSense(peer, cdb, "0A/0D/01", { lun, write: copy }, `${side} ${state}`);
    }
    assert.equal(rig.lent, 0);
  }
});
