/** Which identities each configured device has: those of the file first, then the saved ones. */
import type { DeviceIds } from "../scst/model.ts";
import type { DeviceDraft } from "./device.ts";
import { savedIds } from "./ids.ts";
import type { SavedIds } from "./ids_file.ts";
import type { ProblemList } from "./problem.ts";

/**
 * The identities of `devices` by name; the state directory is looked at only if one is missing.
 * Throws ConfigError; a clash of a given with a saved identity goes to `problems`.
 */
export function identities(
  devices: readonly DeviceDraft[],
  stateDir: string,
  problems: ProblemList,
): ReadonlyMap<string, DeviceIds> {
  const incomplete = devices.filter((device) => given(device) === undefined);
  if (incomplete.length === 0) return resolve(devices, new Map());
  const saved = savedIds(stateDir, incomplete.map(({ name }) => name));
  const ids = resolve(devices, saved);
  checkClash(devices, ids, problems);
  return ids;
}

function given({ values }: DeviceDraft): SavedIds | undefined {
  const { naa_id, usn } = values;
  return naa_id === undefined || usn === undefined ? undefined : { naaId: naa_id, usn };
}

function resolve(
  devices: readonly DeviceDraft[],
  saved: ReadonlyMap<string, SavedIds>,
): ReadonlyMap<string, SavedIds> {
  return new Map(devices.map((device) => {
    const base = given(device) ?? saved.get(device.name);
    if (!base) throw new Error(`Device ${device.name} has no identity`);
    const { naa_id, usn } = device.values;
    return [device.name, { naaId: naa_id ?? base.naaId, usn: usn ?? base.usn }];
  }));
}

/** Two given identities that are equal were told before; here one of the two is a saved one. */
function checkClash(
  devices: readonly DeviceDraft[],
  ids: ReadonlyMap<string, DeviceIds>,
  problems: ProblemList,
): void {
  for (const [attribute, field] of [["naa_id", "naaId"], ["usn", "usn"]] as const) {
    const unstated = devices.filter(({ values }) => values[attribute] === undefined);
    const owners = new Map(unstated.map(({ name }) => [ids.get(name)?.[field], name]));
    for (const { values, at, path } of devices) {
      const owner = values[attribute] === undefined ? undefined : owners.get(values[attribute]);
      const place = at.get(attribute);
      if (owner === undefined || !place) continue;
      const what = `must be that of one device only: it is the saved one of device ${owner}`;
      problems.add(place, `${path}.${attribute}`, what);
    }
  }
}
