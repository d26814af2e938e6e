/** MECHANISM STATUS (MMC-6): of a drive that is no changer. */
import type { Command } from "../scsi/command.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const DOOR_OPEN = 0x10;

/** Executes MECHANISM STATUS. */
export function mechanismStatus(disk: VirtualDisk, command: Command): void {
  command.respond(Uint8Array.of(0, disk.tray.isOpen ? DOOR_OPEN : 0, 0, 0, 0, 0, 0, 0));
}
