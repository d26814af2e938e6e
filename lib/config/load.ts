/** From a configuration file to the model that a server is started with. */
import {
  type DeviceGroupModel,
  type DeviceIds,
  type DeviceModel,
  type DeviceTexts,
  type LunModel,
  MAX_COMMANDS,
  type ServerModel,
  type TargetModel,
} from "../scst/model.ts";
import { type Configuration, parseConfiguration, userOwners } from "./configuration.ts";
import { type DeviceAttributes, type DeviceDraft, TEXT_FIELDS } from "./device.ts";
import type { DeviceGroupDraft } from "./device_group.ts";
import { driverModel } from "./driver.ts";
import { identities } from "./identities.ts";
import { type IdsFinder, savedIds } from "./ids.ts";
import { COPY_MANAGER_KEPT, deviceKept, keptPart, ROOT_KEPT } from "./kept.ts";
import type { LunDraft } from "./luns.ts";
import { ConfigError, ProblemList } from "./problem.ts";
import { readText, reason } from "./read_text.ts";
import { relativeIds } from "./relative_ids.ts";
import { warnOfSecrets } from "./secrecy.ts";
import type { TargetDraft } from "./target.ts";
import { usersModel } from "./users.ts";

/** Bytes of a configuration at most. */
export const CONFIG_MOST = 1024 * 1024;

/** The text of the configuration `path`. Throws ConfigError. */
export function readConfigText(path: string): string {
  try {
    return readText(path, CONFIG_MOST);
  } catch (error) {
    throw new ConfigError([reason(error)], { cause: error });
  }
}

/**
 * Reads and validates the file `path`; writes nothing but warnings to the log. Throws ConfigError,
 * whose problems name file, line and key.
 */
export function readConfiguration(path: string): Configuration {
  const configuration = parseConfiguration(readConfigText(path), path);
  warnOfSecrets(path, Deno.statSync(path).mode, userOwners(configuration));
  return configuration;
}

/** How a configuration becomes a model. */
export interface LoadOptions {
  /** What is served, if it is to be applied to that. */
  readonly now?: ServerModel;
  /** Where devices without identities have them from; new ones are saved where nothing is said. */
  readonly ids?: IdsFinder;
}

/**
 * The model of the file `path`. Devices without identities get those that are saved in `stateDir`,
 * or new ones, which are saved there unless `options` say otherwise. Throws ConfigError, whose problems
 * name file, line and key.
 */
export function loadConfig(path: string, stateDir: string, options?: LoadOptions): ServerModel {
  return serverModel(readConfiguration(path), path, stateDir, options);
}

/** The model of a configuration that was read from `file`, as loadConfig() makes it. */
export function serverModel(
  { iscsi, portals, devices, targets, device_groups, copy_manager, scst }: Configuration,
  file: string,
  stateDir: string,
  { now, ids: find = savedIds }: LoadOptions = {},
): ServerModel {
  const problems = new ProblemList(file);
  const ids = identities(devices, stateDir, scst.setup_id, problems, find);
  problems.throwIfAny();
  const { kept: copyManager } = keptPart(COPY_MANAGER_KEPT, copy_manager);
  const ports = relativeIds(targets, device_groups, now && relativeIdsOf(now));
  return {
    stateDir,
    driver: driverModel(iscsi),
    portals,
    devices: devices.map((draft) => deviceModel(draft, ids)),
    targets: targets.map((target) => targetModel(target, ports)),
    deviceGroups: device_groups.map((group) => deviceGroupModel(group, ports)),
    ...(scst.setup_id === 0 ? {} : { setupId: scst.setup_id }),
    ...keptPart(ROOT_KEPT, scst),
    ...(copyManager === undefined ? {} : { copyManager }),
  };
}

/** Who has which relative identifier, of this node and of others. */
function relativeIdsOf({ targets, deviceGroups }: ServerModel): ReadonlyMap<string, number> {
  const members = deviceGroups.flatMap(({ targetGroups }) => targetGroups)
    .flatMap((group) => group.targets.filter(({ isRemote }) => isRemote));
  const named = [...members, ...targets].filter(({ relTgtId }) => relTgtId !== 0);
  return new Map(named.map(({ name, relTgtId }) => [name, relTgtId]));
}

/** The model of a target as it was read; `ports` are the relative identifiers by name. */
export function targetModel(
  { name, attributes, luns, groups, users, kept }: TargetDraft,
  ports: ReadonlyMap<string, number>,
): TargetModel {
  return {
    name,
    relTgtId: ports.get(name) ?? 0,
    attributes,
    luns: luns.map(lunModel),
    groups: groups.map((group) => ({ ...group, luns: group.luns.map(lunModel) })),
    ...usersModel(users),
    ...(kept === undefined ? {} : { kept }),
  };
}

function lunModel({ lun, device, readOnly }: LunDraft): LunModel {
  return { lun, device, readOnly };
}

function deviceModel(
  { name, values, given }: DeviceDraft,
  ids: ReadonlyMap<string, DeviceIds>,
): DeviceModel {
  const own = ids.get(name);
  if (!own) throw new Error(`Device ${name} has no identity`);
  return {
    name,
    handler: values.handler,
    ...(values.filename === undefined ? {} : { filename: values.filename }),
    blocksize: values.blocksize,
    ...(values.size === undefined ? {} : { size: values.size }),
    readOnly: values.read_only,
    thinProvisioned: values.thin_provisioned,
    ...(given.has("thin_provisioned") ? { isProvisioningGiven: true } : {}),
    rotational: values.rotational,
    removable: values.removable,
    writeThrough: values.write_through,
    nvCache: values.nv_cache,
    ...(values.o_direct ? { oDirect: true } : {}),
    tst: values.tst,
    explAlua: values.expl_alua,
    ...(values.active ? {} : { active: false }),
    ids: own,
    ...textsOf(values),
    ...(values.max_tgt_dev_commands === MAX_COMMANDS
      ? {}
      : { maxCommands: values.max_tgt_dev_commands }),
    ...(values.opt_trans_len === undefined ? {} : { optTransLen: values.opt_trans_len }),
    ...(values.dummy ? { dummy: true } : {}),
    ...(values.lb_per_pb_exp ? {} : { hidesPhysicalBlocks: true }),
    ...(values.pr_file_name === undefined ? {} : { prFileName: values.pr_file_name }),
    ...(values.faults.length === 0 ? {} : { faults: values.faults }),
    ...keptPart(deviceKept(values.handler), values),
  };
}

/** Texts by which a device presents itself, if it has any of its own. */
function textsOf(values: Readonly<DeviceAttributes>): { texts?: DeviceTexts } {
  const given = TEXT_FIELDS.filter(([key]) => values[key] !== undefined && values[key] !== "");
  if (given.length === 0) return {};
  return { texts: Object.fromEntries(given.map(([key, field]) => [field, values[key]])) };
}

function deviceGroupModel(
  { name, values }: DeviceGroupDraft,
  ports: ReadonlyMap<string, number>,
): DeviceGroupModel {
  return {
    name,
    devices: values.devices.map((device) => device.name),
    targetGroups: values.target_groups.map(({ name, values }) => ({
      name,
      groupId: values.group_id,
      state: values.state,
      preferred: values.preferred,
      targets: values.targets.map(({ name, relTgtId }) => ({
        name,
        relTgtId: ports.get(name) ?? 0,
        isRemote: relTgtId !== undefined,
      })),
    })),
  };
}
