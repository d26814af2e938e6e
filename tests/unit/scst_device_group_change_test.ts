/** Device groups that change while initiators use their devices. */
import assert from "node:assert/strict";
import { DeviceGroup } from "../../lib/scst/device_group.ts";
import type { TargetGroupModel } from "../../lib/scst/model.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { eventsIn, RegroupRig } from "../harness/regroup_rig.ts";
import { TARGET } from "../harness/rig.ts";
import { targetGroup } from "../harness/target_groups.ts";
import { sendWaiting, statuses } from "../harness/under_way.ts";
import { inquiry, testUnitReady } from "../initiator/cdb.ts";

const SIMPLE = 1;
const TPGS = 0x30;

/** A group without devices over the disks of a rig. */
function emptyGroup(rig: RegroupRig) {
  const group = new DeviceGroup({ name: "dg", devices: [], targetGroups: [] }, [], {
    lookIn: () => {},
    report: (line) => rig.a.log.push(`info ${line}`),
  });
  const change = (disks: readonly ("a" | "b")[], ...targetGroups: TargetGroupModel[]) =>
    group.change(
      { name: "dg", devices: disks, targetGroups },
      disks.map((name) => rig[name].device),
    );
  return { group, change };
}

Deno.test("change() tells those whose state, preference or target group is another one", () => {
  using rig = new RegroupRig();
  const { group, change } = emptyGroup(rig);
  const peer = rig.login(1);
  const told = (...args: Parameters<typeof change>) => {
    change(...args);
    const events = eventsIn(peer.take());
    for (const lun of [0, 1]) while (exchange(peer, testUnitReady(), { lun }).sense?.key === 6);
    return events;
  };
  const tg = (options: Parameters<typeof targetGroup>[2] = {}, id = 1) =>
    targetGroup(id, [TARGET.toUpperCase()], options);
  assert.deepEqual(told(["a"], tg()), ["0 06/3F/03"], "it is in a target group now");
  assert.deepEqual(told(["a"], tg()), []);
  assert.deepEqual(told(["a"], tg({ state: "standby" })), ["0 06/2A/06"]);
  assert.deepEqual(told(["a"], tg({ state: "standby", preferred: true })), ["0 06/2A/06"]);
  exchangeSense(peer, testUnitReady(), "02/04/0B");
  assert.deepEqual(told(["a", "b"], tg({ state: "standby", preferred: true })), [
    "1 06/3F/03",
    "1 06/2A/06",
  ]);
  assert.deepEqual(told(["b"], tg({ state: "standby", preferred: true })), [
    "0 06/3F/03",
    "0 06/2A/06",
  ]);
  assert.equal(rig.a.device.group, undefined);
  exchangeGood(peer, testUnitReady());
  assert.deepEqual(
    told(["b"], tg({ state: "standby", preferred: true }, 2)),
    ["1 06/3F/03"],
    "tg2 is not tg1",
  );
  assert.deepEqual(told(["b"], targetGroup(2, ["far"], { isRemote: true })), [
    "1 06/3F/03",
    "1 06/2A/06",
  ]);
  const data = exchangeGood(peer, inquiry(36), { read: 36, lun: 1 });
  assert.equal(data[5]! & TPGS, 0);
  group.end();
  assert.deepEqual([rig.b.device.group, group.devices], [undefined, []]);
});

Deno.test("change() leaves a state that initiators have made, until the model says another one", () => {
  using rig = new RegroupRig({ explAlua: true });
  const { group, change } = emptyGroup(rig);
  change(["a"], targetGroup(1, [TARGET]));
  const peer = rig.login(1);
  const set = Uint8Array.of(0xa4, 0x0a, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0);
  exchangeGood(peer, set, { write: Uint8Array.of(0, 0, 0, 0, 2, 0, 0, 1) });
  const [found] = group.targetGroups;
  assert.equal(found!.state.name, "standby");
  change(["a", "b"], targetGroup(1, [TARGET], { preferred: true }));
  assert.deepEqual([found!.state.name, found!.preferred], ["standby", true]);
  change(["a", "b"], targetGroup(1, [TARGET], { state: "nonoptimized" }));
  assert.deepEqual([found!.state.name, found!.preferred], ["nonoptimized", false]);
  group.alter(found!, { state: "active" });
  change(["a", "b"], targetGroup(1, [TARGET], { state: "nonoptimized" }));
  assert.equal(found!.state.name, "active");
  const lines = rig.a.log.filter((line) => line.includes("target group"));
  assert.match(lines.at(-2)!, /target group 'tg1' of device group 'dg' is nonoptimized now$/);
});

Deno.test("A command that waits for the end of a transition goes on when its device leaves the group", () => {
  for (const how of ["leaves", "ends", "another state"]) {
    using rig = new RegroupRig();
    const { group, change } = emptyGroup(rig);
    const peer = rig.login(1);
    change(["a", "b"], targetGroup(1, [TARGET], { state: "transitioning" }));
    for (const lun of [0, 1]) exchange(peer, testUnitReady(), { lun });
    peer.take();
    const itt = sendWaiting(peer, SIMPLE);
    if (how === "leaves") change(["b"], targetGroup(1, [TARGET], { state: "transitioning" }));
    else if (how === "ends") group.end();
    else change(["a", "b"], targetGroup(1, [TARGET], { state: "active" }));
    const answers = peer.take().filter((pdu) => pdu.itt === itt);
    assert.deepEqual(statuses(answers), [`${itt} 0`], how);
    group.end();
  }
});
