/** Random changes of a disk, in bytes, as several writers can make them: each has to end with the same. */
import type { Random } from "./random.ts";

/** Bytes from `offset` on that become `value`. */
export interface Edit {
  readonly offset: number;
  readonly length: number;
  /** 0 is written as data as well, or as zeros without data. */
  readonly value: number;
  /** Whether zeros are left to the writer's own means, and whether the space may be given back. */
  readonly zero: "write" | "zero" | "unmap";
}

/** What each edit is a multiple of, and how long one may be, in bytes. */
export interface EditShape {
  readonly unit: number;
  readonly lengthMost: number;
}

const AROUND = 4096;

/**
 * `count` edits of a disk of `size` bytes. Most begin or end near a multiple of 4 KiB, where blocks and
 * pages meet.
 */
export function randomEdits(random: Random, size: number, count: number, shape: EditShape): Edit[] {
  const { unit, lengthMost } = shape;
  const round = (bytes: number) => Math.floor(bytes / unit) * unit;
  return Array.from({ length: count }, () => {
    const near = AROUND * random.below(size / AROUND) + random.below(5) - 2;
    const start = random.below(3) === 0 ? random.below(size) : Math.max(0, near);
    const offset = Math.min(round(start), size - unit);
    const wish = random.pick([
      unit,
      unit + 1,
      511,
      512,
      513,
      4095,
      4096,
      4097,
      random.below(lengthMost),
    ]);
    const length = Math.min(Math.max(unit, round(wish)), size - offset);
    const zero = random.pick(["write", "write", "write", "zero", "unmap"] as const);
    return { offset, length, value: zero === "write" ? random.below(256) : 0, zero };
  });
}

/** The edits as commands of qemu-io. */
export function qemuScript(edits: readonly Edit[]): string[] {
  const verbs = { zero: "write -z", unmap: "write -z -u" } as const;
  return edits.map(({ offset, length, value, zero }) =>
    `${zero === "write" ? `write -P ${value}` : verbs[zero]} ${offset} ${length}`
  );
}

/** Makes the edits with plain writes at their places (pwrite). */
export function pwriteEdits(path: string, edits: readonly Edit[]): void {
  using file = Deno.openSync(path, { write: true });
  for (const { offset, length, value } of edits) {
    file.seekSync(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(length).fill(value);
    for (let done = 0; done < length;) done += file.writeSync(bytes.subarray(done));
  }
}
