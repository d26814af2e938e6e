/** Writes in the order of their execution, and what a medium may hold of them after a crash. */
import assert from "node:assert/strict";

/** Bytes in a block. */
const BLOCK = 512;

/** Blocks that are filled with the number of a write. */
export function filledBlocks(blocks: number, version: number): Uint8Array {
  return new Uint8Array(new Uint32Array(blocks * BLOCK / 4).fill(version).buffer);
}

/** The number that each block of `bytes` is filled with. */
export function blockVersions(bytes: Uint8Array): number[] {
  const words = new Uint32Array(bytes.slice().buffer);
  return Array.from({ length: bytes.length / BLOCK }, (_, block) => {
    const own = words.subarray(block * BLOCK / 4, (block + 1) * BLOCK / 4);
    assert(own.every((word) => word === own[0]), `block ${block} is torn in itself`);
    return own[0]!;
  });
}

export const WriteKind = {
  /** It may be lost until a flush. */
  CACHED: 0,
  DURABLE: 1,
  /** All or nothing, and durable. */
  ATOMIC: 2,
  /** ATOMIC, and ended with an error: it has no effect. */
  FAILED_ATOMIC: 3,
  /** Makes all that was written before durable; it has no blocks. */
  FLUSH: 4,
} as const;

export interface SentWrite {
  readonly kind: number;
  readonly lba: number;
  readonly blocks: number;
  /** What its blocks are filled with. */
  readonly version: number;
  /** The moments (numbers that count up) when it was sent and when it had ended. */
  readonly began: number;
  ended: number;
}

/** What is possible at one moment. */
interface World {
  /** Versions that each block may have. */
  readonly possible: (readonly number[])[];
  /** The version that it had for the initiators. */
  readonly newest: number[];
  /** Atomic writes that have not happened: what overlaps them waits for them. */
  readonly barring: readonly SentWrite[];
}

/** Whether a crash at `moment` may make of the versions `base` of the blocks the versions `found`. */
export function explains(
  base: readonly number[],
  history: readonly SentWrite[],
  moment: number,
  found: readonly number[],
): boolean {
  let worlds: World[] = [{
    possible: base.map((version) => [version]),
    newest: [...base],
    barring: [],
  }];
  for (const write of history) {
    if (write.began > moment) break;
    worlds = worlds.flatMap((world) => follow(world, write, write.ended <= moment));
  }
  return worlds.some(({ possible }) => found.every((one, at) => possible[at]!.includes(one)));
}

/** The worlds that a write makes of one. */
function follow(world: World, write: SentWrite, hasEnded: boolean): World[] {
  const { kind, lba, blocks, version } = write;
  const waits = world.barring.some((other) =>
    lba < other.lba + other.blocks && other.lba < lba + blocks
  );
  if (waits) return [world];
  const isIn = (at: number) => at >= lba && at < lba + blocks;
  const settle = (at: number, versions: readonly number[]) =>
    isIn(at) ? versions : world.possible[at]!;
  const newest = world.newest.map((old, at) => isIn(at) ? version : old);
  const all = world.possible.map((_, at) => settle(at, [version]));
  switch (kind) {
    case WriteKind.FLUSH:
      if (!hasEnded) return [world];
      return [{ ...world, possible: world.newest.map((one) => [one]) }];
    case WriteKind.CACHED:
    case WriteKind.DURABLE: {
      if (hasEnded && kind === WriteKind.DURABLE) return [{ ...world, possible: all, newest }];
      const possible = world.possible.map((old, at) => settle(at, [...old, version]));
      return [{ ...world, possible, newest }];
    }
    case WriteKind.ATOMIC:
      if (hasEnded) return [{ ...world, possible: all, newest }];
      break;
    case WriteKind.FAILED_ATOMIC:
      if (!hasEnded) break;
      return [{
        ...world,
        possible: world.possible.map((_, at) => settle(at, [world.newest[at]!])),
      }];
  }
  return [{ ...world, possible: all, newest }, { ...world, barring: [...world.barring, write] }];
}
