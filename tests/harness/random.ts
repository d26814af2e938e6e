import { SeededRandom } from "../../lib/store/seeded_random.ts";

/** A seeded source of random numbers, so that a failing run can be run again. */
export class Random {
  #numbers: SeededRandom;

  constructor(seed: number) {
    this.#numbers = new SeededRandom(seed);
  }

  /** A number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.#numbers.next() / 2 ** 32 * limit);
  }

  /** One of the values. */
  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError("Cannot pick from nothing");
    return value;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.#numbers.next() >>> 11;
    return bytes;
  }
}

/** The seed of this run: SCST_TEST_SEED if set, else a new one. */
export function testSeed(): number {
  const given = Deno.env.get("SCST_TEST_SEED");
  return given === undefined ? crypto.getRandomValues(new Uint32Array(1))[0] ?? 1 : Number(given);
}

/** Runs `body` with a seeded source; a failure names the seed. */
export async function withRandom(body: (random: Random) => Promise<void>): Promise<void> {
  const seed = testSeed();
  try {
    await body(new Random(seed));
  } catch (cause) {
    throw new Error(`Failed with SCST_TEST_SEED=${seed}`, { cause });
  }
}
