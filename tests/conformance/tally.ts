/** The outcomes of one run of the suite, counted by family, and what was no pass and is not excused. */
import { covers, type Excuse } from "./excuse.ts";
import type { Outcome, Verdict } from "./outcome.ts";
import type { SuiteTest } from "./suite.ts";

type Counts = Record<Verdict, number>;

const COLUMNS: readonly Verdict[] = ["pass", "fail", "skip"];

function row(name: string, counts: Counts): string {
  return name.padEnd(24) + COLUMNS.map((column) => String(counts[column]).padStart(6)).join("");
}

export class Tally {
  #excuses: ReadonlyMap<string, Excuse>;
  #families = new Map<string, Counts>();
  #total: Counts = { pass: 0, fail: 0, skip: 0 };
  #unexcused: string[] = [];

  /** @param excuses by the name of the test */
  constructor(excuses: ReadonlyMap<string, Excuse>) {
    this.#excuses = excuses;
  }

  /** Counts an outcome and returns the line that says so; undefined for a pass that was expected. */
  add(test: SuiteTest, outcome: Outcome): string | undefined {
    const { verdict, reason } = outcome;
    const counts = this.#families.get(test.family) ?? { pass: 0, fail: 0, skip: 0 };
    this.#families.set(test.family, counts);
    counts[verdict]++;
    this.#total[verdict]++;
    const excuse = this.#excuses.get(test.name);
    if (excuse === undefined && verdict === "pass") return undefined;
    const said = `${verdict} ${test.name}: ${reason}`;
    if (excuse !== undefined && covers(excuse, outcome)) return `${said} (${excuse.because})`;
    this.#unexcused.push(test.name);
    return excuse === undefined ? `not excused: ${said}` : `excused for something else: ${said}`;
  }

  /** The tests that did not pass, or did, and should not have as far as the excuses know. */
  get unexcused(): readonly string[] {
    return this.#unexcused;
  }

  /** A line per family and one for all. */
  table(): string {
    const lines = ["family".padEnd(24) + COLUMNS.map((column) => column.padStart(6)).join("")];
    for (const [family, counts] of this.#families) lines.push(row(family, counts));
    lines.push(row("all", this.#total));
    return lines.join("\n");
  }
}
