/** SYNCHRONIZE CACHE (SBC-4 5.30, 5.31). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { senseOfWrite } from "./errno_sense.ts";
import { isOnMedium } from "./range.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const IMMED = 0x02;

/**
 * Executes SYNCHRONIZE CACHE 10 and 16: all of the store, whatever range of the medium is named.
 * SYNC_NV (SBC-3 5.21, obsolete) would be content with less.
 */
export function synchronizeCache(disk: VirtualDisk, command: Command): void {
  if (!isOnMedium(disk, command)) return;
  if (disk.failure !== 0) return command.fail(Sense.LOGICAL_UNIT_FAILURE);
  if (disk.settings.nvCache) return command.succeed();
  if ((command.cdb[1]! & IMMED) !== 0) {
    disk.flusher.flush();
    return command.succeed();
  }
  disk.flusher.flush((result) => {
    if (result < 0) command.setSense(senseOfWrite(-result));
    command.complete();
  });
}

/**
 * Brings everything to stable storage; `then` learns 0 or -errno. After a failed fdatasync the system
 * may have dropped the very pages that were not written, and the next call would report success: so
 * the failure stays with the disk until it is opened anew.
 */
export function flush(disk: VirtualDisk, then: (result: number) => void): void {
  disk.flusher.flush(then);
}
