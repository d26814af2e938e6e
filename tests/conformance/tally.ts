/** The outcomes of one run of the suite, counted by family. */
import { excuse, isPromised } from "./promised.ts";
import type { Outcome, Verdict } from "./outcome.ts";
import type { SuiteTest } from "./suite.ts";

type Counts = Record<Verdict, number>;

const COLUMNS: readonly Verdict[] = ["pass", "fail", "skip"];

function row(name: string, counts: Counts): string {
  return name.padEnd(24) + COLUMNS.map((column) => String(counts[column]).padStart(6)).join("");
}

export class Tally {
  #disk: string;
  #families = new Map<string, Counts>();
  #total: Counts = { pass: 0, fail: 0, skip: 0 };
  #broken: string[] = [];

  /** @param disk the kind of disk, whose expected skips apply; "" for a foreign target */
  constructor(disk: string) {
    this.#disk = disk;
  }

  add(test: SuiteTest, { verdict }: Outcome): void {
    const counts = this.#families.get(test.family) ?? { pass: 0, fail: 0, skip: 0 };
    this.#families.set(test.family, counts);
    counts[verdict]++;
    this.#total[verdict]++;
    if (verdict === "pass" || !isPromised(this.#disk, test.family)) return;
    if (excuse(this.#disk, test.name, verdict) === undefined) this.#broken.push(test.name);
  }

  /** The tests of promised families that neither passed nor were expected to be skipped. */
  get brokenPromises(): readonly string[] {
    return this.#broken;
  }

  /** A line per family and one for all, the promised families marked with a star. */
  table(): string {
    const lines = ["family".padEnd(24) + COLUMNS.map((column) => column.padStart(6)).join("")];
    for (const [family, counts] of this.#families) {
      lines.push(row(isPromised(this.#disk, family) ? `${family} *` : family, counts));
    }
    lines.push(row("all", this.#total));
    return lines.join("\n");
  }
}
