/** The text of ids.json: the saved identities of devices by name. */
import { newerState } from "../newer_state.ts";
import { isUsn } from "./device_ids.ts";
import { quote } from "./problem.ts";

const VERSION = 1;

/** The text is of a later version of the program. */
export class NewerIdsError extends Error {
  override readonly name = "NewerIdsError";
}

/** NAA IEEE Registered Extended, which is what is made. */
const NAA_ID = /^(?:0x)?(6[0-9a-f]{31})$/;

/** What is made for a device and kept. */
export interface SavedIds {
  readonly naaId: string;
  readonly usn: string;
}

export type IdsByName = Map<string, SavedIds>;

/** The identities in `text`. Throws an Error that says why the text cannot be trusted. */
export function parseIds(text: string): IdsByName {
  const devices = devicesOf(text);
  const ids: IdsByName = new Map();
  const owners = new Map<string, string>();
  for (const [name, entry] of Object.entries(devices)) {
    const { naaId, usn } = parseEntry(name, entry);
    for (const id of [`naa_id ${naaId}`, `usn ${usn}`]) {
      const owner = owners.get(id);
      if (owner !== undefined) {
        throw new Error(`devices ${quote(owner)} and ${quote(name)} have the same ${id}`);
      }
      owners.set(id, name);
    }
    ids.set(name, { naaId, usn });
  }
  return ids;
}

function devicesOf(text: string): Record<string, unknown> {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
  if (!isRecord(root)) throw new Error("it is not a JSON object");
  const version = root["version"];
  if (Number.isInteger(version) && Number(version) > VERSION) {
    throw new NewerIdsError(newerState(Number(version), VERSION));
  }
  if (version !== VERSION) throw new Error(`its version is not ${VERSION}`);
  const devices = root["devices"];
  if (!isRecord(devices)) throw new Error('it has no object "devices"');
  return devices;
}

function parseEntry(name: string, entry: unknown): SavedIds {
  const naaText = isRecord(entry) ? entry["naa_id"] : undefined;
  const [, naaId] = typeof naaText === "string" ? NAA_ID.exec(naaText) ?? [] : [];
  if (naaId === undefined) throw new Error(`device ${quote(name)} has no valid naa_id`);
  const usn = isRecord(entry) ? entry["usn"] : undefined;
  if (typeof usn !== "string" || !isUsn(usn)) {
    throw new Error(`device ${quote(name)} has no valid usn`);
  }
  return { naaId, usn };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text that parseIds() reads back as `ids`. */
export function printIds(ids: IdsByName): string {
  const devices = Object.fromEntries(
    [...ids].map(([name, { naaId, usn }]) => [name, { naa_id: `0x${naaId}`, usn }]),
  );
  return JSON.stringify({ version: VERSION, devices }, undefined, 2) + "\n";
}
