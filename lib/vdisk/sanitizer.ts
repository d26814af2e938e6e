/** The sanitizing of a disk (SBC-4 4.11): begun by a command, ended by success, or by another one. */
import { describeErrno } from "../../ffi/errno.ts";
import { Sense } from "../scsi/sense.ts";
import type { StateFile } from "../store/state_file.ts";
import {
  formatSanitize,
  parseSanitize,
  passesOf,
  type SanitizePlan,
  type SanitizeState,
} from "./sanitize_plan.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

export class Sanitizer {
  #disk: VirtualDisk;
  #file: StateFile;
  #report: (line: string) => void;
  #state: SanitizeState | undefined = undefined;

  /**
   * `file` keeps what is under way; load() comes before everything else. `report` takes a line for the
   * log.
   */
  constructor(disk: VirtualDisk, file: StateFile, report: (line: string) => void) {
    this.#disk = disk;
    this.#file = file;
    this.#report = report;
  }

  /**
   * Begins with what was under way when the disk was open the last time, if it is the same medium:
   * resume() goes on with it. Throws a StoreError when that cannot be read: nobody may see a medium
   * that is half sanitized.
   */
  load(): void {
    const { upkeep, settings } = this.#disk;
    const { text, warning } = this.#file.load();
    if (warning !== undefined) this.#report(warning);
    const state = parseSanitize(text ?? "");
    const isOurs = state?.medium === this.#medium;
    if (state !== undefined && !isOurs) {
      const about = `device '${settings.name}'`;
      this.#report(`${about} does not go on with the SANITIZE of the medium that it had before`);
    }
    this.#state = isOurs ? state : undefined;
    upkeep.sense = this.#state?.failed === true ? Sense.SANITIZE_COMMAND_FAILED : Sense.NO_SENSE;
  }

  /** Goes on with what was under way. */
  resume(): void {
    if (this.#state === undefined || this.#state.failed) return;
    const { name } = this.#disk.settings;
    this.#report(`device '${name}' goes on with the SANITIZE that was interrupted`);
    this.#work(this.#state.plan, () => {});
  }

  get #medium(): string {
    const { settings, medium } = this.#disk;
    return `${medium.size}:${encodeURIComponent(settings.filename ?? "")}`;
  }

  /** Whether the last one failed and nothing but another one can end that. */
  get isRestricted(): boolean {
    return this.#state?.failed === true && !this.#state.plan.unrestricted;
  }

  /**
   * Carries a plan out. `begun` hears 0 when it will be carried out whatever happens, or -errno when
   * it cannot be begun; `done` hears 0 or -errno.
   */
  begin(
    plan: SanitizePlan,
    begun: (result: number) => void,
    done: (result: number) => void,
  ): void {
    const before = this.#disk.upkeep.sense;
    this.#disk.upkeep.sense = Sense.SANITIZE_IN_PROGRESS;
    this.#save({ medium: this.#medium, plan, failed: false }, (result) => {
      if (result < 0) this.#disk.upkeep.sense = before;
      begun(result);
      if (result === 0) this.#work(plan, done);
    });
  }

  /** Ends the failure of the last one; `done` hears 0 or -errno. */
  exitFailure(done: (result: number) => void): void {
    this.#save(undefined, (result) => {
      if (result === 0) this.#disk.upkeep.sense = Sense.NO_SENSE;
      done(result);
    });
  }

  #work(plan: SanitizePlan, done: (result: number) => void): void {
    const { upkeep, blockSize, settings } = this.#disk;
    upkeep.begin(Sense.SANITIZE_IN_PROGRESS, passesOf(plan, blockSize), (result) => {
      const failed = result < 0;
      upkeep.sense = failed ? Sense.SANITIZE_COMMAND_FAILED : Sense.SANITIZE_IN_PROGRESS;
      if (failed) {
        const why = describeErrno(-result);
        this.#report(`device '${settings.name}' failed to sanitize its medium: ${why}`);
      }
      // Should the end not be kept, the work is done once more when the disk is opened again.
      this.#save(failed ? { medium: this.#medium, plan, failed } : undefined, () => {
        if (!failed) upkeep.sense = Sense.NO_SENSE;
        done(result);
      });
    });
  }

  #save(state: SanitizeState | undefined, done: (result: number) => void): void {
    const text = state === undefined ? "" : formatSanitize(state);
    this.#file.save(text, (result) => {
      if (result === 0) this.#state = state;
      else this.#report(`Cannot save ${this.#file.path}: ${describeErrno(-result)}`);
      done(result);
    });
  }
}
