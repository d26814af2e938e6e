/** `devices/`: every device with its attributes and the LUNs that it is. */
import { deviceKept } from "../config/kept.ts";
import type { DeviceModel } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { DEVICE_ROWS, type DeviceRow } from "./device_rows.ts";
import { withDevice } from "./edit.ts";
import { withDeviceAttribute } from "./handler_mgmt.ts";
import { typeText } from "./handlers_tree.ts";
import { keptFiles } from "./kept_file.ts";
import { named } from "./named.ts";
import {
  changeable,
  directory,
  type Entries,
  type FoundEntries,
  link,
  readable,
  writable,
} from "./nodes.ts";
import { refuse, type TreeDirectory, type TreeFile } from "./tree.ts";

export function devicesDirectory(administration: Administration): TreeDirectory {
  return directory({}, {
    names: () => administration.model.devices.map(({ name }) => name),
    lookup: (name) => {
      const device = named(administration.model.devices, name);
      return device && deviceDirectory(administration, device);
    },
  });
}

function deviceDirectory(administration: Administration, device: DeviceModel): TreeDirectory {
  const { name, handler } = device;
  const entries: Record<string, () => TreeFile> = {};
  for (const row of DEVICE_ROWS) {
    if (row.handlers.includes(handler)) {
      entries[row.name] = () => rowFile(administration, name, row);
    }
  }
  const kept = keptFiles(
    deviceKept(handler),
    () => modelOf(administration, name).kept,
    (change) =>
      administration.change((model) =>
        withDevice(model, name, (one) => ({ ...one, kept: change(one.kept) }))
      ),
  );
  return directory({
    handler: () => link(`../../handlers/${handler}`),
    type: () => readable(() => typeText(handler)),
    exported: () => exportedDirectory(administration, name),
    pr_state: () => readable(() => administration.engine.reservations(name)),
    dump_prs: () => writable(() => administration.dumpReservations(name)),
    ...fileCommands(administration, device),
    ...entries,
    ...kept,
  });
}

/** The model of a device. Throws ENODEV when it is gone meanwhile. */
function modelOf(administration: Administration, name: string): DeviceModel {
  return named(administration.model.devices, name) ?? refuse("ENODEV", "The device is gone");
}

function rowFile(administration: Administration, name: string, row: DeviceRow): TreeFile {
  const model = () => modelOf(administration, name);
  const read = row.isLive
    ? async () => row.text(model(), await administration.engine.device(name))
    : () => row.text(model());
  const { set } = row;
  if (row.mode === 0o444 || set === undefined) return readable(read);
  return changeable(
    read,
    (text) =>
      administration.change((model) =>
        named(model.devices, name) === undefined
          ? model
          : withDeviceAttribute(model, name, (device) => set(device, text))
      ),
  );
}

/** What is done with the file of a device. */
function fileCommands(administration: Administration, { name, handler }: DeviceModel): Entries {
  if (handler !== "vdisk_fileio" && handler !== "vdisk_blockio") return {};
  return {
    resync_size: () => writable((text) => administration.resyncSize(name, text)),
    sync: () => writable(() => administration.sync(name)),
  };
}

function exportedDirectory(administration: Administration, name: string): TreeDirectory {
  const exports = () => administration.numbers.exportsOf(name);
  const found: FoundEntries = {
    names: () => exports().map(({ number }) => `export${number}`),
    lookup: (entry) => {
      const one = exports().find(({ number }) => entry === `export${number}`);
      return one && link(`../../../${one.path}`);
    },
  };
  return directory({}, found);
}
