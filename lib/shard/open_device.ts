/** The device handlers of SCST: which store a device has, and what it calls itself. */
import type { DeviceModel, HandlerName } from "../scst/model.ts";
import { openBlockStore, openFileStore } from "../store/file.ts";
import type { IoPool } from "../store/io_pool.ts";
import { openNull } from "../store/null.ts";
import type { Store } from "../store/store.ts";

/** T10 vendor identification by handler, as SCST has it. */
const VENDORS: Record<HandlerName, string> = {
  vdisk_fileio: "SCST_FIO",
  vdisk_blockio: "SCST_BIO",
  vdisk_nullio: "SCST_NIO",
};

/** The T10 VENDOR IDENTIFICATION of the devices of a handler. */
export function vendorOf(handler: HandlerName): string {
  return VENDORS[handler];
}

/** Opens the store of a device. Throws a StoreError with a sentence for the operator. */
export function openDeviceStore(model: DeviceModel, pool: IoPool): Store {
  const { filename, blocksize, size, readOnly } = model;
  switch (model.handler) {
    case "vdisk_nullio":
      return openNull(size, blocksize);
    case "vdisk_fileio":
      return openFileStore({ filename: filename!, blocksize, size, readOnly }, pool);
    case "vdisk_blockio":
      return openBlockStore({ filename: filename!, blocksize, size, readOnly }, pool);
  }
}
