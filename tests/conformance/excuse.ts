/** Why a test of iscsi-test-cu may do other than pass on some kinds of disk. */
import type { DiskKind } from "./disks.ts";
import type { Outcome, Verdict } from "./outcome.ts";

export interface Excuse {
  readonly disks: readonly DiskKind[];
  /** Families with some of their tests: `FAMILY TEST TEST`. */
  readonly tests: readonly string[];
  readonly verdict: Exclude<Verdict, "pass">;
  /** What the suite says: another failure of the test is not excused. */
  readonly says: RegExp;
  /** What nobody can help. */
  readonly because: string;
}

/** The names of the tests that an excuse is about. */
export function testsOf(excuse: Excuse): string[] {
  return excuse.tests.flatMap((line) => {
    const [family, ...tests] = line.split(" ");
    return tests.map((test) => `${family}.${test}`);
  });
}

/** The excuses that a disk of this kind has, by the name of the test. */
export function excusesOn(
  disk: DiskKind,
  excuses: readonly Excuse[],
): ReadonlyMap<string, Excuse> {
  const found = new Map<string, Excuse>();
  for (const excuse of excuses) {
    if (!excuse.disks.includes(disk)) continue;
    for (const test of testsOf(excuse)) {
      if (found.has(test)) throw new Error(`${test} has two excuses on disk ${disk}`);
      found.set(test, excuse);
    }
  }
  return found;
}

/** Whether an outcome is the one that the excuse is about. */
export function covers(excuse: Excuse, { verdict, reason }: Outcome): boolean {
  return verdict === excuse.verdict && excuse.says.test(reason);
}
