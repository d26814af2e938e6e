/** The tray of a drive: whether it is open, and who does not let it be opened. */
export class Tray {
  /** How often a medium came within reach or went out of it. */
  changes = 0;
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

  open(): void {
    this.#isOpen = true;
    this.changes++;
  }

  close(): void {
    this.#isOpen = false;
    this.changes++;
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
