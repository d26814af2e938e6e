/** What a logical unit remembers of the copies of one initiator (SPC-4 6.23 to 6.27), by list identifier. */
import { Sense } from "../scsi/sense.ts";
import { COPIES_MOST } from "../vdisk/third_party_copy.ts";
import type { CopyProgress } from "./copy_job.ts";

/** Finished copies that are remembered; the oldest is forgotten for the next one. */
const KEPT_MOST = 64;

export class CopyRecord implements CopyProgress {
  segments = 0;
  bytes = 0;
  running = true;
  /** Why it ended early, or NO_SENSE. */
  sense: number = Sense.NO_SENSE;
  /** SERVICE ACTION of the command if it was about a ROD token, else 0. */
  action = 0;
  /** The ROD token that it made. */
  token: Uint8Array | undefined = undefined;
  /** Whether it goes on after its command has ended. */
  inBackground = false;
}

export class CopyResults {
  #records = new Map<number, CopyRecord>();
  #running = 0;

  /** Whether the initiator has as many copies under way as it may have. */
  get isFull(): boolean {
    return this.#running >= COPIES_MOST;
  }

  /** The copy with a list identifier. */
  find(listId: number): CopyRecord | undefined {
    return this.#records.get(listId);
  }

  /** Whether a copy with the list identifier is under way. */
  isRunning(listId: number): boolean {
    return this.#records.get(listId)?.running === true;
  }

  /** Begins a copy; without a list identifier nobody can ask about it. */
  begin(listId: number | undefined): CopyRecord {
    const record = new CopyRecord();
    this.#running++;
    if (listId === undefined) return record;
    this.#records.delete(listId);
    if (this.#records.size >= KEPT_MOST) this.#forgetOldest();
    this.#records.set(listId, record);
    return record;
  }

  /** Ends a copy. */
  end(record: CopyRecord, sense: number): void {
    record.running = false;
    record.sense = sense;
    this.#running--;
  }

  /** Forgets a finished copy. */
  forget(listId: number): void {
    if (!this.isRunning(listId)) this.#records.delete(listId);
  }

  /** Forgets all finished copies, as a reset of the logical unit does. */
  clear(): void {
    for (const listId of [...this.#records.keys()]) this.forget(listId);
  }

  #forgetOldest(): void {
    for (const [listId, record] of this.#records) {
      if (record.running) continue;
      this.#records.delete(listId);
      return;
    }
  }
}
