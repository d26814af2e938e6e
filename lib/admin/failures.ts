/** What cannot be served as it is meant: why, since when, and how often that was tried. */

export interface Failure {
  readonly name: string;
  /** Why it failed the last time: one sentence. */
  readonly message: string;
  /** When it failed first and last, in milliseconds since 1970. */
  readonly since: number;
  readonly tried: number;
  /** How often it was tried. */
  readonly tries: number;
}

/** The failures of one kind of objects, by name; `W` is what has to be known to try again. */
export class Failures<W = undefined> implements Iterable<Failure> {
  readonly #now: () => number;
  readonly #failures = new Map<string, Failure & { readonly wanted: W }>();

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get size(): number {
    return this.#failures.size;
  }

  /** What is wanted of an object that has failed; undefined if it has not. */
  wanted(name: string): W | undefined {
    return this.#failures.get(name)?.wanted;
  }

  has(name: string): boolean {
    return this.#failures.has(name);
  }

  /** It has failed, for the first time or once more. */
  note(name: string, message: string, wanted: W): void {
    const now = this.#now();
    const { since = now, tries = 0 } = this.#failures.get(name) ?? {};
    this.#failures.set(name, { name, message, since, tried: now, tries: tries + 1, wanted });
  }

  /** It has failed no more, or is not there any more. */
  delete(name: string): void {
    this.#failures.delete(name);
  }

  get names(): string[] {
    return [...this.#failures.keys()];
  }

  *[Symbol.iterator](): Iterator<Failure> {
    yield* this.#failures.values();
  }
}
