/** The `mgmt` of the device handlers: devices are added and deleted there. */
import { deviceKept, type KeptRow } from "../config/kept.ts";
import { fileIdentity } from "../config/file_identity.ts";
import { DEVICE_NAME_ALLOWED, isDeviceName } from "../config/names.ts";
import { quote } from "../config/problem.ts";
import { scstIds } from "../config/scst_ids.ts";
import type { DeviceModel, HandlerName, ServerModel } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { createParameters, createRow } from "./device_rows.ts";
import { deviceOf, withoutDevice } from "./edit.ts";
import { withKept } from "./kept_file.ts";
import { named } from "./named.ts";
import { TreeError } from "./tree.ts";
import { commandOf, exactWords, parametersOf, splitWord } from "./words.ts";

const ADD = "add_device NAME [PARAMETER=VALUE;...]";
const DELETE = "del_device NAME";

/** Bytes in a block of a CD. */
const CD_BLOCK = 2048;

/** Kept attributes that can be given at creation as well. */
const KEPT_CREATES = ["async", "bind_alua_state", "numa_node_id"];

function keptCreates(handler: HandlerName): readonly KeptRow[] {
  if (handler === "vcdrom") return [];
  return deviceKept(handler).filter(({ name }) => KEPT_CREATES.includes(name));
}

/** What the `mgmt` of a handler says; programs read the parameters off it. */
export function handlerHelp(handler: HandlerName): string {
  const names = [...createParameters(handler), ...keptCreates(handler).map(({ name }) => name)];
  return [
    `Usage: echo "${ADD}" >mgmt`,
    `       echo "${DELETE}" >mgmt`,
    "",
    `The following parameters available: ${names.toSorted().join(", ")}`,
    "",
  ].join("\n");
}

/** Obeys a command that was written to the `mgmt` of a handler. Rejects with a TreeError. */
export async function manageHandler(
  administration: Administration,
  handler: HandlerName,
  text: string,
): Promise<void> {
  const { word, rest } = commandOf(text);
  switch (word) {
    case "add_device":
      return await administration.change((model) => withNewDevice(model, handler, rest));
    case "del_device": {
      const [name = ""] = exactWords(rest, 1, DELETE);
      return await administration.change((model) => withoutDevice(model, name));
    }
    default:
      throw new TreeError("EINVAL", `${quote(word)} is no command here: ${ADD} or ${DELETE}`);
  }
}

function withNewDevice(model: ServerModel, handler: HandlerName, text: string): ServerModel {
  const [name, rest] = splitWord(text);
  if (!isDeviceName(name)) {
    const what = `The name of a device must be ${DEVICE_NAME_ALLOWED}`;
    throw new TreeError("EINVAL", `${what}: current value is ${quote(name)}`);
  }
  if (named(model.devices, name) !== undefined) {
    throw new TreeError("EEXIST", `There is a device ${quote(name)} already`);
  }
  const device = withParameters(newDevice(handler, name, model.setupId ?? 0), rest);
  checkDevice(model, device);
  return { ...model, devices: [...model.devices, device] };
}

/** A device as the handler makes it where nothing else is said. */
function newDevice(handler: HandlerName, name: string, setupId: number): DeviceModel {
  const isDrive = handler === "vcdrom";
  return {
    name,
    handler,
    blocksize: isDrive ? CD_BLOCK : 512,
    readOnly: isDrive,
    thinProvisioned: false,
    rotational: true,
    removable: isDrive,
    writeThrough: false,
    nvCache: false,
    tst: 1,
    explAlua: false,
    ids: scstIds(name, setupId),
  };
}

/** `blocksize` first, as a size has to be a multiple of it. */
function withParameters(device: DeviceModel, text: string): DeviceModel {
  const parameters = parametersOf(text).toSorted(([one], [other]) =>
    Number(other === "blocksize") - Number(one === "blocksize")
  );
  const given = new Set<string>();
  return parameters.reduce((made, [name, value]) => {
    if (given.has(name)) throw new TreeError("EINVAL", `Parameter ${name} is given twice`);
    given.add(name);
    return withParameter(made, name, value);
  }, device);
}

function withParameter(device: DeviceModel, name: string, value: string): DeviceModel {
  const { handler } = device;
  const row = createRow(handler, name);
  if (row?.set !== undefined) return row.set(device, value);
  const kept = keptCreates(handler).find((candidate) => candidate.name === name);
  if (kept !== undefined) return withKept(kept, device, value);
  const known = createParameters(handler).join(", ");
  const what = `${quote(name)} is no parameter of ${handler} that can be given here`;
  throw new TreeError("EINVAL", `${what}: those are ${known}`);
}

/** What has to hold for a device among the others. Throws a TreeError. */
function checkDevice(model: ServerModel, device: DeviceModel): void {
  const { name, handler, filename, size, readOnly, writeThrough, nvCache, oDirect, kept } = device;
  if (filename === undefined && (handler === "vdisk_fileio" || handler === "vdisk_blockio")) {
    throw new TreeError("EINVAL", `Parameter filename is missing: ${handler} needs a file`);
  }
  if (handler === "vdisk_ram" && size === undefined) {
    throw new TreeError("EINVAL", `Parameter size is missing: ${handler} has what is said`);
  }
  if (handler === "vdisk_fileio" && readOnly && (writeThrough || nvCache)) {
    const what = "A device that can only be read has no write cache";
    throw new TreeError(
      "EINVAL",
      `${what}: read_only goes with neither write_through nor nv_cache`,
    );
  }
  if (oDirect === true && kept?.async !== "1") {
    throw new TreeError("EINVAL", "o_direct needs async=1");
  }
  const others = model.devices.filter((other) => other.name !== name);
  const twin = others.find(({ ids }) => ids.usn === device.ids.usn);
  if (twin !== undefined) {
    const what = `usn ${quote(device.ids.usn)} is that of device ${quote(twin.name)}`;
    throw new TreeError("EEXIST", `${what}; initiators would take the two for one`);
  }
  if (filename === undefined) return;
  const identity = fileIdentity(filename);
  // Those that only read (a drive does) may share a file.
  const owner = others.find((other) =>
    !(readOnly && other.readOnly) && identityOf(other) === identity
  );
  if (owner === undefined) return;
  const what = `The file ${quote(filename)} is that of device ${quote(owner.name)}`;
  throw new TreeError("EBUSY", `${what}, and a file that is written has one device`);
}

const identities = new WeakMap<DeviceModel, string>();

/** What tells the file of a device from others; looked up once, as there may be many devices. */
function identityOf(device: DeviceModel): string | undefined {
  if (device.filename === undefined) return undefined;
  const known = identities.get(device) ?? fileIdentity(device.filename);
  identities.set(device, known);
  return known;
}

/** A device that is there, with an attribute as it is written; what has to hold among devices holds. */
export function withDeviceAttribute(
  model: ServerModel,
  name: string,
  set: (device: DeviceModel) => DeviceModel,
): ServerModel {
  const changed = set(deviceOf(model, name));
  checkDevice(model, changed);
  return { ...model, devices: model.devices.map((one) => one.name === name ? changed : one) };
}
