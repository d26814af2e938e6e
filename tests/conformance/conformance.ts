/**
 * `deno task conformance`: runs libiscsi's iscsi-test-cu, a process per test, against this
 * project's server or any target, and counts passes, failures and skips. A skip is never a pass.
 *
 *     deno task conformance [--families Read10,Write10] [--disks thin,thick,4096] [--url URL]
 *                           [--without Sanitize.Reset]
 *
 * Exits with 1 if a test ends otherwise than with a pass or the excuse that it has (excuses.ts). A
 * target named by --url has no excuses and is only counted; its logical unit loses its data.
 */
import { parseArgs } from "node:util";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { missingTools } from "../harness/tools.ts";
import { DISK_KINDS, DISK_SIZE, type DiskKind, DISKS, OWN_DISK_SIZES, pathsOf } from "./disks.ts";
import { excusesOn } from "./excuse.ts";
import { EXCUSES } from "./excuses.ts";
import { listTests, runTest, type SuiteTest } from "./suite.ts";
import { Tally } from "./tally.ts";

/** The program's usage errors: one sentence, exit code 2. */
class UsageError extends Error {}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

function checked<T extends string>(kind: string, text: string, allowed: readonly T[]): T[] {
  return text.split(",").map((name) => {
    const found = allowed.find((candidate) => candidate === name);
    if (found === undefined) {
      throw new UsageError(`no ${kind} "${name}"; there are: ${allowed.join(", ")}`);
    }
    return found;
  });
}

/** Runs the tests against one logical unit and prints what was not a pass. */
async function runSuite(
  tests: readonly SuiteTest[],
  urls: readonly string[],
  tally: Tally,
): Promise<void> {
  for (const test of tests) {
    const line = tally.add(test, await runTest(test, urls));
    if (line !== undefined) print(line);
  }
}

/** Runs tests on a new disk of this kind and of `size` bytes. */
async function runOnDisk(
  tests: readonly SuiteTest[],
  disk: DiskKind,
  size: number,
  tally: Tally,
): Promise<void> {
  await using server = await startTestServer((dir) => {
    const filename = backingFile(dir, "disk.img", size);
    return diskYaml([{ ...DISKS[disk], filename }]);
  });
  await runSuite(tests, pathsOf(disk, lunUrl(server)), tally);
  const complaints = server.stderr().split("\n").filter((line) => /^(warning|error) /.test(line));
  for (const line of complaints) print(`server: ${line}`);
}

/** Runs the tests on disks of one kind and prints the table. */
async function runOnDisks(tests: readonly SuiteTest[], disk: DiskKind): Promise<Tally> {
  print(`--- disk ${disk} ---`);
  const tally = new Tally(excusesOn(disk, EXCUSES));
  const bySize = Map.groupBy(tests, (test) => OWN_DISK_SIZES[test.name] ?? DISK_SIZE);
  for (const [size, some] of bySize) await runOnDisk(some, disk, size, tally);
  print(tally.table());
  return tally;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      families: { type: "string" },
      disks: { type: "string", default: "thin" },
      without: { type: "string" },
      url: { type: "string" },
    },
  });
  const missing = missingTools(["iscsi-test-cu"]);
  if (missing !== undefined) throw new UsageError(missing);

  const all = await listTests();
  const families = [...new Set(all.map((test) => test.family))];
  const wanted = values.families === undefined
    ? families
    : checked("family", values.families, families);
  const names = all.map((test) => test.name);
  const without = values.without === undefined ? [] : checked("test", values.without, names);
  if (without.length > 0) print(`left out: ${without.join(", ")}`);
  const tests = all.filter(({ family, name }) =>
    wanted.includes(family) && !without.includes(name)
  );

  if (values.url !== undefined) {
    const tally = new Tally(new Map());
    await runSuite(tests, [values.url, values.url], tally);
    print(tally.table());
    return 0;
  }
  const unexcused: string[] = [];
  for (const disk of checked("disk", values.disks, DISK_KINDS)) {
    const tally = await runOnDisks(tests, disk);
    unexcused.push(...tally.unexcused.map((name) => `${name} (${disk})`));
  }
  if (unexcused.length > 0) print(`not excused: ${unexcused.join(", ")}`);
  return unexcused.length > 0 ? 1 : 0;
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  print(`error ${error.message}`);
  Deno.exitCode = error instanceof UsageError ? 2 : 1;
}
