/** The options for devices and device groups. */
import { closeDevice, openDevice, split } from "./apply_devices.ts";
import {
  addDeviceGroup,
  addGroupTarget,
  addMember,
  addTargetGroup,
  deleteDeviceGroup,
  deleteGroupTarget,
  deleteMember,
  deleteTargetGroup,
} from "./device_commands.ts";
import { checkUnused } from "./device_use.ts";
import { Code } from "./error_codes.ts";
import { available } from "./mgmt_help.ts";
import type { Operation } from "./operation.ts";
import { deviceOwner } from "./owners.ts";
import { handlerPath } from "./paths.ts";
import { readRunning } from "./running.ts";
import { setAttributes } from "./set_attributes.ts";

export const DEVICE_OPERATIONS: readonly Operation[] = [
  {
    option: "open_dev",
    value: "DEVICE",
    needs: ["handler"],
    takes: ["attributes"],
    help: "open a device",
    run: async (session, { value: device, get, attributes }) => {
      const handler = get("handler");
      const known = await available(session.client, handlerPath(handler), "create");
      const [parameters, others] = split(attributes, known);
      await openDevice(session, handler, device, parameters, known);
      await setAttributes(session, deviceOwner(device), others);
    },
  },
  {
    option: "close_dev",
    value: "DEVICE",
    needs: ["handler"],
    asks: true,
    help: "close a device, with -force also one that is in use",
    run: async (session, { value, get }) => {
      if (!session.flags.force) await checkUnused(session, value);
      await closeDevice(session, get("handler"), value);
    },
  },
  {
    option: "resync_dev",
    value: "DEVICE",
    help: "look at the size of a device again, and tell its initiators",
    run: async (session, { value }) => {
      const size = new Map([["resync_size", ["1"]]]);
      const changes = await setAttributes(session, deviceOwner(value), size);
      return changes === 1 ? 0 : Code.DEVICE_SET_ATTRIBUTE;
    },
  },
];

export const DEVICE_GROUP_OPERATIONS: readonly Operation[] = [
  {
    option: "add_dgrp",
    value: "DEVICE_GROUP",
    help: "add a device group",
    run: (session, { value }) =>
      session.must(`Adding device group '${value}'`, addDeviceGroup(value)),
  },
  {
    option: "rem_dgrp",
    value: "DEVICE_GROUP",
    help: "remove a device group, with -force also one that is not empty",
    run: async (session, { value }) => {
      const group = (await readRunning(session.client)).deviceGroups.get(value);
      const isUsed = group !== undefined && group.devices.length + group.targetGroups.size > 0;
      session.refuseIf(isUsed, `Device group '${value}' is not empty`);
      await session.must(`Removing device group '${value}'`, deleteDeviceGroup(value));
    },
  },
  {
    option: "add_dgrp_dev",
    value: "DEVICE",
    needs: ["dev_group"],
    help: "add a device to a device group",
    run: (session, { value, get }) =>
      session.must(
        `Adding device '${value}' to device group '${get("dev_group")}'`,
        addMember(get("dev_group"), value),
      ),
  },
  {
    option: "rem_dgrp_dev",
    value: "DEVICE",
    needs: ["dev_group"],
    help: "remove a device from a device group, with -force also if the group has targets",
    run: async (session, { value, get }) => {
      const group = (await readRunning(session.client)).deviceGroups.get(get("dev_group"));
      const targets = [...group?.targetGroups.values() ?? []].flat();
      session.refuseIf(targets.length > 0, `Device group '${get("dev_group")}' has targets`);
      await session.must(
        `Removing device '${value}' from device group '${get("dev_group")}'`,
        deleteMember(get("dev_group"), value),
      );
    },
  },
  {
    option: "add_tgrp",
    value: "TARGET_GROUP",
    needs: ["dev_group"],
    help: "add a target group to a device group",
    run: (session, { value, get }) =>
      session.must(
        `Adding target group '${value}' to device group '${get("dev_group")}'`,
        addTargetGroup(get("dev_group"), value),
      ),
  },
  {
    option: "rem_tgrp",
    value: "TARGET_GROUP",
    needs: ["dev_group"],
    help: "remove a target group, with -force also one that has targets",
    run: async (session, { value, get }) => {
      const group = (await readRunning(session.client)).deviceGroups.get(get("dev_group"));
      const targets = group?.targetGroups.get(value) ?? [];
      session.refuseIf(targets.length > 0, `Target group '${value}' has targets`);
      await session.must(
        `Removing target group '${value}' from device group '${get("dev_group")}'`,
        deleteTargetGroup(get("dev_group"), value),
      );
    },
  },
  {
    option: "add_tgrp_tgt",
    value: "TARGET",
    needs: ["dev_group", "tgt_group"],
    help: "add a target to a target group",
    run: (session, { value, get }) =>
      session.must(
        `Adding target '${value}' to target group '${get("dev_group")}/${get("tgt_group")}'`,
        addGroupTarget(get("dev_group"), get("tgt_group"), value),
      ),
  },
  {
    option: "rem_tgrp_tgt",
    value: "TARGET",
    needs: ["dev_group", "tgt_group"],
    help: "remove a target from a target group",
    run: (session, { value, get }) =>
      session.must(
        `Removing target '${value}' from target group '${get("dev_group")}/${get("tgt_group")}'`,
        deleteGroupTarget(get("dev_group"), get("tgt_group"), value),
      ),
  },
];
