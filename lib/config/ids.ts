/**
 * The saved identities of devices. Initiators recognise a disk by them, so they are drawn at
 * random once, kept in one file of the state directory under the device's name, and never made
 * again: a file that cannot be understood is an error, and what it says of devices that are not
 * configured now is kept.
 */
import { log } from "../log.ts";
import { type IdsByName, NewerIdsError, parseIds, printIds, type SavedIds } from "./ids_file.ts";
import { ConfigError } from "./problem.ts";
import { readText, reason } from "./read_text.ts";
import { makeDirectory, saveText, withLock } from "./save_text.ts";

const MAX_BYTES = 16 * 1024 * 1024;

/** NAA 6h and a locally administered OUI: its first octet, 02h, has the bit that says so. */
const NAA_PREFIX = "6025c57";
const NAA_DIGITS = 32;
const USN_DIGITS = 16;

/** The identities of devices by name, with a state directory to find them in. Throws ConfigError. */
export type IdsFinder = (
  stateDir: string,
  names: readonly string[],
) => ReadonlyMap<string, SavedIds>;

/**
 * The identities of the devices `names`. Those that are not saved in `stateDir` yet are made, saved
 * and logged; nothing is written if all are there. Throws ConfigError.
 */
export function savedIds(
  stateDir: string,
  names: readonly string[],
): ReadonlyMap<string, SavedIds> {
  const path = pathIn(stateDir);
  const known = load(path);
  if (names.every((name) => known.has(name))) return known;
  try {
    makeDirectory(stateDir);
    return withLock(`${stateDir}/ids.lock`, () => {
      // Another scst with the same state directory may have saved since.
      const latest = load(path);
      const missing = names.filter((name) => !latest.has(name));
      const made = madeFor(missing);
      const all = new Map([...latest, ...made]);
      if (made.size > 0) saveText(path, printIds(all));
      for (const [name, { naaId, usn }] of made) {
        log("info", `new ids for device ${name} saved in ${path}: naa_id=0x${naaId} usn=${usn}`);
      }
      return all;
    });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const what = `Cannot save the ids of new devices in ${stateDir}: ${reason(error)}`;
    throw new ConfigError([`${what}; name a directory that can be written with --state`], {
      cause: error,
    });
  }
}

/** Those that are saved; of the others, which have none, the log warns. Nothing is written. */
export function knownIds(
  stateDir: string,
  names: readonly string[],
): ReadonlyMap<string, SavedIds> {
  const known = load(pathIn(stateDir));
  for (const name of names.filter((name) => !known.has(name))) {
    log("warning", `device ${name} has no ids in ${stateDir} yet, and is named as SCST does it`);
  }
  return known;
}

/** As savedIds() would say, but those that are made are gone again: nothing is written. */
export function passingIds(
  stateDir: string,
  names: readonly string[],
): ReadonlyMap<string, SavedIds> {
  const known = load(pathIn(stateDir));
  return new Map([...known, ...madeFor(names.filter((name) => !known.has(name)))]);
}

function pathIn(stateDir: string): string {
  return `${stateDir}/ids.json`;
}

function madeFor(names: readonly string[]): IdsByName {
  return new Map(names.map((name) => [name, randomIds()]));
}

function load(path: string): IdsByName {
  let text: string;
  try {
    text = readText(path, MAX_BYTES);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.cause instanceof Deno.errors.NotFound) return new Map();
    throw new ConfigError([`${error.message}; it has the ids of all devices`], { cause: error });
  }
  try {
    return parseIds(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const what = `Cannot use the saved device ids in ${path}: ${error.message}`;
    const advice = error instanceof NewerIdsError
      ? "run that one, or restore the file that this one had"
      : "restore the file from a backup, or remove it if initiators may see new disks";
    throw new ConfigError([`${what}; ${advice}`], { cause: error });
  }
}

function randomIds(): SavedIds {
  return {
    naaId: NAA_PREFIX + randomDigits(NAA_DIGITS - NAA_PREFIX.length),
    usn: randomDigits(USN_DIGITS),
  };
}

function randomDigits(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(count / 2)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, count);
}
