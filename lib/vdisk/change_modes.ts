/** Changing mode parameters with what follows from that for the data. */
import type { ModeValues } from "./mode_fields.ts";
import { flush } from "./synchronize_cache.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/**
 * Makes `values` the current mode parameters; `done` hears 0 or -errno. A write cache that is
 * switched off is emptied (SBC-4 6.5.5), and so it is before the medium counts as write protected
 * (SPC-5 7.5.10), unless it outlives a loss of power.
 */
export function changeModes(
  disk: VirtualDisk,
  values: ModeValues,
  done: (result: number) => void,
): void {
  const before = disk.modes.current;
  disk.modes.current = values;
  const empties = values.WCE < before.WCE || values.SWP > before.SWP;
  if (empties && !disk.settings.nvCache) flush(disk, done);
  else done(0);
}
