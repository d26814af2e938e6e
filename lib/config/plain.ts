/**
 * A model as a configuration would say it: plain maps, lists and values under the names of SCST, without
 * what holds where nothing is said. What loadConfig() reads of it is the same model.
 */
import {
  type DeviceGroupModel,
  type DeviceModel,
  DIGESTS,
  DRIVER_DEFAULTS,
  type DriverModel,
  formatPortal,
  type GroupModel,
  type LunModel,
  printFault,
  type RedirectModel,
  type ServerModel,
  TARGET_DEFAULTS,
  type TargetAttributes,
  type TargetModel,
  type UserModel,
  type UsersModel,
} from "../scst/model.ts";
import { formatIsnsServer } from "./isns_server.ts";
import { TEXT_FIELDS } from "./device.ts";

/** What YAML has. */
export type Plain = string | number | boolean | readonly Plain[] | PlainMap;

/** Not an object, where keys like numbers would lose their place. */
export type PlainMap = ReadonlyMap<string, Plain>;

/** A map without the entries that have no value. */
export function mapOf(
  entries: readonly (readonly [key: string, value: Plain | undefined])[],
): Map<string, Plain> {
  return new Map(entries.filter((entry): entry is [string, Plain] => entry[1] !== undefined));
}

/** A value that is not the default. */
function unless<T extends Plain>(fallback: T | undefined, value: T | undefined): T | undefined {
  return value === fallback ? undefined : value;
}

function byName<T extends { readonly name: string }>(
  items: readonly T[],
  plain: (item: T) => Plain,
): PlainMap | undefined {
  if (items.length === 0) return undefined;
  return mapOf(items.map((item) => [item.name, plain(item)]));
}

/** The whole configuration. */
export function plainOf(model: ServerModel): PlainMap {
  const {
    portals,
    devices,
    targets,
    deviceGroups,
    driver,
    setupId = 0,
    kept = {},
    copyManager = {},
  } = model;
  const root = mapOf([["setup_id", unless(0, setupId)], ...Object.entries(kept)]);
  return mapOf([
    ["portals", portals.map(formatPortal)],
    ["devices", byName(devices, plainDevice)],
    ["targets", byName(targets, plainTarget)],
    ["device_groups", byName(deviceGroups, (group) => plainGroup(group))],
    ["iscsi", notEmpty(plainDriver(driver))],
    ["copy_manager", notEmpty(mapOf(Object.entries(copyManager)))],
    ["scst", notEmpty(root)],
  ]);
}

function notEmpty(value: PlainMap): PlainMap | undefined {
  return value.size === 0 ? undefined : value;
}

function plainDevice(device: DeviceModel): PlainMap {
  const { handler, ids, texts = {}, kept = {} } = device;
  const isDrive = handler === "vcdrom";
  const hex = (digits: string | undefined) => digits === undefined ? undefined : `0x${digits}`;
  return mapOf([
    ["handler", handler],
    ["filename", device.filename],
    ["blocksize", isDrive ? undefined : unless(512, device.blocksize)],
    ["size", device.size],
    ["read_only", isDrive ? undefined : unless(false, device.readOnly)],
    [
      "thin_provisioned",
      device.isProvisioningGiven ? device.thinProvisioned : unless(false, device.thinProvisioned),
    ],
    ["rotational", unless(true, device.rotational)],
    ["removable", isDrive ? undefined : unless(false, device.removable)],
    ["write_through", unless(false, device.writeThrough)],
    ["nv_cache", unless(false, device.nvCache)],
    ["o_direct", unless(false, device.oDirect ?? false)],
    ["tst", unless(1 as number, device.tst)],
    ["expl_alua", unless(false, device.explAlua)],
    ["active", unless(true, device.active ?? true)],
    ["max_tgt_dev_commands", device.maxCommands],
    ["opt_trans_len", device.optTransLen],
    ["lb_per_pb_exp", unless(true, !device.hidesPhysicalBlocks)],
    ["dummy", device.dummy],
    ["pr_file_name", device.prFileName],
    ["faults", list((device.faults ?? []).map(printFault))],
    ["naa_id", hex(ids.naaId)],
    ["eui64_id", hex(ids.eui64Id)],
    ["usn", ids.usn],
    ["t10_dev_id", ids.t10DevId],
    ...TEXT_FIELDS.map(([name, key]) => [name, texts[key]] as const),
    ...Object.entries(kept),
  ]);
}

function plainTarget(target: TargetModel): PlainMap {
  const { attributes, relTgtId, luns, groups, kept = {} } = target;
  return mapOf([
    ["enabled", unless(true, attributes.enabled)],
    ["rel_tgt_id", unless(0, relTgtId)],
    ...plainAttributes(attributes),
    ...plainUsers(target),
    ...Object.entries(kept),
    ["luns", plainLuns(luns)],
    ["ini_groups", byName(groups, plainInitiators)],
  ]);
}

const yesNo = (value: boolean) => value ? "Yes" : "No";

/** Attributes that are written as they are in the model. */
const SAME: readonly (readonly [
  name: string,
  key: {
    [K in keyof TargetAttributes]: TargetAttributes[K] extends Plain | undefined ? K : never;
  }[keyof TargetAttributes],
])[] = [
  ["alias", "alias"],
  ["addr_method", "addrMethod"],
  ["aen_disabled", "aenDisabled"],
  ["comment", "comment"],
  ["per_portal_acl", "perPortalAcl"],
  ["MaxSessions", "maxSessions"],
  ["QueuedCommands", "queuedCommands"],
  ["RspTimeout", "rspTimeout"],
  ["NopInInterval", "nopInInterval"],
  ["NopInTimeout", "nopInTimeout"],
  ["MaxRecvDataSegmentLength", "maxRecvDataSegmentLength"],
  ["MaxXmitDataSegmentLength", "maxXmitDataSegmentLength"],
  ["MaxBurstLength", "maxBurstLength"],
  ["FirstBurstLength", "firstBurstLength"],
  ["MaxOutstandingR2T", "maxOutstandingR2T"],
];

function plainAttributes(
  attributes: TargetAttributes,
): (readonly [string, Plain | undefined])[] {
  const defaults = TARGET_DEFAULTS;
  const digests = (key: "headerDigest" | "dataDigest") => {
    const text = DIGESTS.filter((digest) => attributes[key].includes(digest)).join(",");
    return unless(DIGESTS.join(","), text);
  };
  const flag = (key: "initialR2T" | "immediateData") =>
    unless(yesNo(defaults[key]), yesNo(attributes[key]));
  return [
    ...SAME.map(([name, key]) => [name, unless<Plain>(defaults[key], attributes[key])] as const),
    ["allowed_portal", list(attributes.allowedPortals)],
    ["redirect", attributes.redirect && printRedirect(attributes.redirect)],
    ["InitialR2T", flag("initialR2T")],
    ["ImmediateData", flag("immediateData")],
    ["HeaderDigest", digests("headerDigest")],
    ["DataDigest", digests("dataDigest")],
  ];
}

/** A redirection as SCST writes it. */
export function printRedirect({ portal, permanent }: RedirectModel): string {
  return `${formatPortal(portal)} ${permanent ? "perm" : "temp"}`;
}

function list(items: readonly string[]): readonly string[] | undefined {
  return items.length === 0 ? undefined : items;
}

function plainUsers({ incomingUsers, outgoingUser }: UsersModel): [string, Plain | undefined][] {
  const secrets = (users: readonly UserModel[]) =>
    users.length === 0 ? undefined : mapOf(users.map(({ name, secret }) => [name, secret]));
  return [
    ["IncomingUser", secrets(incomingUsers)],
    ["OutgoingUser", secrets(outgoingUser === undefined ? [] : [outgoingUser])],
  ];
}

function plainLuns(luns: readonly LunModel[]): PlainMap | undefined {
  if (luns.length === 0) return undefined;
  return mapOf(luns.map(({ lun, device, readOnly }) => [
    String(lun),
    readOnly ? mapOf([["device", device], ["read_only", true]]) : device,
  ]));
}

function plainInitiators({ initiators, luns, addrMethod, kept = {} }: GroupModel): PlainMap {
  return mapOf([
    ["initiators", list(initiators)],
    ["addr_method", unless<string>("PERIPHERAL", addrMethod)],
    ["luns", plainLuns(luns)],
    ...Object.entries(kept),
  ]);
}

function plainDriver(driver: DriverModel): PlainMap {
  return mapOf([
    ["enabled", unless(DRIVER_DEFAULTS.enabled, driver.enabled)],
    ["link_local", unless(DRIVER_DEFAULTS.linkLocal, driver.linkLocal)],
    ["internal_portal", list(driver.internalPortals)],
    ["iSNSServer", driver.isnsServer && formatIsnsServer(driver.isnsServer)],
    ["isns_entity_name", driver.isnsEntityName],
    ...plainUsers(driver),
  ]);
}

function plainGroup({ devices, targetGroups }: DeviceGroupModel): PlainMap {
  return mapOf([
    ["devices", list(devices)],
    [
      "target_groups",
      byName(targetGroups, ({ groupId, state, preferred, targets }) =>
        mapOf([
          ["group_id", groupId],
          ["state", unless<string>("active", state)],
          ["preferred", unless(false, preferred)],
          [
            "targets",
            targets.every(({ isRemote }) => !isRemote) ? targets.map(({ name }) => name) : byName(
              targets,
              ({ isRemote, relTgtId }) =>
                mapOf([["rel_tgt_id", isRemote ? unless(0, relTgtId) : undefined]]),
            ),
          ],
        ])),
    ],
  ]);
}
