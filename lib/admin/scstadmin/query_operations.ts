/** The options that only look. */
import { lunsPath } from "./paths.ts";
import { listAttributes, type Offer } from "./list_attributes.ts";
import {
  listDevice,
  listDeviceGroups,
  listDevices,
  listDrivers,
  listGroups,
  listHandlers,
  listSessions,
  listTargetGroups,
  listTargets,
} from "./list_objects.ts";
import type { Input, Operation } from "./operation.ts";
import {
  deviceGroupPath,
  driverPath,
  groupPath,
  handlerPath,
  initiatorsPath,
  placeText,
  targetGroupPath,
  targetPath,
} from "./paths.ts";

type Query = Omit<Operation, "isQuery">;

const LISTS: readonly Query[] = [
  {
    option: "list_handler",
    value: "[HANDLER]",
    help: "the handlers, or the devices of one",
    run: (session, { value }) => listHandlers(session, value),
  },
  {
    option: "list_device",
    value: "[DEVICE]",
    help: "the devices, or the attributes of one",
    run: (session, { value }) => listDevices(session, value),
  },
  {
    option: "list_dgrp",
    value: "[DEVICE_GROUP]",
    help: "the device groups, or what is in one",
    run: (session, { value }) => listDeviceGroups(session, value),
  },
  {
    option: "list_tgrp",
    value: "[TARGET_GROUP]",
    needs: ["dev_group"],
    help: "the target groups of a device group, or the targets of one",
    run: (session, { value, get }) => listTargetGroups(session, get("dev_group"), value),
  },
  {
    option: "list_driver",
    value: "[DRIVER]",
    help: "the target drivers, or the targets of one",
    run: (session, { value }) => listDrivers(session, value),
  },
  {
    option: "list_target",
    value: "[TARGET]",
    takes: ["driver"],
    help: "the targets, or the LUNs and groups of one",
    run: (session, { value, get }) => listTargets(session, get("driver"), value),
  },
  {
    option: "list_group",
    value: "[GROUP]",
    takes: ["driver", "target"],
    help: "the groups with their LUNs and initiators",
    run: (session, { value, get }) => listGroups(session, get("driver"), get("target"), value),
  },
  {
    option: "list_sessions",
    help: "the sessions of all targets",
    run: (session) => listSessions(session),
  },
];

const LUN_OFFER = "LUN CREATE attributes available";
const DYNAMIC_OFFER = "Dynamic attributes available";

const ATTRIBUTES: readonly Query[] = [
  {
    option: "list_scst_attr",
    help: "the attributes of SCST",
    run: (session) => listAttributes(session, "", "SCST"),
  },
  {
    option: "list_hnd_attr",
    value: "HANDLER",
    help: "the attributes of a handler, and what its devices can be given",
    run: (session, { value }) => {
      const directory = handlerPath(value);
      return listAttributes(session, directory, `handler '${value}'`, [
        { directory, heading: "create", title: "Device CREATE attributes available" },
      ]);
    },
  },
  {
    option: "list_dev_attr",
    value: "DEVICE",
    help: "the attributes of a device",
    run: (session, { value }) => listDevice(session, value),
  },
  {
    option: "list_drv_attr",
    value: "DRIVER",
    help: "the attributes of a target driver",
    run: async (session, { value }) => {
      const directory = driverPath(value);
      await listAttributes(session, directory, `driver '${value}'`, [
        { directory, heading: "driverDynamic", title: DYNAMIC_OFFER },
        { directory, heading: "create", title: "Target CREATE attributes available:" },
      ]);
      // scstadmin does so for every driver that offers nothing at the creation of targets.
      return 1;
    },
  },
  {
    option: "list_tgt_attr",
    value: "TARGET",
    needs: ["driver"],
    help: "the attributes of a target",
    run: (session, { value: target, get }) => {
      const driver = get("driver");
      return listAttributes(session, targetPath(driver, target), `target '${driver}/${target}'`, [
        { directory: driverPath(driver), heading: "targetDynamic", title: DYNAMIC_OFFER },
        lunOffer(lunsPath({ driver, target })),
      ]);
    },
  },
  {
    option: "list_grp_attr",
    value: "GROUP",
    needs: ["driver", "target"],
    help: "the attributes of a group",
    run: (session, { value, get }) => {
      const place = { driver: get("driver"), target: get("target"), group: value };
      const title = `group '${placeText(place)}'`;
      return listAttributes(session, groupPath(place), title, [lunOffer(lunsPath(place))]);
    },
  },
  {
    option: "list_lun_attr",
    value: "LUN",
    needs: ["driver", "target"],
    takes: ["group"],
    help: "the attributes of a LUN",
    run: (session, input) => {
      const place = lunPlace(input);
      const title = `LUN ${input.value} in '${placeText(place)}'`;
      return listAttributes(session, `${lunsPath(place)}/${input.value}`, title);
    },
  },
  {
    option: "list_init_attr",
    value: "PATTERN",
    needs: ["driver", "target", "group"],
    help: "the attributes of an initiator, which has none",
    run: (session, { value, get }) => {
      const place = { driver: get("driver"), target: get("target"), group: get("group") };
      const title = `initiator '${value}' in '${placeText(place)}'`;
      return listAttributes(session, `${initiatorsPath(place)}/${value}`, title);
    },
  },
  {
    option: "list_dgrp_attr",
    value: "DEVICE_GROUP",
    help: "the attributes of a device group",
    run: (session, { value }) =>
      listAttributes(session, deviceGroupPath(value), `device group '${value}'`),
  },
  {
    option: "list_tgrp_attr",
    value: "TARGET_GROUP",
    needs: ["dev_group"],
    help: "the attributes of a target group",
    run: (session, { value, get }) => {
      const group = get("dev_group");
      const title = `target group '${group}/${value}'`;
      return listAttributes(session, targetGroupPath(group, value), title);
    },
  },
  {
    option: "list_ttgt_attr",
    value: "TARGET",
    needs: ["dev_group", "tgt_group"],
    help: "the attributes of a target in a target group",
    run: (session, { value, get }) => {
      const path = targetGroupPath(get("dev_group"), get("tgt_group"));
      const title = `target '${value}' in target group '${get("dev_group")}/${get("tgt_group")}'`;
      return listAttributes(session, `${path}/${value}`, title);
    },
  },
];

function lunOffer(directory: string): Offer {
  return { directory, heading: "create", title: LUN_OFFER };
}

/** The set of LUNs that the options of a call name. */
export function lunPlace({ get }: Input) {
  const place = { driver: get("driver"), target: get("target") };
  return get("group") === "" ? place : { ...place, group: get("group") };
}

export const QUERIES: readonly Operation[] = [...LISTS, ...ATTRIBUTES]
  .map((query) => ({ ...query, isQuery: true }));
