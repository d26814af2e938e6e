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

  /** All of them, those that are not used yet as well. */
  get all(): Iterable<LunTotal> {
    return this.#totals.values();
  }

  /** A unit leaves its nexus; what is still under way for it counts here, be it the first of all. */
  absorb(unit: LogicalUnit): void {
    const { lun, figures, disk: { settings: { name: device } } } = unit;
    const total = this.#totalOf(lun, device);
    if (figures === total) return;
    figures?.mergeInto(total);
    unit.figures = total;
  }

  #totalOf(lun: number, device: string): CommandFigures {
    const key = `${lun} ${device}`;
    const found = this.#totals.get(key);
    if (found !== undefined) return found.figures;
    const figures = new CommandFigures();
    this.#totals.set(key, { lun, device, figures });
    return figures;
  }
}
