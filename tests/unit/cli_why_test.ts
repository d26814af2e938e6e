/** `scst why`: which rule decides about a login. */
import assert from "node:assert/strict";
import { type ProgramResult, runProgram } from "../harness/program.ts";

const HOST = "iqn.1993-08.org.debian:01:host1";
const TARGET = "iqn.2026-11.org.example:disk1";

const YAML = `
portals: [10.0.0.1, "10.0.0.2:3261"]
devices:
  d1: { handler: vdisk_nullio }
  d2: { handler: vdisk_nullio, read_only: true }
targets:
  ${TARGET}:
    allowed_portal: ["10.0.0.*"]
    MaxSessions: 4
    luns: {}
    ini_groups:
      debian:
        initiators: ["*.debian:*"]
        luns: { 1: { device: d1, read_only: true }, 0: d1, 5: d2 }
  iqn.2026-11.org.example:moved:
    redirect: 10.0.0.2:3261 temp
    luns: { 0: d1 }
  iqn.2026-11.org.example:off:
    enabled: false
    luns: { 0: d1 }
`;

async function why(args: readonly string[], yaml = YAML): Promise<ProgramResult> {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    await Deno.writeTextFile(`${dir}/f.yaml`, yaml);
    return await runProgram(["why", ...args, "--config", `${dir}/f.yaml`]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("scst why names group, pattern and LUNs of an initiator that may log in", async () => {
  const { code, stdout, stderr } = await why([HOST, TARGET, "10.0.0.1"]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `${HOST} at 10.0.0.1:3260 of ${TARGET}: allowed
  iscsi enabled   iscsi is enabled
  enabled         the target is enabled
  allowed_portal  portal 10.0.0.1 matches '10.0.0.*'
  luns            group 'debian' has ${HOST} by '*.debian:*', and has 3 LUNs
  iSNSServer      no iSNS server is asked
  redirect        nobody is sent elsewhere
  MaxSessions     4 sessions are allowed at one time
  IncomingUser    nobody has to authenticate
  LUN 0           d1
  LUN 1           d1, read only
  LUN 5           d2, read only
`,
  );
});

Deno.test("scst why names the gate that refuses, and exits with 3", async () => {
  const table: [string[], RegExp][] = [
    [
      ["iqn.x", TARGET, "10.0.0.1"],
      /refused with INITIATOR_ERROR\/NOT_FOUND \(0203\)\n[^]*\n {2}luns +REFUSED: no group has iqn\.x, and the target's own set has no LUN\n$/,
    ],
    [
      [HOST, "iqn.2026-11.org.example:off", "10.0.0.1"],
      /TARGET_ERROR \(0300\)\n[^]*\n {2}enabled +REFUSED: the target is not enabled\n$/,
    ],
    [
      [HOST, "iqn.2026-11.org.example:moved", "10.0.0.1"],
      /REDIRECTION\/TARGET_MOVED_TEMPORARILY \(0101\)\n[^]*\n {2}redirect +REFUSED: for now to 10\.0\.0\.2:3261\n$/,
    ],
    [
      [HOST, "iqn.2026-11.org.example:disk2", "10.0.0.1"],
      /NOT_FOUND \(0203\)\n {2}TargetName +REFUSED: there is no such target\n {2}Did you mean iqn\.2026-11\.org\.example:disk1\?\n$/,
    ],
    [
      ["iqn x", TARGET, "10.0.0.1"],
      /INITIATOR_ERROR \(0200\)\n {2}InitiatorName +REFUSED: it must have 1 to 223 printable/,
    ],
  ];
  for (const [args, expected] of table) {
    const { code, stdout, stderr } = await why(args);
    assert.match(stdout, expected);
    assert.equal(stderr, "");
    assert.equal(code, 3);
  }
});

Deno.test("scst why asks at each portal, and takes one that lets the initiator in", async () => {
  const { code, stdout } = await why([HOST.toUpperCase(), "iqn.2026-11.org.example:MOVED"]);
  assert.equal(code, 0);
  assert.match(stdout, /at 10\.0\.0\.1:3260 of \S+: refused with REDIRECTION/);
  assert.match(stdout, /\n\n\S+ at 10\.0\.0\.2:3261 of \S+: allowed\n/);
});

Deno.test("scst why --json says the same for programs", async () => {
  const { code, stdout } = await why([HOST, TARGET, "10.0.0.2", "--json"]);
  assert.equal(code, 0);
  const { portals, ...names } = JSON.parse(stdout);
  assert.deepEqual(names, { initiator: HOST, target: TARGET });
  const [{ gates, ...rest }, ...more] = portals;
  assert.equal(more.length, 0);
  assert.deepEqual(rest, {
    portal: "10.0.0.2:3261",
    allowed: true,
    status: "SUCCESS (0000)",
    group: "debian",
    pattern: "*.debian:*",
    luns: [
      { lun: 0, device: "d1", read_only: false },
      { lun: 1, device: "d1", read_only: true },
      { lun: 5, device: "d2", read_only: true },
    ],
  });
  assert.deepEqual(gates[3], {
    gate: "luns",
    open: true,
    says: `group 'debian' has ${HOST} by '*.debian:*', and has 3 LUNs`,
  });
  const refused = await why(["iqn.x", TARGET, "10.0.0.2", "--json"]);
  assert.equal(refused.code, 3);
  assert.equal(JSON.parse(refused.stdout).portals[0].allowed, false);
});

Deno.test("scst why says whose secret is wanted, and where none is", async () => {
  const users = "    IncomingUser: {joe: secret-of-joe, ann: secret-of-ann}\n";
  const yaml = YAML.replace("    MaxSessions", `${users}    MaxSessions`) +
    "iscsi: {internal_portal: [10.0.0.2]}\n";
  const { code, stdout } = await why([HOST, TARGET], yaml);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /10\.0\.0\.1:3260 of [^]*IncomingUser +the secret of one of 2 incoming users/,
  );
  const internal =
    /10\.0\.0\.2:3261 of [^]*IncomingUser +nobody has to authenticate at the internal/;
  assert.match(stdout, internal);
  const wild = yaml.replace(/portals: .*/, 'portals: ["0.0.0.0:3262"]').replace(
    / +allowed_p.*\n/,
    "",
  );
  assert.match((await why([HOST, TARGET], wild)).stderr, /error Name the address that/);
});

Deno.test("scst why leaves to the iSNS server what only that one knows", async () => {
  const isns = (text: string) => `${YAML}iscsi: {iSNSServer: "${text}"}\n`;
  const { code, stdout } = await why([HOST, TARGET], isns("isns.example.org AccessControl"));
  assert.equal(code, 0);
  const says =
    `left to the iSNS server isns.example.org:3205, which has to have ${HOST} in a discovery domain`;
  assert(
    stdout.includes(`  iSNSServer      ${says} with the target: it is not asked here\n`),
    stdout,
  );
  const open = await why([HOST, TARGET], isns("isns.example.org"));
  assert.match(open.stdout, /iSNSServer +no iSNS server is asked\n/);
});

Deno.test("scst why wants a portal that there is, and one where it matters", async () => {
  const portal = "error PORTAL must be one that the configuration has, which are ";
  const wild = YAML.replace(/portals: .*/, 'portals: ["0.0.0.0:3262"]');
  const table: [string[], string, string][] = [
    [[HOST, TARGET, "10.0.0.9"], YAML, `${portal}10.0.0.1:3260, 10.0.0.2:3261`],
    [[HOST, TARGET, "10.0.0.1:3261"], YAML, `${portal}10.0.0.1:3260, 10.0.0.2:3261`],
    [[HOST, TARGET, "host"], YAML, "error PORTAL must be ADDRESS or ADDRESS:PORT "],
    [[HOST, TARGET, "10.0.0.1:3260"], wild, `${portal}0.0.0.0:3262`],
    [
      [HOST, TARGET],
      wild,
      "error Name the address that the initiator reaches of portal 0.0.0.0:3262",
    ],
  ];
  for (const [args, yaml, line] of table) {
    const { code, stdout, stderr } = await why(args, yaml);
    assert(stderr.startsWith(line), stderr);
    assert.deepEqual([code, stdout, stderr.trim().split("\n").length], [2, "", 1]);
  }
  assert.equal((await why([HOST, TARGET, "10.0.0.77"], wild)).code, 0);
  assert.equal((await why([HOST, "iqn.2026-11.org.example:off"], wild)).code, 3);
  assert.equal((await why([HOST, TARGET], "portals: 1")).code, 1);
});
