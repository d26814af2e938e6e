/**
 * What one run of iscsi-test-cu says. Its exit code does not tell: it is 0 for a test that was
 * skipped and for a name that no test has. CUnit frames the test's own text between
 * `Test: NAME ...` and `passed` or `FAILED`; only what stands between them counts, since the
 * program's own preparations print `[SKIPPED]` as well.
 */
import type { ToolResult } from "../harness/tools.ts";

export type Verdict = "pass" | "fail" | "skip";

export interface Outcome {
  readonly verdict: Verdict;
  /** Why it is no pass; empty for a pass. */
  readonly reason: string;
}

const START = /^ {2}Test: \S+ \.\.\./m;
const END = /^(passed|FAILED)/m;
const ASSERTION = /^ {4}1\. (.*?)(?: {4}Send .*)?$/m;

/** The first line of `text` that holds `mark`, without the mark. */
function lineWith(text: string, mark: string): string | undefined {
  const line = text.split("\n").find((line) => line.includes(mark));
  return line?.slice(line.indexOf(mark) + mark.length).trim();
}

function fail(reason: string): Outcome {
  return { verdict: "fail", reason };
}

/** Judges the output of `iscsi-test-cu -V --test NAME`, run for a single test. */
export function judge(result: ToolResult): Outcome {
  const start = START.exec(result.stdout);
  if (result.timedOut) return fail(start === null ? "hang before the test" : "hang");
  if (start === null) {
    const said = result.stderr.trim().split("\n").at(-1) ?? "";
    return fail(said === "" ? "no test of this name ran" : said);
  }

  const rest = result.stdout.slice(start.index + start[0].length);
  // A test that says nothing is answered on the line of its name.
  if (rest.startsWith("passed")) {
    return { verdict: "skip", reason: "did nothing and said nothing" };
  }
  const end = END.exec(rest);
  if (end === null) return fail(`ended with exit code ${result.code} inside the test`);

  const body = rest.slice(0, end.index);
  if (end[0] === "FAILED") {
    const tail = rest.slice(end.index);
    return fail(lineWith(body, "[FAILED]") ?? ASSERTION.exec(tail)?.[1] ?? "no reason given");
  }
  const skipped = lineWith(body, "[SKIPPED]");
  if (skipped !== undefined) return { verdict: "skip", reason: skipped };
  if (result.code !== 0) return fail(`passed, but exited with code ${result.code}`);
  return { verdict: "pass", reason: "" };
}
