/**
 * What the sectors of a medium may hold, told from what its initiators sent and heard, with any number
 * of writes under way at one time. Of two writes to a sector the later one counts for certain only if
 * it was sent when the earlier one had ended.
 */
import assert from "node:assert/strict";
import { markedBlock, versionOf } from "./marked_block.ts";
import { BLOCK } from "./rig.ts";

const NEVER = Infinity;

/** A write, or whatever else makes sectors hold something. */
export interface LedgerEntry {
  readonly first: number;
  readonly count: number;
  /** What its sectors hold then, in terms of markedBlock(). */
  readonly version: number;
  /** When it was sent, and when it was answered with GOOD. */
  readonly began: number;
  ended: number;
  /** When its initiator knew that it outlives a loss of power. */
  secured: number;
}

/** Which writes count for certain when somebody looks. */
export type Settled = (entry: LedgerEntry) => boolean;

export class WriteLedger {
  /** Sectors of the medium. */
  readonly sectors: number;
  #now: () => number;
  /** What was sent for each sector, behind what it held at first. */
  #entries: LedgerEntry[][];

  /** `now` numbers the moments: it never goes back. */
  constructor(sectors: number, now: () => number) {
    this.sectors = sectors;
    this.#now = now;
    this.#entries = Array.from({ length: sectors }, (_, at) => [held(at, 0)]);
  }

  /** The version that was sent last for a sector. */
  newest(sector: number): number {
    return this.#entries[sector]!.at(-1)!.version;
  }

  /** Whether everything that was answered with GOOD outlives a loss of power. */
  get isSecured(): boolean {
    return this.#entries.flat().every(({ ended, secured }) => secured <= ended);
  }

  /** A write of `count` sectors is sent. */
  begin(first: number, count: number, version: number): LedgerEntry {
    const began = this.#now();
    const entry = { first, count, version, began, ended: NEVER, secured: NEVER };
    for (let at = first; at < first + count; at++) this.#entries[at]!.push(entry);
    return entry;
  }

  /** It was answered with GOOD, and is on stable storage if it is `durable`. */
  end(entry: LedgerEntry, durable: boolean): void {
    entry.ended = this.#now();
    if (durable) entry.secured = entry.ended;
  }

  /** It was answered with a status that says that it has no effect. */
  withdraw(entry: LedgerEntry): void {
    for (let at = entry.first; at < entry.first + entry.count; at++) {
      this.#entries[at] = this.#entries[at]!.filter((other) => other !== entry);
    }
  }

  /** A flush that was sent at `began` was answered with GOOD. */
  flushed(began: number): void {
    const now = this.#now();
    for (const entry of this.#entries.flat()) {
      if (entry.ended <= began) entry.secured = Math.min(entry.secured, now);
    }
  }

  /**
   * A READ with FUA has found `bytes` from sector `first` on: they outlive a loss of power. Where several
   * writes have written the same nothing tells whose it is.
   */
  witnessed(bytes: Uint8Array, first: number): void {
    const now = this.#now();
    for (let at = 0; at < bytes.length / BLOCK; at++) {
      const version = versionOf(bytes.subarray(at * BLOCK), first + at);
      const [entry, ...others] = this.#entries[first + at]!.filter((one) =>
        one.version === version
      );
      if (entry !== undefined && others.length === 0) entry.secured = Math.min(entry.secured, now);
    }
  }

  /**
   * Whether a sector may hold `version` for one who sees no write that was sent after `until`, and for
   * certain those that are settled.
   */
  allows(sector: number, version: number, until: number, settled: Settled): boolean {
    const sent = this.#entries[sector]!.filter(({ began }) => began <= until);
    return sent.some((entry) =>
      entry.version === version &&
      !sent.some((later) => later !== entry && settled(later) && entry.ended <= later.began)
    );
  }

  /** Asserts that `bytes` may be what is found from sector `first` on, and returns their versions. */
  check(bytes: Uint8Array, first: number, until: number, settled: Settled): number[] {
    return Array.from({ length: bytes.length / BLOCK }, (_, index) => {
      const sector = first + index;
      const version = versionOf(bytes.subarray(index * BLOCK, (index + 1) * BLOCK), sector);
      const told = () => JSON.stringify(this.#entries[sector]);
      assert(version !== undefined, `sector ${sector} is torn, or was never sent: ${told()}`);
      const allowed = this.allows(sector, version, until, settled);
      assert(allowed, `sector ${sector} holds ${version} at ${until}: ${told()}`);
      return version;
    });
  }

  /**
   * Asserts that a READ that was sent at `sent` and has ended by `until` may find `bytes`. What ended
   * before counts for certain. Of a write that was under way meanwhile it may find a part, and within a
   * block as well: the system copies them at one time.
   */
  checkRead(bytes: Uint8Array, first: number, sent: number, until: number): void {
    const settled: Settled = ({ ended }) => ended <= sent;
    for (let at = 0; at < bytes.length; at += BLOCK) {
      const sector = first + at / BLOCK;
      const found = bytes.subarray(at, at + BLOCK);
      const meets = this.#entries[sector]!.some(({ began, ended }) =>
        began <= until && ended > sent
      );
      if (meets && versionOf(found, sector) === undefined) {
        this.#checkMixture(found, sector, until, settled);
      } else this.check(found, sector, until, settled);
    }
  }

  #checkMixture(found: Uint8Array, sector: number, until: number, settled: Settled): void {
    const versions = this.#entries[sector]!.map(({ version }) => version);
    const contents = versions.filter((version) => this.allows(sector, version, until, settled))
      .map((version) => markedBlock(version, sector));
    const strange = found.findIndex((byte, at) =>
      contents.every((content) => content[at] !== byte)
    );
    const told = () => JSON.stringify(this.#entries[sector]);
    assert(strange < 0, `byte ${strange} of sector ${sector} was never sent: ${told()}`);
  }

  /** Nothing is under way, and the sectors hold this: what was before is done with. */
  adopt(versions: readonly number[]): void {
    assert.equal(versions.length, this.sectors);
    this.#entries = versions.map((version, at) => [held(at, version)]);
  }
}

/** What a sector holds from the beginning. */
function held(first: number, version: number): LedgerEntry {
  return { first, count: 1, version, began: -1, ended: -1, secured: -1 };
}
