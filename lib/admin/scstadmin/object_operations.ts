/** The options that add, remove and change objects. */
import { available } from "./mgmt_help.ts";
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
import type { Input, Operation } from "./operation.ts";
import { deviceOwner, targetOwner } from "./owners.ts";
import { handlerPath, placeText } from "./paths.ts";
import { lunPlace } from "./query_operations.ts";
import { removeTarget } from "./remove_target.ts";
import { readRunning } from "./running.ts";
import { Fatal, type Session } from "./session.ts";
import { setAttributes } from "./set_attributes.ts";
import {
  addGroup,
  addInitiator,
  addLun,
  addTarget,
  clearInitiators,
  clearLuns,
  deleteGroup,
  deleteInitiator,
  deleteLun,
  moveInitiator,
  replaceLun,
} from "./target_commands.ts";

const IN_USE = "Use -force to do it nevertheless";

const DEVICES: readonly Operation[] = [
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

const DEVICE_GROUPS: readonly Operation[] = [
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
      refuse(session, isUsed, `Device group '${value}' is not empty`);
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
      refuse(session, targets.length > 0, `Device group '${get("dev_group")}' has targets`);
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
      refuse(session, targets.length > 0, `Target group '${value}' has targets`);
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

const TARGETS: readonly Operation[] = [
  {
    option: "add_target",
    value: "TARGET",
    needs: ["driver"],
    takes: ["attributes"],
    help: "add a target",
    run: (session, { value, get, attributes }) =>
      session.attempt(
        `Creating target '${value}' for driver '${get("driver")}'`,
        addTarget(get("driver"), value, attributes),
      ),
  },
  {
    option: "rem_target",
    value: "TARGET",
    needs: ["driver"],
    asks: true,
    help: "close the sessions of a target and remove it",
    run: (session, { value, get }) => removeTarget(session, get("driver"), value),
  },
  ...(["enable", "disable"] as const).map((verb): Operation => ({
    option: `${verb}_target`,
    value: "TARGET",
    needs: ["driver"],
    asks: verb === "disable",
    help: `${verb} a target`,
    run: async (session, { value, get }) => {
      const owner = await targetOwner(session.client, get("driver"), value);
      const enabled = verb === "enable" ? "1" : "0";
      await setAttributes(session, owner, new Map([["enabled", [enabled]]]), { tells: true });
    },
  })),
  {
    option: "issue_lip",
    value: "[TARGET]",
    takes: ["driver"],
    help: "reset the loops of Fibre Channel targets, of which there are none here",
    run: (session) => {
      session.say("There are no Fibre Channel targets.");
      return Promise.resolve(0);
    },
  },
];

/** The group that the options of a call name. */
function groupPlace({ get }: Input) {
  return { driver: get("driver"), target: get("target"), group: get("group") };
}

const GROUPS: readonly Operation[] = [
  {
    option: "add_group",
    value: "GROUP",
    needs: ["driver", "target"],
    help: "add a group of initiators to a target",
    run: (session, { value, get }) => {
      const place = { driver: get("driver"), target: get("target"), group: value };
      return session.must(`Adding group '${placeText(place)}'`, addGroup(place));
    },
  },
  {
    option: "rem_group",
    value: "GROUP",
    needs: ["driver", "target"],
    asks: true,
    help: "remove a group of initiators, with -force also one that is not empty",
    run: async (session, { value, get }) => {
      const place = { driver: get("driver"), target: get("target"), group: value };
      const { drivers } = await readRunning(session.client);
      const group = drivers.get(place.driver)?.get(place.target)?.groups.get(value);
      const isUsed = group !== undefined && group.luns.size + group.initiators.length > 0;
      refuse(session, isUsed, `Group '${placeText(place)}' is not empty`);
      await session.must(`Removing group '${placeText(place)}'`, deleteGroup(place));
    },
  },
  {
    option: "add_init",
    value: "PATTERN",
    needs: ["driver", "target", "group"],
    help: "add an initiator, or a pattern for several, to a group",
    run: async (session, input) => {
      const place = groupPlace(input);
      const { drivers } = await readRunning(session.client);
      const groups = drivers.get(place.driver)?.get(place.target)?.groups ?? new Map();
      const owner = [...groups].find(([, group]) => group.initiators.includes(input.value));
      if (owner !== undefined) {
        session.say(`Initiator '${input.value}' is in group '${owner[0]}': nothing is done.`);
        return;
      }
      const what = `Adding initiator '${input.value}' to '${placeText(place)}'`;
      await session.must(what, addInitiator(place, input.value));
    },
  },
  {
    option: "rem_init",
    value: "PATTERN",
    needs: ["driver", "target", "group"],
    asks: true,
    help: "remove an initiator from a group",
    run: (session, input) => {
      const place = groupPlace(input);
      const what = `Removing initiator '${input.value}' from '${placeText(place)}'`;
      return session.must(what, deleteInitiator(place, input.value));
    },
  },
  {
    option: "move_init",
    value: "PATTERN",
    needs: ["driver", "target", "group", "to"],
    asks: true,
    help: "move an initiator to another group of the target",
    run: (session, input) => {
      const place = groupPlace(input);
      const to = input.get("to");
      const what = `Moving initiator '${input.value}' from group '${place.group}' to group '${to}'`;
      return session.must(what, moveInitiator(place, input.value, to));
    },
  },
  {
    option: "clear_inits",
    needs: ["driver", "target", "group"],
    asks: true,
    help: "remove all initiators from a group",
    run: (session, input) => {
      const place = groupPlace(input);
      const what = `Removing all initiators from '${placeText(place)}'`;
      return session.must(what, clearInitiators(place));
    },
  },
];

const LUNS: readonly Operation[] = [
  {
    option: "add_lun",
    value: "LUN",
    needs: ["driver", "target", "device"],
    takes: ["group", "attributes"],
    help: "add a device to a target or a group",
    run: (session, input) => {
      const place = lunPlace(input);
      const device = input.get("device");
      return session.must(
        `Adding device '${device}' at LUN ${input.value} to '${placeText(place)}'`,
        addLun(place, input.value, device, input.attributes),
      );
    },
  },
  {
    option: "rem_lun",
    value: "LUN",
    needs: ["driver", "target"],
    takes: ["group"],
    asks: true,
    help: "remove a LUN from a target or a group",
    run: (session, input) => {
      const place = lunPlace(input);
      const what = `Removing LUN ${input.value} from '${placeText(place)}'`;
      return session.must(what, deleteLun(place, input.value));
    },
  },
  {
    option: "replace_lun",
    value: "LUN",
    needs: ["driver", "target", "device"],
    takes: ["group", "attributes"],
    asks: true,
    help: "have a LUN be another device",
    run: (session, input) => {
      const place = lunPlace(input);
      const device = input.get("device");
      return session.must(
        `Replacing the device at LUN ${input.value} of '${placeText(place)}' by '${device}'`,
        replaceLun(place, input.value, device, input.attributes),
      );
    },
  },
  {
    option: "clear_luns",
    needs: ["driver", "target"],
    takes: ["group"],
    asks: true,
    help: "remove all LUNs from a target or a group",
    run: (session, input) => {
      const place = lunPlace(input);
      return session.must(`Removing all LUNs from '${placeText(place)}'`, clearLuns(place));
    },
  },
];

function refuse({ flags }: Session, isUsed: boolean, why: string): void {
  if (isUsed && !flags.force) throw new Fatal(`${why}. ${IN_USE}`);
}

/** Says what is done before and after. */
function announced(operation: Operation): Operation {
  return {
    ...operation,
    run: async (session, input) => {
      session.print("\n-> Making requested changes.");
      const result = await operation.run(session, input);
      session.say("Done.");
      return result;
    },
  };
}

export const OBJECT_OPERATIONS: readonly Operation[] = [
  ...DEVICES,
  ...DEVICE_GROUPS,
  ...TARGETS,
  ...GROUPS,
  ...LUNS,
].map(announced);
