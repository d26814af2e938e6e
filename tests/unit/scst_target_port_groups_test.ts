/** Target port groups as initiators see and change them (SPC-4 5.15, 6.37, 6.45; SPC-5 6.7, 7.7.6.8). */
import assert from "node:assert/strict";
import { DeviceGroup } from "../../lib/scst/device_group.ts";
import type { AccessStateName, TargetGroupModel } from "../../lib/scst/model.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { type Peer, Rig, type RigOptions, TARGET } from "../harness/rig.ts";
import { targetGroup } from "../harness/target_groups.ts";
import { inquiry, reportOpcodes, requestSense, testUnitReady } from "../initiator/cdb.ts";
import { Opcode } from "../initiator/pdu.ts";
import { parseResponseSense, parseSense, senseText } from "../initiator/sense.ts";
import {
  EXTENDED,
  parseTargetGroups,
  reportTargetGroups,
  setGroupsList,
  setTargetGroups,
  State,
} from "../initiator/target_groups.ts";

const OTHER = "iqn.2026-11.org.scst.test:other";
const LONE = "iqn.2026-11.org.scst.test:lone";
const FAR = "iqn.2026-11.org.scst.test:far";

/** Two groups of this node with a target each, one of another node, and a target in none of them. */
const GROUPS: readonly TargetGroupModel[] = [
  targetGroup(1, [TARGET]),
  targetGroup(0x1234, [OTHER], { state: "standby", preferred: true, firstPort: 2 }),
  targetGroup(7, [FAR, `${FAR}-2`], { state: "unavailable", firstPort: 0x101, isRemote: true }),
];
const OPTIONS: RigOptions = {
  targets: [TARGET, OTHER, LONE],
  targetGroups: GROUPS,
  explAlua: true,
};

function loginTo(rig: Rig, isid: number, TargetName = TARGET): Peer {
  const peer = rig.connect();
  peer.login(isid, { TargetName });
  exchangeGood(peer, requestSense(18), { read: 18 }); // POWER ON
  return peer;
}

/** The unit attentions that wait. */
function attentions(peer: Peer): string[] {
  const found: string[] = [];
  for (;;) {
    const sense = parseSense(exchangeGood(peer, requestSense(18), { read: 18 }));
    if (sense.key !== 6) return found;
    found.push(senseText(sense));
  }
}

const CHANGED = "06/2A/06";

function alter(rig: Rig, name: string, change: { state?: AccessStateName; preferred?: boolean }) {
  const group = rig.device.group!;
  group.alter(group.findName(name)!, change);
}

/** The states of the groups by their ids. */
function statesOf(peer: Peer): Record<number, number> {
  const groups = parseTargetGroups(exchangeGood(peer, reportTargetGroups(4096), { read: 4096 }));
  return Object.fromEntries(groups.map(({ id, state }) => [id, state]));
}

const set = (...descriptors: [number, number][]) => setGroupsList(...descriptors);
const stpg = (peer: Peer, write: Uint8Array) =>
  exchange(peer, setTargetGroups(write.length), { write });

function stpgSense(peer: Peer, write: Uint8Array, wanted: string) {
  return exchangeSense(peer, setTargetGroups(write.length), wanted, { write });
}

/** Target port group descriptors of GROUPS: state, CFh, id, status, count, ports. */
const DESCRIPTORS = "00 cf 0001 00 02 00 01  0000 0001" +
  "82 cf 1234 00 02 00 01  0000 0002" +
  "03 cf 0007 00 02 00 02  0000 0101 0000 0102";

Deno.test("reportTargetPortGroups() lists all groups in either format", () => {
  using rig = new Rig(OPTIONS);
  const peer = loginTo(rig, 1);
  const short = exchangeGood(peer, reportTargetGroups(4096), { read: 4096 });
  assert.equal(toHex(short), toHex(hexBytes(`00000028 ${DESCRIPTORS}`)));
  const long = exchangeGood(peer, reportTargetGroups(4096, EXTENDED), { read: 4096 });
  assert.equal(toHex(long), toHex(hexBytes(`0000002c 10 00 0000 ${DESCRIPTORS}`)));
  for (const length of [0, 3, 4, 12, 43]) {
    const cut = exchangeGood(peer, reportTargetGroups(length), { read: 4096 });
    assert.deepEqual(cut, short.subarray(0, length));
  }
});

Deno.test("reportTargetPortGroups() knows no other format", () => {
  using rig = new Rig(OPTIONS);
  const peer = loginTo(rig, 1);
  for (let format = 2; format < 8; format++) {
    const cdb = reportTargetGroups(4096, format);
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 4096 });
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 7 });
  }
});

const SUPPORTED = 3;
const NOT_SUPPORTED = 1;

/** Whether REPORT SUPPORTED OPERATION CODES has both commands, and whether they are executed. */
function commandsOf(peer: Peer): [report: boolean, set: boolean] {
  const found = [0xa3, 0xa4].map((opcode) => {
    const query = { reporting: 2, opcode, serviceAction: 0x0a };
    const support = exchangeGood(peer, reportOpcodes(64, query), { read: 64 })[1];
    assert(support === SUPPORTED || support === NOT_SUPPORTED);
    const cdb = opcode === 0xa3 ? reportTargetGroups(4) : setTargetGroups(0);
    if (support === SUPPORTED) exchangeGood(peer, cdb, { read: 4 });
    else {
      const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 4 });
      assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 4 });
    }
    return support === SUPPORTED;
  });
  return [found[0]!, found[1]!];
}

Deno.test("the commands and TPGS are there through targets in a group, explicitly with expl_alua", () => {
  const { targetGroups: _, ...ungrouped } = OPTIONS;
  const cases: [RigOptions, target: string, commands: [boolean, boolean], byte5: number][] = [
    [OPTIONS, TARGET, [true, true], 0x38],
    [{ ...OPTIONS, explAlua: false }, TARGET, [true, false], 0x18],
    [OPTIONS, LONE, [false, false], 0x08],
    [ungrouped, TARGET, [false, false], 0x08],
  ];
  for (const [options, target, commands, byte5] of cases) {
    using rig = new Rig(options);
    const peer = loginTo(rig, 1, target);
    assert.deepEqual(commandsOf(peer), commands);
    const data = exchangeGood(peer, inquiry(96), { read: 96 });
    assert.equal(data[5], byte5, "TPGS, 3PC");
    assert.equal(data[6], commands[0] ? 0x10 : 0, "MULTIP");
  }
});

const bare = (digits: string) => digits.replaceAll(" ", "");

Deno.test("deviceIdentification() names the target port group behind the relative port", () => {
  using rig = new Rig(OPTIONS);
  const ports: [string, string][] = [
    [TARGET, "51 94 00 04 0000 0001  51 95 00 04 0000 0001  53 98"],
    [OTHER, "51 94 00 04 0000 0002  51 95 00 04 0000 1234  53 98"],
    [LONE, "51 94 00 04 0000 0003  53 98"],
  ];
  for (const [target, digits] of ports) {
    const page = exchangeGood(loginTo(rig, 1, target), inquiry(1024, 0x83), { read: 1024 });
    assert.equal(new DataView(page.buffer).getUint16(2), page.length - 4);
    assert(bare(toHex(page)).includes(bare(digits)), `${target}: ${toHex(page)}`);
  }
});

Deno.test("INQUIRY says 'not connected' while unavailable and offline, on every page", () => {
  using rig = new Rig(OPTIONS);
  const peer = loginTo(rig, 1);
  const states = ["active", "unavailable", "standby", "offline", "transitioning"] as const;
  for (const state of states) {
    alter(rig, "tg1", { state });
    const expected = state === "unavailable" || state === "offline" ? 0x20 : 0;
    for (const page of [undefined, 0x00, 0x80, 0x83, 0x86, 0xb0]) {
      const data = exchangeGood(peer, inquiry(1024, page), { read: 1024 });
      assert.equal(data[0], expected, `${state}, page ${page}`);
    }
  }
});

Deno.test("a change by the control side is told to every nexus of a grouped target, once", () => {
  using rig = new Rig(OPTIONS);
  const peers = [loginTo(rig, 1), loginTo(rig, 2), loginTo(rig, 3, OTHER)];
  const lone = loginTo(rig, 4, LONE);
  const expect = (wanted: string[]) => {
    for (const peer of peers) {
      const messages = peer.take().map(({ opcode, data }) => {
        assert.equal(opcode, Opcode.AsyncMessage);
        return senseText(parseResponseSense(data));
      });
      assert.deepEqual(messages, wanted, "at once");
      assert.deepEqual(attentions(peer), wanted, "with the next command");
    }
    assert.deepEqual(lone.take(), []);
    assert.deepEqual(attentions(lone), []);
  };
  alter(rig, "tg1", { state: "nonoptimized" });
  expect([CHANGED]);
  alter(rig, "tg1", { state: "nonoptimized" });
  alter(rig, "tg1", { state: "nonoptimized", preferred: false });
  expect([]);
  alter(rig, "tg1", { preferred: true });
  expect([CHANGED]);
  alter(rig, "tg1", { state: "active", preferred: false });
  expect([CHANGED]);
  alter(rig, "tg7", { state: "active" });
  expect([CHANGED]);
  alter(rig, "tg1", { state: "standby" });
  alter(rig, "tg1", { state: "active" });
  expect([CHANGED]);
  // What is told is that a transition is over, not that it begins.
  alter(rig, "tg1", { state: "transitioning" });
  expect([]);
  alter(rig, "tg1", { state: "active" });
  expect([CHANGED]);
});

Deno.test("the control side's change is in the report and in the log", () => {
  using rig = new Rig(OPTIONS);
  const peer = loginTo(rig, 1);
  rig.log.length = 0;
  alter(rig, "tg4660", { state: "active", preferred: false });
  attentions(peer);
  const [, group] = parseTargetGroups(
    exchangeGood(peer, reportTargetGroups(4096), { read: 4096 }),
  );
  assert.deepEqual(group, { id: 0x1234, state: 0, preferred: false, altered: 2, ports: [2] });
  assert.deepEqual(rig.log, [
    "info target group 'tg4660' of device group 'dg' is not preferred now",
    "info target group 'tg4660' of device group 'dg' is active now",
  ]);
});

Deno.test("setTargetPortGroups() changes all groups that it names, and tells all others", () => {
  using rig = new Rig(OPTIONS);
  const [peer, same, other] = [loginTo(rig, 1), loginTo(rig, 2), loginTo(rig, 3, OTHER)];
  rig.log.length = 0;
  assert.equal(stpg(peer, set([State.STANDBY, 1], [State.ACTIVE, 0x1234])).status, 0);
  assert.deepEqual(attentions(peer), []);
  exchangeSense(peer, testUnitReady(), "02/04/0B");
  exchangeSense(same, testUnitReady(), CHANGED);
  exchangeSense(same, testUnitReady(), "02/04/0B");
  exchangeSense(other, testUnitReady(), CHANGED);
  exchangeGood(other, testUnitReady());
  const groups = parseTargetGroups(
    exchangeGood(peer, reportTargetGroups(4096), { read: 4096 }),
  );
  assert.deepEqual(groups.map(({ state, altered }) => [state, altered]), [[2, 1], [0, 1], [3, 2]]);
  assert.match(
    rig.log[0] ?? "",
    /^info target group 'tg1' of device group 'dg' is standby now, .*: initiator=\S+,i,0x\S+ target=\S+ lun=0$/,
  );
  assert.equal(rig.log.length, 2);
});

Deno.test("setTargetPortGroups() takes the four primary states, from where it is let through", () => {
  using rig = new Rig(OPTIONS);
  const peer = loginTo(rig, 1);
  const states = [State.NONOPTIMIZED, State.STANDBY, State.UNAVAILABLE, State.ACTIVE];
  for (const state of states) {
    assert.equal(stpg(peer, set([state, 1])).status, 0);
    assert.equal(statesOf(peer)[1], state);
  }
});

Deno.test("setTargetPortGroups() that asks for nothing new changes nothing and tells nobody", () => {
  using rig = new Rig(OPTIONS);
  const [peer, other] = [loginTo(rig, 1), loginTo(rig, 2)];
  const lists = [
    new Uint8Array(0),
    set(),
    set([State.ACTIVE, 1]),
    set([State.STANDBY, 0x1234], [State.UNAVAILABLE, 7]),
  ];
  for (const list of lists) assert.equal(stpg(peer, list).status, 0, toHex(list));
  assert.deepEqual(attentions(other), []);
  const groups = parseTargetGroups(exchangeGood(peer, reportTargetGroups(4096), { read: 4096 }));
  assert.deepEqual(groups.map(({ altered }) => altered), [2, 2, 2]);
});

Deno.test("setTargetPortGroups() refuses a list as a whole, with a pointer to the fault", () => {
  using rig = new Rig(OPTIONS);
  const [peer, other] = [loginTo(rig, 1), loginTo(rig, 2)];
  const before = statesOf(peer);
  const good: [number, number] = [State.STANDBY, 1];
  const cases: [Uint8Array, byte: number, bit: number][] = [
    [set([State.STANDBY, 2]), 6, 7],
    [set([State.STANDBY, 0]), 6, 7],
    [set(good, [State.ACTIVE, 2]), 10, 7],
    [set([4, 1]), 4, 3],
    [set([State.OFFLINE, 1]), 4, 3],
    [set(good, [State.TRANSITIONING, 0x1234]), 8, 3],
    [set(good, [State.ACTIVE, 1]), 10, 7],
    [set(good, good), 10, 7],
  ];
  for (const [list, byte, bit] of cases) {
    const { fieldPointer } = stpgSense(peer, list, "05/26/00");
    assert.deepEqual(fieldPointer, { inCdb: false, byte, bit }, toHex(list));
  }
  assert.deepEqual(statesOf(peer), before);
  assert.deepEqual(attentions(other), []);
});

Deno.test("setTargetPortGroups() checks the length of its list", () => {
  using rig = new Rig(OPTIONS);
  const peer = loginTo(rig, 1);
  const list = set([State.STANDBY, 1]);
  for (let length = 1; length < list.length; length++) {
    const write = list.subarray(0, length);
    if (length === 4) assert.equal(stpg(peer, write).status, 0);
    else stpgSense(peer, write, "05/1A/00");
    if (length % 4 !== 0) continue;
    // The CDB promises more than the initiator sends.
    exchangeSense(peer, setTargetGroups(list.length), "05/1A/00", { write });
  }
  const most = 4 + 64 * 4;
  stpgSense(peer, new Uint8Array(most), "05/26/00");
  const { fieldPointer } = stpgSense(peer, new Uint8Array(most + 4), "05/24/00");
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 6, bit: 7 });
  assert.equal(statesOf(peer)[1], State.ACTIVE);
});

Deno.test("setTargetPortGroups() cannot change a group of another node, nor one in transition", () => {
  using rig = new Rig(OPTIONS);
  const [peer, other] = [loginTo(rig, 1), loginTo(rig, 2)];
  stpgSense(peer, set([State.STANDBY, 1], [State.ACTIVE, 7]), "04/67/0A");
  alter(rig, "tg4660", { state: "transitioning" });
  stpgSense(peer, set([State.STANDBY, 1], [State.ACTIVE, 0x1234]), "02/04/0A");
  assert.equal(statesOf(peer)[1], State.ACTIVE);
  assert.deepEqual(attentions(other), []);
});

Deno.test("a group of two devices changes for both, and all units but one are told", () => {
  using rig = new Rig({ explAlua: true });
  using second = new Rig({ explAlua: true, ids: { naaId: `6025c57${"0".repeat(24)}2`, usn: "2" } });
  rig.node.findTarget(TARGET)!.luns.add(1, second.device);
  const model = { name: "both", devices: ["rig", "second"], targetGroups: [GROUPS[0]!] };
  new DeviceGroup(model, [rig.device, second.device], { lookIn() {}, report() {} });
  const peer = loginTo(rig, 1);
  exchangeGood(peer, requestSense(18), { lun: 1, read: 18 });
  assert.equal(stpg(peer, set([State.STANDBY, 1])).status, 0);
  exchangeSense(peer, testUnitReady(), "02/04/0B");
  exchangeSense(peer, testUnitReady(), CHANGED, { lun: 1 });
  exchangeSense(peer, testUnitReady(), "02/04/0B", { lun: 1 });
});
