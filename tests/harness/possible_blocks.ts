/** What each block of a range may hold: the versions that were written, as far as they may be there. */
import assert from "node:assert/strict";
import { versionOf } from "./marked_block.ts";
import { BLOCK } from "./rig.ts";

/** Blocks from the one with the number `first` on. */
export interface BlockRange {
  readonly first: number;
  readonly count: number;
}

export class PossibleBlocks {
  readonly #first: number;
  readonly #versions: readonly Set<number>[];

  /** Nothing was written to any of them. */
  constructor({ first, count }: BlockRange) {
    this.#first = first;
    this.#versions = Array.from({ length: count }, () => new Set([0]));
  }

  /** Whether a block may be written so; false for what a stranger writes. Throws where it comes too late. */
  allows(block: number, bytes: Uint8Array): boolean {
    const version = versionOf(bytes, block);
    if (version === undefined || version === 0) return false;
    const isFresh = this.#of(block).has(version);
    assert(isFresh, `version ${version} of block ${block} is written too late`);
    return true;
  }

  /** A version is about to be written. */
  begin(range: BlockRange, version: number): void {
    for (const block of numbersOf(range)) this.#of(block).add(version);
  }

  /** It was refused, and is nowhere. */
  refuse(range: BlockRange, version: number): void {
    for (const block of numbersOf(range)) this.#of(block).delete(version);
  }

  /** After GOOD it is certain what the blocks hold. */
  settle(range: BlockRange, data: Uint8Array): void {
    for (const block of numbersOf(range)) {
      const possible = this.#of(block);
      const at = block - range.first;
      const found = versionOf(data.subarray(at * BLOCK, (at + 1) * BLOCK), block);
      assert(found !== undefined, `block ${block} holds a mixture`);
      const allowed = [...possible].join(" or ");
      assert(possible.has(found), `block ${block} holds version ${found} instead of ${allowed}`);
      possible.clear();
      possible.add(found);
    }
  }

  #of(block: number): Set<number> {
    return this.#versions[block - this.#first]!;
  }
}

function numbersOf({ first, count }: BlockRange): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
