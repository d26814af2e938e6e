/** Opens the devices of a configuration, and sets their attributes and those of their handlers. */
import type { Attributes } from "./attributes.ts";
import { readAttributes, valueOf } from "./attributes.ts";
import { addDevice, deleteDevice, withUnknownParameters } from "./device_commands.ts";
import { Code } from "./error_codes.ts";
import { available } from "./mgmt_help.ts";
import { deviceOwner, handlerOwner } from "./owners.ts";
import { devicePath, handlerPath } from "./paths.ts";
import type { Running } from "./running.ts";
import type { Session } from "./session.ts";
import { setAttributes } from "./set_attributes.ts";
import type { Values, Wanted } from "./wanted.ts";

/** Two names of one thing: who gives the second need not give the first. */
const SAME = new Map([["size", "size_mb"]]);

/** Returns the number of changes. Rejects with Fatal and TreeError. */
export async function applyDevices(
  session: Session,
  wanted: Wanted,
  running: Running,
): Promise<number> {
  let changes = await closeOthers(session, wanted, running);
  for (const [handler, { devices, attributes }] of wanted.handlers) {
    const creates = await available(session.client, handlerPath(handler), "create");
    const open = new Set(running.handlers.get(handler) ?? []);
    for (const [device, values] of devices) {
      const [parameters, others] = split(values, creates);
      const known = new Set([...creates].filter((name) => !others.has(name)));
      if (!open.has(device)) {
        await openDevice(session, handler, device, parameters, known);
        changes++;
      } else {
        changes += await reopen(session, handler, device, parameters, known);
      }
      changes += await setAttributes(session, deviceOwner(device), others);
    }
    changes += await setAttributes(session, handlerOwner(handler), attributes);
  }
  return changes;
}

/** Opens a device with parameters. Rejects with Fatal and TreeError. */
export async function openDevice(
  session: Session,
  handler: string,
  device: string,
  parameters: Values,
  known: ReadonlySet<string>,
): Promise<void> {
  const command = withUnknownParameters(
    addDevice(handler, device, parameters),
    parameters,
    known,
    Code.DEVICE_BAD_ATTRIBUTES,
  );
  await session.must(`Opening device '${device}' using handler '${handler}'`, command);
}

/** Closes a device. Rejects with Fatal and TreeError. */
export async function closeDevice(
  session: Session,
  handler: string,
  device: string,
): Promise<void> {
  await session.must(
    `Closing device '${device}' using handler '${handler}'`,
    deleteDevice(handler, device),
  );
}

/** Parameters that can be written afterwards as well: a parameter has no blank in it. */
const BLANKS_LATER = ["t10_dev_id"];

/** What a device is made with, and what is written to it afterwards. */
export function split(values: Values, known: ReadonlySet<string>): [Values, Values] {
  const isParameter = ([name, [value = ""]]: [string, readonly string[]]) =>
    known.has(name) && !(BLANKS_LATER.includes(name) && /[\s=;]/.test(value));
  const entries = [...values];
  return [
    new Map(entries.filter(isParameter)),
    new Map(entries.filter((entry) => !isParameter(entry))),
  ];
}

async function closeOthers(session: Session, wanted: Wanted, running: Running): Promise<number> {
  let changes = 0;
  for (const [handler, devices] of running.handlers) {
    for (const device of devices) {
      if (wanted.handlers.get(handler)?.devices.has(device)) continue;
      if (session.flags.force) {
        await closeDevice(session, handler, device);
        changes++;
      } else {
        session.say(`Device '${device}' is not in the configuration. Use -force to close it.`);
      }
    }
  }
  return changes;
}

/** A device that is made otherwise than it is wanted is made anew, if that is allowed. */
async function reopen(
  session: Session,
  handler: string,
  device: string,
  parameters: Values,
  known: ReadonlySet<string>,
): Promise<number> {
  const existing = await readAttributes(session.client, devicePath(device));
  if (!differs(parameters, existing, known)) return 0;
  session.say(`Device '${device}' is configured differently.`);
  if (!session.flags.force) {
    session.say("Use -force to open it anew, which takes it away from its initiators.");
    return 0;
  }
  await closeDevice(session, handler, device);
  await openDevice(session, handler, device, parameters, known);
  return 2;
}

/** Whether what an object was made with is not what is wanted; `known` are its parameters. */
export function differs(
  parameters: Values,
  existing: Attributes,
  known: ReadonlySet<string>,
): boolean {
  for (const [name, [value]] of parameters) {
    const now = valueOf(existing, name);
    // What is not there is off.
    if (now === undefined ? Number(value) !== 0 : now !== value) return true;
  }
  return [...existing.values()].some(({ name, isKey }) =>
    isKey && known.has(name) && !parameters.has(name) && !parameters.has(SAME.get(name) ?? "")
  );
}
