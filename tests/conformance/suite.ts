/** libiscsi's conformance suite, `iscsi-test-cu`: which tests it has, and running one of them. */
import { runTool, toolOutput } from "../harness/tools.ts";
import { judge, type Outcome } from "./outcome.ts";

/** A test that takes longer hangs; the slowest one against a healthy target takes some seconds. */
const TEST_LIMIT_MS = 60_000;

/** Sanitize.Reset looks once a minute whether the medium is sanitized. */
const LIMITS_MS: Readonly<Record<string, number>> = { "Sanitize.Reset": 300_000 };

export interface SuiteTest {
  readonly family: string;
  /** `FAMILY.TEST`. */
  readonly name: string;
}

/** Reads `iscsi-test-cu --list`: lines `GROUP.FAMILY.TEST`; the group ALL holds every test once. */
export function parseList(text: string): SuiteTest[] {
  return text.split("\n").flatMap((line) => {
    const [group, family, test] = line.trim().split(".");
    if (group !== "ALL" || family === undefined || test === undefined) return [];
    return [{ family, name: `${family}.${test}` }];
  });
}

export async function listTests(): Promise<SuiteTest[]> {
  return parseList(await toolOutput("iscsi-test-cu", ["--list"]));
}

/**
 * Runs one test in a process of its own. The logical unit loses its data.
 *
 * @param urls the paths to it; the family MultipathIO needs two
 */
export async function runTest(test: SuiteTest, urls: readonly string[]): Promise<Outcome> {
  const args = ["-V", "--dataloss", "--allow-sanitize", "--test", `ALL.${test.name}`, ...urls];
  return judge(await runTool("iscsi-test-cu", args, LIMITS_MS[test.name] ?? TEST_LIMIT_MS));
}
