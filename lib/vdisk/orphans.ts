/**
 * Commands that were aborted while the store worked on them. Their initiator has its answer and may
 * write the same blocks again at once; a late old write must not land on top of the new one. So
 * whoever touches the blocks of an orphan waits until it has ended.
 */
import type { Command } from "../scsi/command.ts";

interface Waiting {
  readonly command: Command;
  readonly run: (command: Command) => void;
}

export class Orphans {
  #orphans: Command[] = [];
  #waiting: Waiting[] = [];

  /** Takes note of a command that was aborted in the store. */
  add(command: Command): void {
    this.#orphans.push(command);
  }

  /** Whether `command` has to wait; then `run` is called with it later. */
  holds<C extends Command>(command: C, run: (command: C) => void): boolean {
    if (this.#orphans.length === 0) return false;
    if (!this.#orphans.some((orphan) => overlap(orphan, command))) return false;
    this.#waiting.push({ command, run: run as (command: Command) => void });
    return true;
  }

  /** The store has finished with an orphan: who waited for it goes on. */
  remove(command: Command): void {
    const index = this.#orphans.indexOf(command);
    if (index < 0) return;
    this.#orphans.splice(index, 1);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const entry of waiting) entry.run(entry.command);
  }

  /** Forgets a waiting command that was aborted itself; tells whether it waited. */
  forget(command: Command): boolean {
    const index = this.#waiting.findIndex((entry) => entry.command === command);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }
}

const UNMAP = 0x42;

/** Whether two commands may touch the same block. UNMAP names its blocks in its data: any of them. */
function overlap(one: Command, other: Command): boolean {
  if (one.cdb[0] === UNMAP) return touchesBlocks(other);
  if (other.cdb[0] === UNMAP) return true;
  return one.lba < other.lba + other.blocks && other.lba < one.lba + one.blocks;
}

function touchesBlocks(command: Command): boolean {
  return command.blocks > 0 || command.cdb[0] === UNMAP;
}
