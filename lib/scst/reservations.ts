/**
 * The reservations of a device: persistent ones (SPC-4 5.12), and that of RESERVE (SPC-2 5.5). What
 * changes them happens one after the other, and a change that is to outlive a restart takes effect
 * when it is on stable storage. What they mean for a command stands in `barrier` of each unit.
 */
import { describeErrno } from "../../ffi/errno.ts";
import { Sense } from "../scsi/sense.ts";
import type { StateFile } from "../store/state_file.ts";
import { StoreError } from "../store/store.ts";
import { Barrier } from "./access.ts";
import type { Device } from "./device.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";
import { isHolder, isSameNexus, type NexusId, type PrState, registrationOf } from "./pr_state.ts";
import { formatPrState, parsePrState } from "./pr_text.ts";
import { barrierOf, isForRegistrants } from "./pr_type.ts";
import type { Change } from "./pr_verdict.ts";
import { abortForOther, clearAca } from "./task_management.ts";

interface Waiting {
  readonly command: CoreCommand;
  readonly work: () => void;
}

export class Reservations {
  #device: Device;
  #file: StateFile;
  #report: (line: string) => void;
  #state: PrState;
  /** What the file says; undefined when that is not known after a failure. */
  #saved: string | undefined;
  #saving = false;
  #waiting: Waiting[] = [];
  /** Who has the device by RESERVE. */
  #reservedBy: Nexus | undefined = undefined;

  /**
   * Begins with what `file` has kept; `report` takes a line for the log when something is wrong with
   * it. Throws a StoreError when it cannot be read.
   */
  constructor(device: Device, file: StateFile, report: (line: string) => void) {
    this.#device = device;
    this.#file = file;
    this.#report = report;
    const { state, saved } = this.#load(file);
    this.#state = state;
    this.#saved = saved;
  }

  /** The persistent reservation and the registrations. */
  get state(): PrState {
    return this.#state;
  }

  /** The nexus that has the device by RESERVE. */
  get reservedBy(): Nexus | undefined {
    return this.#reservedBy;
  }

  /** What a nexus is shut out from. */
  barrierFor(nexus: Nexus): Barrier {
    if (this.#reservedBy !== undefined) {
      return this.#reservedBy === nexus ? Barrier.NONE : Barrier.RESERVE;
    }
    const { reservation } = this.#state;
    if (reservation === undefined || isHolder(this.#state, nexus.id)) return Barrier.NONE;
    const registered = registrationOf(this.#state, nexus.id) !== undefined;
    if (registered && isForRegistrants(reservation.type)) return Barrier.NONE;
    return barrierOf(reservation.type);
  }

  /** Gives the device to a nexus, or to nobody in particular (RESERVE, RELEASE). */
  reserveFor(nexus: Nexus | undefined): void {
    this.#reservedBy = nexus;
    this.#raiseBarriers();
  }

  /** A nexus is lost, and with it what it had by RESERVE; registrations stay. */
  loseNexus(nexus: Nexus): void {
    if (this.#reservedBy === nexus) this.reserveFor(undefined);
  }

  /** The logical unit was reset; persistent reservations outlive that. */
  reset(): void {
    if (this.#reservedBy !== undefined) this.reserveFor(undefined);
  }

  /** Does the work of a command when nothing else is being changed. */
  inTurn(command: CoreCommand, work: () => void): void {
    if (this.#saving) this.#waiting.push({ command, work });
    else work();
  }

  /**
   * Has `state` hold, of whatever was before; `done` hears when that is so, or why not. Only while nobody
   * uses the device.
   */
  restore(state: PrState, done: (error: string | undefined) => void): void {
    if (this.#saving) return done("Cannot restore reservations: others are being saved");
    const text = formatPrState(state);
    if (text === this.#saved) {
      this.#commit({ state, notices: [], aborted: [] });
      return done(undefined);
    }
    this.#saving = true;
    this.#file.save(text, (result) => {
      this.#saving = false;
      this.#saved = result === 0 ? text : undefined;
      if (result === 0) this.#commit({ state, notices: [], aborted: [] });
      const why = `Cannot save ${this.#file.path}: ${describeErrno(-result)}`;
      done(result === 0 ? undefined : why);
      this.#goOn();
    });
  }

  /**
   * Keeps its state in another file from now on, and has the state that is there. Only while nobody uses
   * the device. Throws a StoreError, and stays as it was, when that cannot be used.
   */
  useFile(file: StateFile): void {
    if (this.#saving) {
      throw new StoreError(`Cannot use ${file.path}: ${this.#file.path} is written`);
    }
    const { state, saved } = this.#load(file);
    this.#file = file;
    this.#saved = saved;
    this.#commit({ state, notices: [], aborted: [] });
  }

  /** Reads what a file has kept. Throws a StoreError when it cannot be used. */
  #load(file: StateFile): { readonly state: PrState; readonly saved: string } {
    const { text = "", warning } = file.load();
    if (warning !== undefined) this.#report(warning);
    const state = parsePrState(text);
    if (state === undefined) {
      throw new StoreError(`Cannot use ${file.path}: this version does not understand it`);
    }
    return { state, saved: text };
  }

  /** Makes a change within the turn of a command, and ends the command. */
  change(command: CoreCommand, change: Change): void {
    const text = formatPrState(change.state);
    if (text === this.#saved) {
      this.#commit(change);
      return command.succeed();
    }
    this.#saving = true;
    this.#file.save(text, (result) => {
      this.#saving = false;
      this.#settle(command, change, text, result);
      this.#goOn();
    });
  }

  #settle(command: CoreCommand, change: Change, text: string, result: number): void {
    if (result === 0) {
      this.#saved = text;
      this.#commit(change);
      return command.succeed();
    }
    this.#saved = undefined;
    this.#report(`Cannot save ${this.#file.path}: ${describeErrno(-result)}`);
    command.fail(Sense.HARDWARE_INTERNAL_TARGET_FAILURE);
  }

  #goOn(): void {
    while (!this.#saving) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const { command, work } = next;
      if (command.aborted) {
        command.complete();
        continue;
      }
      if (command.unit!.isDetached) {
        command.fail(Sense.LOGICAL_UNIT_NOT_SUPPORTED);
        continue;
      }
      try {
        work();
      } catch (error) {
        command.crash(error);
      }
    }
  }

  #commit({ state, notices, aborted }: Change): void {
    this.#state = state;
    this.#raiseBarriers();
    for (const { nexus, sense } of notices) {
      for (const unit of this.#unitsOf(nexus)) unit.addAttention(sense);
    }
    for (const nexus of aborted) {
      for (const unit of this.#unitsOf(nexus)) {
        abortForOther(unit);
        clearAca(unit); // SPC-4 5.12.11.2.7
      }
    }
  }

  #unitsOf(nexus: NexusId): LogicalUnit[] {
    return [...this.#device.users].filter((unit) => isSameNexus(unit.nexus.id, nexus));
  }

  #raiseBarriers(): void {
    for (const unit of this.#device.users) unit.barrier = this.barrierFor(unit.nexus);
  }
}
