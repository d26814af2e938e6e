import assert from "node:assert/strict";
import { judge } from "../conformance/outcome.ts";
import { parseList } from "../conformance/suite.ts";
import { Tally } from "../conformance/tally.ts";

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

Deno.test("Tally names what was promised and did not pass", () => {
  const thick = new Tally("thick");
  const skip = { verdict: "skip", reason: "" } as const;
  thick.add({ family: "Inquiry", name: "Inquiry.BlockLimits" }, skip);
  thick.add({ family: "Read10", name: "Read10.Simple" }, skip);
  thick.add({ family: "NoMedia", name: "NoMedia.NoMediaSBC" }, { verdict: "fail", reason: "" });
  assert.deepEqual(thick.brokenPromises, ["Read10.Simple"]);
  assert.match(thick.table(), /^all +0 +1 +2$/m);
});
