/** Which identities each configured device has: those of the file first, then the saved ones. */
import type { DeviceIds } from "../scst/model.ts";
import type { DeviceAttributes, DeviceDraft } from "./device.ts";
import type { IdsFinder } from "./ids.ts";
import type { SavedIds } from "./ids_file.ts";
import type { ProblemList } from "./problem.ts";
import { scstIds } from "./scst_ids.ts";

/**
 * The identities of `devices` by name; the state directory is looked at by `find` only if one is missing. A
 * device with a `t10_dev_id` is named as SCST does it, and needs no NAA designator, as one that `find`
 * does not find either; `setupId` is that of the machine. Throws ConfigError; a clash of a given with a
 * saved identity goes to `problems`.
 */
export function identities(
  devices: readonly DeviceDraft[],
  stateDir: string,
  setupId: number,
  problems: ProblemList,
  find: IdsFinder,
): ReadonlyMap<string, DeviceIds> {
  const incomplete = devices.filter(({ values }) => !isComplete(values));
  const saved: ReadonlyMap<string, SavedIds> = incomplete.length === 0
    ? new Map()
    : find(stateDir, incomplete.map(({ name }) => name));
  const ids = new Map(
    devices.map(({ name, values }) => [name, idsOf(name, values, saved.get(name), setupId)]),
  );
  if (incomplete.length > 0) checkClash(devices, ids, problems);
  return ids;
}

function isComplete({ usn, naa_id, t10_dev_id }: Readonly<DeviceAttributes>): boolean {
  return usn !== undefined && (naa_id !== undefined || t10_dev_id !== undefined);
}

function idsOf(
  name: string,
  { naa_id, eui64_id, usn, t10_dev_id }: Readonly<DeviceAttributes>,
  saved: SavedIds | undefined,
  setupId: number,
): DeviceIds {
  const computed = scstIds(name, setupId);
  const isUnknown = saved === undefined && (usn === undefined || naa_id === undefined);
  const naaId = naa_id ?? saved?.naaId;
  const serial = usn ?? saved?.usn ?? computed.usn;
  const t10DevId = t10_dev_id ?? (isUnknown ? computed.t10DevId : undefined);
  const ids: DeviceIds = {
    ...(naaId === undefined ? {} : { naaId }),
    ...(eui64_id === undefined ? {} : { eui64Id: eui64_id }),
    usn: serial,
  };
  if (t10DevId === undefined) return ids;
  const given = ([["usn", serial], ["t10DevId", t10DevId]] as const)
    .filter(([key, value]) => computed[key] !== value)
    .map(([key]) => key);
  return { ...ids, t10DevId, ...(given.length === 0 ? {} : { given }) };
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
