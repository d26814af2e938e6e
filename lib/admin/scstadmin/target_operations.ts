/** The options for targets, groups of initiators, and LUNs. */
import type { Input, Operation } from "./operation.ts";
import { targetOwner } from "./owners.ts";
import { placeText } from "./paths.ts";
import { lunPlace } from "./query_operations.ts";
import { removeTarget } from "./remove_target.ts";
import { readRunning } from "./running.ts";
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

export const TARGET_OPERATIONS: readonly Operation[] = [
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

export const GROUP_OPERATIONS: readonly Operation[] = [
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
      session.refuseIf(isUsed, `Group '${placeText(place)}' is not empty`);
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

export const LUN_OPERATIONS: readonly Operation[] = [
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
