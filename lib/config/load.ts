/** From a configuration file to the model that a server is started with. */
import type { DeviceIds, DeviceModel, LunModel, ServerModel, TargetModel } from "../scst/model.ts";
import { type Configuration, parseConfiguration } from "./configuration.ts";
import type { DeviceAttributes } from "./device.ts";
import { identities } from "./identities.ts";
import type { LunDraft } from "./luns.ts";
import { ConfigError, ProblemList } from "./problem.ts";
import { readText } from "./read_text.ts";
import type { TargetDraft } from "./target.ts";

const MAX_BYTES = 1024 * 1024;

/** Reads and validates the file `path`; writes nothing. Throws ConfigError. */
export function readConfiguration(path: string): Configuration {
  let text: string;
  try {
    text = readText(path, MAX_BYTES);
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)], {
      cause: error,
    });
  }
  return parseConfiguration(text, path);
}

/**
 * The model of the file `path`. Devices without identities get those that are saved in `stateDir`,
 * or new ones, which are saved there. Throws ConfigError, whose problems name file, line and key.
 */
export function loadConfig(path: string, stateDir: string): ServerModel {
  const { iscsi, portals, devices, targets } = readConfiguration(path);
  const problems = new ProblemList(path);
  const ids = identities(devices, stateDir, problems);
  problems.throwIfAny();
  return {
    stateDir,
    driver: iscsi,
    portals,
    devices: devices.map(({ name, values }) => deviceModel(name, values, ids)),
    targets: targets.map(targetModel),
  };
}

/** The model of a target as it was read. */
export function targetModel({ name, attributes, luns, groups }: TargetDraft): TargetModel {
  return {
    name,
    attributes,
    luns: luns.map(lunModel),
    groups: groups.map((group) => ({ ...group, luns: group.luns.map(lunModel) })),
  };
}

function lunModel({ lun, device, readOnly }: LunDraft): LunModel {
  return { lun, device, readOnly };
}

function deviceModel(
  name: string,
  values: Readonly<DeviceAttributes>,
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
    rotational: values.rotational,
    removable: values.removable,
    writeThrough: values.write_through,
    nvCache: values.nv_cache,
    tst: values.tst,
    atomicWrites: values.atomic_writes,
    ids: own,
  };
}
