/** A seeded source of random numbers, so that a failing run can be run again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.#next() / 2 ** 32 * limit);
  }

  /** One of the values. */
  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError("Cannot pick from nothing");
    return value;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.#next() >>> 11;
    return bytes;
  }

  /** Mulberry32 by Tommy Ettinger (public domain), written down anew. */
  #next(): number {
    this.#state = this.#state + 0x6d2b79f5 >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ mixed >>> 15, mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return (mixed ^ mixed >>> 14) >>> 0;
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
