/** What holds of sessions, their LUNs and the devices at any moment, whatever has changed. */
import assert from "node:assert/strict";
import type { Node } from "../../lib/iscsi/node.ts";
import type { Device } from "../../lib/scst/device.ts";
import { chooseLuns } from "../../lib/scst/initiator_group.ts";
import type { LogicalUnit } from "../../lib/scst/logical_unit.ts";
import { Stage } from "../../lib/scsi/stage.ts";

/** Everybody has what the model says, and nobody holds on to what he has no more. */
export function assertConsistent(node: Node, devices: Iterable<Device>): void {
  const live = new Set<LogicalUnit>();
  for (const { nexus, target, nameForGroups, tasks } of node.sessions) {
    if (nexus === undefined || target === undefined) continue;
    for (const task of tasks.values()) {
      const isOver = task.unit?.isDetached !== true || task.stage === Stage.STORE ||
        task.statusHeld;
      assert(isOver, "a command waits in a unit that is gone");
    }
    const { luns } = chooseLuns(target, nameForGroups);
    const wanted = [...luns.entries].map(({ lun, device, readOnly }) => [lun, device, readOnly]);
    const found = [...nexus.units.values()].map((unit) => [unit.lun, unit.device, unit.readOnly]);
    const inOrder = (rows: unknown[][]) => rows.toSorted((a, b) => Number(a[0]) - Number(b[0]));
    assert.equal(found.length, wanted.length);
    inOrder(found).forEach((row, at) => {
      inOrder(wanted)[at]!.forEach((value, index) => assert.strictEqual(row[index], value));
    });
    for (const unit of nexus.units.values()) live.add(unit);
  }
  for (const { users, disk, tasks, reservations } of devices) {
    for (const unit of users) assert(live.has(unit) && !unit.isDetached, "a user that is gone");
    const { preventers, persistentPreventers } = disk.tray;
    for (const who of [...preventers, ...persistentPreventers, tasks?.faulted]) {
      assert(who === undefined || users.has(who as LogicalUnit), "a unit that is gone is known");
    }
    const { reservedBy } = reservations;
    const isKnown = [...users].some(({ nexus }) => nexus === reservedBy);
    assert(reservedBy === undefined || isKnown, "a nexus without the unit has reserved it");
  }
}
