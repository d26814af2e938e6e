/**
 * Who may touch which blocks while others do. Commands run side by side, with two exceptions. An
 * exclusive command (COMPARE AND WRITE) has its blocks to itself from its read to its write. And an
 * orphan, a command that was aborted while the store worked on it, bars its blocks until the store
 * has finished: its initiator has its answer and may write them again at once, and a late old write
 * must not land on top of the new one.
 */

/** Who touches blocks: a command, or a part of one that names its own blocks. */
export interface BlockUser {
  /** The CDB that says how: that of the command, or the READ or WRITE that the part amounts to. */
  readonly cdb: Uint8Array;
  readonly lba: number;
  readonly blocks: number;
  /** Whether it tolerates nobody else on its blocks. */
  readonly exclusive: boolean;
  readonly aborted?: boolean;
}

/** All disks for which nobody has waited yet have one list of those. */
const NOBODY: readonly never[] = [];

interface Waiting {
  readonly command: BlockUser;
  readonly run: (command: BlockUser) => void;
}

export class BlockLocks {
  /** Commands that the store works on. */
  #pending = new Set<BlockUser>();
  /** Those of them that tolerate nobody else. */
  #barring: readonly BlockUser[] = NOBODY;
  #waiting: readonly Waiting[] = NOBODY;
  /** Those that waited, and are about to try once more. */
  #due = new Set<Waiting>();

  /** Whether `command` has to wait; then `run` is called with it later. */
  holds<C extends BlockUser>(command: C, run: (command: C) => void): boolean {
    const free = this.#barring.length === 0 && this.#waiting.length === 0;
    if (free && (!command.exclusive || this.#pending.size === 0)) return false;
    if (!this.#mustWait(command)) return false;
    this.#wait({ command, run: run as (command: BlockUser) => void });
    return true;
  }

  /** Whether the store works on a command, or on a piece of a copy. */
  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  /** Whether a command waits for its blocks. */
  isWaiting(command: BlockUser): boolean {
    return this.#waiting.some((entry) => entry.command === command);
  }

  /** The store begins to work on a command. */
  begin(command: BlockUser): void {
    this.#pending.add(command);
    if (command.exclusive) this.#bar(command);
  }

  /** The store has finished with a command: who waited for it goes on. */
  end(command: BlockUser): void {
    this.#pending.delete(command);
    if (this.#barring.includes(command)) {
      this.#barring = this.#barring.filter((other) => other !== command);
    }
    if (this.#waiting.length > 0) this.#retry();
  }

  /** Nobody touches the blocks of a command until end(), since nobody can wait for it. */
  orphan(command: BlockUser): void {
    if (!this.#pending.has(command) || this.#barring.includes(command)) return;
    this.#bar(command);
  }

  #bar(command: BlockUser): void {
    this.#barring = [...this.#barring, command];
  }

  #wait(entry: Waiting): void {
    this.#waiting = [...this.#waiting, entry];
  }

  /** Forgets a waiting command that was aborted itself; tells whether it waited. */
  forget(command: BlockUser): boolean {
    const index = this.#waiting.findIndex((entry) => entry.command === command);
    if (index < 0) return this.#forgetDue(command);
    this.#waiting = this.#waiting.toSpliced(index, 1);
    this.#retry();
    return true;
  }

  /** What becomes of one that tries once more may abort others that are about to. */
  #forgetDue(command: BlockUser): boolean {
    for (const entry of this.#due) {
      if (entry.command === command) return this.#due.delete(entry);
    }
    return false;
  }

  #mustWait(command: BlockUser): boolean {
    const overlaps = (other: BlockUser) => other !== command && overlap(other, command);
    if (this.#barring.some(overlaps)) return true;
    // An exclusive command that waits is not overtaken, or it might wait for ever.
    if (this.#waiting.some((entry) => entry.command.exclusive && overlaps(entry.command))) {
      return true;
    }
    if (!command.exclusive) return false;
    for (const other of this.#pending) if (overlaps(other)) return true;
    return false;
  }

  #retry(): void {
    const waiting = this.#waiting;
    this.#waiting = NOBODY;
    for (const entry of waiting) this.#due.add(entry);
    for (const entry of waiting) {
      if (!this.#due.delete(entry)) continue; // forgotten meanwhile
      // An aborted one takes itself out with forget(), and is not to run until then.
      if (entry.command.aborted === true) this.#wait(entry);
      else entry.run(entry.command);
    }
  }
}

const UNMAP = 0x42;

/** Whether two commands may touch the same block. UNMAP names its blocks in its data: any of them. */
function overlap(one: BlockUser, other: BlockUser): boolean {
  if (one.cdb[0] === UNMAP) return touchesBlocks(other);
  if (other.cdb[0] === UNMAP) return touchesBlocks(one);
  return one.lba < other.lba + other.blocks && other.lba < one.lba + one.blocks;
}

function touchesBlocks(command: BlockUser): boolean {
  return command.blocks > 0 || command.cdb[0] === UNMAP;
}
