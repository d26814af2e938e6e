/** Current, default and saved mode parameters of a disk (SPC-5 5.13), one set for all initiators. */
import { describeErrno } from "../../ffi/errno.ts";
import type { StateFile } from "../store/state_file.ts";
import { canHave, MODE_FIELDS, MODE_NAMES, type ModeName, type ModeValues } from "./mode_fields.ts";

/** What the operator decides about the mode parameters. */
export interface ModeSettings {
  readonly readOnly: boolean;
  /** Every write is to be on stable storage when it ends. */
  readonly writeThrough: boolean;
  /** The write cache outlives a loss of power: to initiators there is none. */
  readonly nvCache: boolean;
}

export class Modes {
  readonly defaults: ModeValues;
  readonly changeable: ReadonlySet<ModeName>;
  current: ModeValues;
  #saved: ModeValues;
  #file: StateFile;
  #report: (line: string) => void;

  /**
   * Begins with what was saved in `file`; `report` takes a line for the log when something is wrong
   * with it. Throws a StoreError when it cannot be read.
   */
  constructor(settings: ModeSettings, file: StateFile, report: (line: string) => void) {
    const caches = !settings.writeThrough && !settings.nvCache;
    this.defaults = { WCE: caches ? 1 : 0, TMF_ONLY: 0, D_SENSE: 0, QERR: 0, SWP: 0, TAS: 0 };
    const fixedCache = settings.nvCache || settings.readOnly;
    this.changeable = new Set(MODE_NAMES.filter((name) => name !== "WCE" || !fixedCache));
    this.#file = file;
    this.#report = report;
    const { text, warning } = file.load();
    if (warning !== undefined) report(warning);
    this.#saved = this.#parse(text ?? "");
    this.current = this.#saved;
  }

  /** What a reset goes back to. */
  get saved(): ModeValues {
    return this.#saved;
  }

  /** Saves the current values; `done` hears 0 when they are on stable storage, or -errno. */
  save(done: (result: number) => void): void {
    const values = this.current;
    this.#file.save(format(values), (result) => {
      if (result === 0) this.#saved = values;
      else this.#report(`Cannot save ${this.#file.path}: ${describeErrno(-result)}`);
      done(result);
    });
  }

  /** Values of fields that are missing, unknown or fixed by now are left to the defaults. */
  #parse(text: string): ModeValues {
    const values: Record<ModeName, number> = { ...this.defaults };
    const given = new Map(text.split("\n").map((line) => line.split("=", 2) as [string, string]));
    for (const name of this.changeable) {
      const digits = given.get(keyOf(name));
      if (digits === undefined || !/^\d{1,2}$/.test(digits)) continue;
      if (!canHave(MODE_FIELDS[name], Number(digits))) continue;
      values[name] = name === "WCE" ? 1 - Number(digits) : Number(digits);
    }
    return values;
  }
}

/** The name of a field in the file, which is that of SCST: it saves the opposite of WCE. */
function keyOf(name: ModeName): string {
  return name === "WCE" ? "WRITE_THROUGH" : name;
}

function format(values: ModeValues): string {
  return MODE_NAMES
    .map((name) => `${keyOf(name)}=${name === "WCE" ? 1 - values[name] : values[name]}\n`)
    .join("");
}
