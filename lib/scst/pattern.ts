/**
 * Patterns for names and addresses, as SCST has them: `*` stands for any run of characters, `?` for
 * exactly one, and the first `!` turns the answer of what follows it round. Case does not matter.
 */

export class Pattern {
  /** As it was written. */
  readonly text: string;
  /** The stretches between the asterisks before the first `!`. */
  readonly #head: readonly string[];
  /** Those behind it; undefined if there is none. */
  readonly #negated: readonly string[] | undefined;

  constructor(text: string) {
    this.text = text;
    const lower = text.toLowerCase();
    const mark = lower.indexOf("!");
    this.#head = (mark < 0 ? lower : lower.slice(0, mark)).split("*");
    this.#negated = mark < 0 ? undefined : lower.slice(mark + 1).split("*");
  }

  /** Whether it begins with `!`: it says who is meant by saying who is not. */
  get isNegative(): boolean {
    return this.text.startsWith("!");
  }

  /**
   * Whether `text` matches. No stretch is looked for again before the place where it was found, so
   * the time is bounded by the length of the text times that of the longest stretch.
   */
  matches(text: string): boolean {
    const lower = text.toLowerCase();
    if (this.#negated === undefined) return matchesAll(this.#head, lower);
    const end = endOfPrefix(this.#head, lower);
    // As in SCST, a `!` that is not reached before the text ends is a mismatch.
    if (end < 0 || end === lower.length) return false;
    return !matchesAll(this.#negated, lower.slice(end));
  }
}

/** Whether the stretches, with anything between them, are the whole of `text`. */
function matchesAll(stretches: readonly string[], text: string): boolean {
  const last = stretches.at(-1)!;
  const lastAt = text.length - last.length;
  if (stretches.length === 1) return lastAt === 0 && standsAt(last, text, 0);
  const end = endOfPrefix(stretches.slice(0, -1), text);
  return end >= 0 && end <= lastAt && standsAt(last, text, lastAt);
}

/** Where the shortest beginning of `text` ends that the stretches match; -1 if there is none. */
function endOfPrefix(stretches: readonly string[], text: string): number {
  const [first = "", ...others] = stretches;
  if (!standsAt(first, text, 0)) return -1;
  let end = first.length;
  for (const stretch of others) {
    while (!standsAt(stretch, text, end)) {
      if (++end + stretch.length > text.length) return -1;
    }
    end += stretch.length;
  }
  return end;
}

function standsAt(stretch: string, text: string, at: number): boolean {
  if (at + stretch.length > text.length) return false;
  for (let index = 0; index < stretch.length; index++) {
    if (stretch[index] !== "?" && stretch[index] !== text[at + index]) return false;
  }
  return true;
}
