/** What the LUNs of a target did for sessions that have ended: counters must never go back. */
import { CommandFigures } from "./command_figures.ts";
import type { LogicalUnit } from "./logical_unit.ts";

export interface LunTotal {
  readonly lun: number;
  /** The name of the device that it was. */
  readonly device: string;
  readonly figures: CommandFigures;
}

export class LunTotals {
  #totals = new Map<string, LunTotal>();

  /** Those that have any. */
  get all(): Iterable<LunTotal> {
    return this.#totals.values();
  }

  /** A unit leaves its nexus; what is still under way for it counts here at once. */
  absorb(unit: LogicalUnit): void {
    const { lun, figures, disk: { settings: { name: device } } } = unit;
    if (figures === undefined) return;
    const key = `${lun} ${device}`;
    let total = this.#totals.get(key);
    if (total === undefined) {
      total = { lun, device, figures: new CommandFigures() };
      this.#totals.set(key, total);
    }
    if (figures === total.figures) return;
    figures.mergeInto(total.figures);
    unit.figures = total.figures;
  }
}
