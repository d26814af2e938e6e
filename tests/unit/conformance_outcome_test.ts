import assert from "node:assert/strict";
import { judge } from "../conformance/outcome.ts";
import { DISK_KINDS } from "../conformance/disks.ts";
import { type Excuse, excusesOn, testsOf } from "../conformance/excuse.ts";
import { EXCUSES } from "../conformance/excuses.ts";
import { listTests, parseList } from "../conformance/suite.ts";
import { Tally } from "../conformance/tally.ts";
import { toolTest } from "../harness/tools.ts";

const HEAD = "    [SKIPPED] REPORT_SUPPORTED_OPCODES is not implemented.\n\nSuite: Read10\n";
const TAIL =
  "    Send PRIN/READ_KEYS\n\n\nRun Summary:    Type  Total    Ran Passed Failed Inactive\n";

function said(body: string, overrides: { code?: number; timedOut?: boolean } = {}) {
  return judge({ code: 0, stdout: HEAD + body, stderr: "", timedOut: false, ...overrides });
}

Deno.test("judge() takes a test that sent commands and passed as a pass", () => {
  const body = "  Test: Simple ...\n    Test READ10\n    [OK] READ10 returned SUCCESS\npassed" +
    TAIL;
  assert.deepEqual(said(body), { verdict: "pass", reason: "" });
});

Deno.test("judge() never takes a skip as a pass", () => {
  const reason = "Logical unit is not write-protected. Skipping test.";
  for (const gap of ["    ", "\n    Test something\n    "]) {
    assert.deepEqual(said(`  Test: Simple ...${gap}[SKIPPED] ${reason}\npassed${TAIL}`), {
      verdict: "skip",
      reason,
    });
  }
});

Deno.test("judge() takes a test that passed without a word as a skip", () => {
  assert.equal(said("  Test: BeyondEol ...passed" + TAIL).verdict, "skip");
});

Deno.test("judge() reports a failure with the suite's sentence or else the assertion", () => {
  const assertion = "FAILED\n    1. test_x.c:98  - CU_ASSERT_NOT_EQUAL(ret,0)" + TAIL;
  assert.deepEqual(said(`  Test: A ...\n    [FAILED] READ10 returned nonsense\n${assertion}`), {
    verdict: "fail",
    reason: "READ10 returned nonsense",
  });
  assert.deepEqual(said(`  Test: A ...\n    Test x\n${assertion}`), {
    verdict: "fail",
    reason: "test_x.c:98  - CU_ASSERT_NOT_EQUAL(ret,0)",
  });
});

Deno.test("judge() fails an unknown name, a crash, a hang and a bad exit code", () => {
  const passed = "  Test: Simple ...\n    Test READ10\npassed" + TAIL;
  assert.equal(said("\nRun Summary:\n").reason, "no test of this name ran");
  assert.match(said("  Test: Simple ...\n    Test READ10\n", { code: 134 }).reason, /134/);
  assert.deepEqual(said("  Test: Simple ...\n", { timedOut: true }), {
    verdict: "fail",
    reason: "hang",
  });
  assert.equal(said(passed, { code: 1 }).verdict, "fail");
});

Deno.test("parseList() takes each test once, from the group ALL", () => {
  const text = "ALL\nALL.Read10\nALL.Read10.Simple\nSCSI\nSCSI.Read10\nSCSI.Read10.Simple\n";
  assert.deepEqual(parseList(text), [{ family: "Read10", name: "Read10.Simple" }]);
});

const READ10 = { family: "Read10", name: "Read10.Simple" };

function tally(excuse: Partial<Excuse>): Tally {
  const whole = {
    disks: ["thin"],
    tests: ["Read10 Simple Other"],
    verdict: "skip",
    says: /no disk/,
  };
  const { disks, ...rest } = { ...whole, because: "it wants one", ...excuse } as Excuse;
  return new Tally(excusesOn("thin", [{ disks, ...rest }]));
}

Deno.test("Tally wants every test to pass that has no excuse", () => {
  const other = tally({ tests: ["Read10 Other"] });
  const thick = tally({ disks: ["thick"] });
  for (const counted of [other, thick]) {
    assert.equal(counted.add(READ10, { verdict: "pass", reason: "" }), undefined);
    assert.deepEqual(counted.unexcused, []);
    const line = counted.add(READ10, { verdict: "skip", reason: "no disk" });
    assert.equal(line, "not excused: skip Read10.Simple: no disk");
    assert.deepEqual(counted.unexcused, ["Read10.Simple"]);
    assert.match(counted.table(), /^Read10 +1 +0 +1\nall +1 +0 +1$/m);
  }
});

Deno.test("Tally takes the outcome that the excuse of a test is about, and no other", () => {
  const counted = tally({});
  const line = counted.add(READ10, { verdict: "skip", reason: "there is no disk" });
  assert.equal(line, "skip Read10.Simple: there is no disk (it wants one)");
  assert.deepEqual(counted.unexcused, []);
  const others = [
    { verdict: "skip", reason: "no unit" },
    { verdict: "fail", reason: "no disk" },
    { verdict: "pass", reason: "" },
  ] as const;
  for (const outcome of others) {
    const wrong = tally({});
    assert.match(wrong.add(READ10, outcome) ?? "", /^excused for something else: /);
    assert.deepEqual(wrong.unexcused, ["Read10.Simple"], outcome.verdict);
  }
});

Deno.test("no test has two excuses on the same disk", () => {
  for (const disk of DISK_KINDS) assert(excusesOn(disk, EXCUSES).size > 0);
  assert.throws(() => tally({ tests: ["Read10 Simple", "Read10 Simple"] }), /two excuses/);
});

toolTest("every excuse is about tests that the suite has", ["iscsi-test-cu"], async () => {
  const names = new Set((await listTests()).map(({ name }) => name));
  assert.deepEqual(EXCUSES.flatMap(testsOf).filter((name) => !names.has(name)), []);
});
