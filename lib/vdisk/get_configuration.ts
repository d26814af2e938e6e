/** GET CONFIGURATION (MMC-6). */
import type { Command } from "../scsi/command.ts";
import { profileOf } from "./disc.ts";
import { encodeFeatures, RequestType } from "./features.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** Executes GET CONFIGURATION. */
export function getConfiguration(disk: VirtualDisk, command: Command): void {
  const type = command.cdb[1]!;
  if (type > RequestType.ONE) return command.failField(1, 1);
  const features = encodeFeatures(disk, type, command.cdbView.getUint16(2));
  const view = new DataView(new ArrayBuffer(8 + features.length));
  view.setUint32(0, 4 + features.length); // DATA LENGTH does not count itself
  view.setUint16(6, profileOf(disk));
  const bytes = new Uint8Array(view.buffer);
  bytes.set(features, 8);
  command.respond(bytes);
}
