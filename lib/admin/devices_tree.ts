/** `devices/`: every device with its attributes and the LUNs that it is. */
import { FILENAME } from "../config/device.ts";
import { deviceKept } from "../config/kept.ts";
import type { DeviceModel } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { healthText } from "./device_health.ts";
import type { DeviceRow } from "./device_row.ts";
import { DEVICE_ROWS } from "./device_rows.ts";
import { withDevice } from "./edit.ts";
import { withDeviceAttribute } from "./handler_mgmt.ts";
import { typeText } from "./handlers_tree.ts";
import { keptFiles } from "./kept_file.ts";
import { deviceLiveFiles } from "./live_files.ts";
import { named } from "./named.ts";
import {
  changeable,
  directory,
  directoryOf,
  type Entries,
  type FoundEntries,
  link,
  readable,
  valueText,
  writable,
} from "./nodes.ts";
import { valueBy } from "./text_value.ts";
import { refuse, type TreeDirectory, TreeError, type TreeFile } from "./tree.ts";

export function devicesDirectory(administration: Administration): TreeDirectory {
  const directoryOfDevice = directoryOf((device: DeviceModel) =>
    deviceDirectory(administration, device)
  );
  return directory({}, {
    names: () => administration.model.devices.map(({ name }) => name),
    lookup: (name) => {
      const device = named(administration.model.devices, name);
      return device && directoryOfDevice(device);
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
    () => modelOf(administration, name),
    (update) => changeDevice(administration, name, update),
  );
  return directory({
    handler: () => link(`../../handlers/${handler}`),
    type: () => readable(() => typeText(handler)),
    exported: () => exportedDirectory(administration, name),
    pr_file_name: () => prFile(administration, name),
    health: () =>
      readable(async () => {
        const { faults } = modelOf(administration, name);
        const now = await administration.engine.device(name);
        return healthText(now, faults !== undefined);
      }),
    dump_prs: () => writable(() => administration.dumpReservations(name)),
    ...fileCommands(administration, device),
    ...deviceLiveFiles(administration, name, device.thinProvisioned),
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
    (text) => changeDevice(administration, name, (device) => set(device, text)),
  );
}

/** Changes a device, if it is there still; what has to hold for devices holds. */
function changeDevice(
  administration: Administration,
  name: string,
  set: (device: DeviceModel) => DeviceModel,
): Promise<void> {
  return administration.change((model) =>
    named(model.devices, name) === undefined ? model : withDeviceAttribute(model, name, set)
  );
}

/** The file for its reservations; an empty text has them in the state directory again. */
function prFile(administration: Administration, name: string): TreeFile {
  const fallback = `${administration.model.stateDir}/pr/${name}`;
  return changeable(() => {
    const { prFileName } = modelOf(administration, name);
    return valueText(prFileName ?? fallback, prFileName !== undefined);
  }, (text) => {
    const path = text.replace(/\n+$/, "");
    const prFileName = path === "" ? undefined : valueBy(FILENAME, "pr_file_name", path);
    return administration.change((model) => {
      const other = model.devices.find((one) =>
        one.name !== name && prFileName !== undefined && one.prFileName === prFileName
      );
      if (other !== undefined) {
        throw new TreeError("EINVAL", `pr_file_name ${prFileName} is that of device ${other.name}`);
      }
      return withDevice(
        model,
        name,
        ({ prFileName: _, ...device }) =>
          prFileName === undefined ? device : { ...device, prFileName },
      );
    });
  });
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
