/** The tray of a drive: whether it is open, and who does not let it be opened. */
import { Sense } from "../scsi/sense.ts";

export class Tray {
  #changes = 0;
  #lastChange: number = Sense.MEDIUM_MAY_HAVE_CHANGED;
  /** Who prevents the removal of the medium, whoever asks for it (SPC-5 6.16). */
  readonly preventers: Set<unknown> = new Set();
  /** Who prevents it as long as not an initiator asks, but somebody at the drive (MMC-6, Persistent Prevent). */
  readonly persistentPreventers: Set<unknown> = new Set();
  #isOpen = false;

  /** Whether it is open: between eject and load. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether nobody at the drive can open it. */
  get isLocked(): boolean {
    return this.preventers.size > 0 || this.persistentPreventers.size > 0;
  }

  /** How often a medium came within reach or went out of it, or has lost blocks. */
  get changes(): number {
    return this.#changes;
  }

  /** What the last of these changes is to commands that were admitted before it. */
  get lastChange(): number {
    return this.#lastChange;
  }

  open(): void {
    this.#isOpen = true;
    this.note();
  }

  close(): void {
    this.#isOpen = false;
    this.note();
  }

  /** Commands that were admitted before this do not get at the medium. */
  note(sense: number = Sense.MEDIUM_MAY_HAVE_CHANGED): void {
    this.#changes++;
    this.#lastChange = sense;
  }

  /** Forgets what one prevents: its nexus is lost. */
  forget(who: unknown): void {
    this.preventers.delete(who);
    this.persistentPreventers.delete(who);
  }

  /** Ends all prevention, as a reset does. */
  unlock(): void {
    this.preventers.clear();
    this.persistentPreventers.clear();
  }
}
