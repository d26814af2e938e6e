/** The device handlers of SCST: what kind of device one serves, and on which store. */
import { DeviceType } from "../scsi/device_type.ts";
import {
  type DeviceModel,
  type HandlerName,
  MAX_COMMANDS,
  NULL_SIZE,
  T10_VENDORS,
} from "../scst/model.ts";
import { openBlockStore, openFileStore } from "../store/file.ts";
import type { IoPool } from "../store/io_pool.ts";
import { openNull } from "../store/null.ts";
import { openRam } from "../store/ram.ts";
import type { Store } from "../store/store.ts";
import type { DiskSettings } from "../vdisk/virtual_disk.ts";

interface Handler {
  readonly type: DeviceType;
  /** Nothing is ever written, so that nothing has to be flushed. */
  readonly nvCache?: true;
}

const HANDLERS: Readonly<Record<HandlerName, Handler>> = {
  vdisk_fileio: { type: DeviceType.DISK },
  vdisk_blockio: { type: DeviceType.DISK },
  vdisk_nullio: { type: DeviceType.DISK },
  vdisk_ram: { type: DeviceType.DISK },
  vcdrom: { type: DeviceType.CD_ROM, nvCache: true },
};

/** Bytes in a block of a CD. */
const CD_BLOCK = 2048;

/** How the device presents itself to initiators. */
export function settingsOf(model: DeviceModel): DiskSettings {
  const vendor = T10_VENDORS[model.handler];
  return { maxCommands: MAX_COMMANDS, ...model, vendor, ...HANDLERS[model.handler] };
}

/** Takes a sentence for the operator about a store that can be used, but is not as it should be. */
type Warn = (sentence: string) => void;

/**
 * Opens the store of a device; undefined for a drive without a medium. Throws a StoreError with a
 * sentence for the operator.
 */
export function openDeviceStore(model: DeviceModel, pool: IoPool, warn: Warn): Store | undefined {
  const { filename, blocksize, size, readOnly, oDirect: direct } = model;
  const thin = model.thinProvisioned;
  const options = { filename: filename!, blocksize, size, readOnly, thin, warn };
  switch (model.handler) {
    case "vdisk_nullio":
      return openNull(size ?? NULL_SIZE, blocksize);
    case "vdisk_ram":
      warn("what is written is in memory, and gone when the server ends");
      return openRam(size!, pool);
    case "vdisk_fileio":
      return openFileStore({ ...options, direct: direct ?? false }, pool);
    case "vdisk_blockio":
      return openBlockStore(options, pool);
    case "vcdrom":
      return filename === undefined ? undefined : openMedium(filename, pool, warn);
  }
}

/** Bytes that a device has which is no file; undefined where it is the file that tells. */
export function sizeWithoutFile({ handler, size }: DeviceModel): number | undefined {
  return handler === "vdisk_nullio" ? size ?? NULL_SIZE : undefined;
}

/** Opens an image as the medium of a drive for CDs. Throws a StoreError with a sentence for the operator. */
export function openMedium(filename: string, pool: IoPool, warn: Warn): Store {
  const options = { filename, blocksize: CD_BLOCK, size: undefined, readOnly: true, warn };
  return openFileStore(options, pool);
}
