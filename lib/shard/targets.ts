/** What has to hold for a target to become what the control side wants it to be. */
import type { Node } from "../iscsi/node.ts";
import type { Device } from "../scst/device.ts";
import type { TargetModel } from "../scst/model.ts";
import type { DeviceFinder } from "../scst/target.ts";
import { OperationError } from "./operation_error.ts";

/**
 * Makes a target what `model` says (Node.setTarget). Throws an OperationError when a device of it is not
 * there, or its RELATIVE TARGET PORT IDENTIFIER cannot be that one.
 */
export function setTarget(
  node: Node,
  model: TargetModel,
  deviceOf: DeviceFinder,
  quiet: boolean,
): void {
  for (const { luns } of [model, ...model.groups]) {
    for (const { device } of luns) deviceOf(device);
  }
  const { name, relTgtId } = model;
  const target = node.findTarget(name);
  if (target !== undefined && target.port.relativeId !== relTgtId && target.nexuses.size > 0) {
    const who = `${target.nexuses.size} sessions`;
    throw new OperationError(`Cannot change rel_tgt_id of target '${name}': it has ${who}`);
  }
  for (const other of node.targets) {
    if (other === target || relTgtId === 0 || other.port.relativeId !== relTgtId) continue;
    if (!model.attributes.enabled || !other.attributes.enabled) continue;
    throw new OperationError(`Target '${other.name}' has rel_tgt_id ${relTgtId} already`);
  }
  node.setTarget(model, deviceOf, quiet);
}

/** Removes a target. Throws an OperationError when it is not there, or somebody is logged in. */
export function removeTarget(node: Node, name: string): void {
  const target = node.findTarget(name);
  if (target === undefined) throw new OperationError(`There is no target '${name}'`);
  if (target.nexuses.size > 0) {
    const who = [...target.nexuses][0]!.initiator;
    throw new OperationError(`Cannot remove target '${name}': ${who} is logged in`);
  }
  node.removeTarget(target);
}

/** Throws an OperationError when a target has a device as a LUN. */
export function refuseUsed(node: Node, device: Device): void {
  for (const target of node.targets) {
    if (!target.has(device)) continue;
    const { name } = device.disk.settings;
    throw new OperationError(`Cannot remove device '${name}': target '${target.name}' has it`);
  }
}
