/** `scst why` of a server that runs: it says what a login meets, rule by rule. */
import assert from "node:assert/strict";
import type { WhyAnswer } from "../../lib/admin/why.ts";
import { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { type ProgramResult, runProgram } from "../harness/program.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { login } from "../initiator/login.ts";
import { type Address, RawConnection } from "../initiator/raw.ts";
import { Session } from "../initiator/session.ts";

const NAME = "iqn.2026-11.org.example";
const [ONE, TWO] = ["one", "two"].map((host) => `${NAME}.test:${host}`) as [string, string];
const SECRET = "what joe alone knows";

const YAML = `
portals: ["127.0.0.1:0", "127.0.0.2:0"]
devices:
  d0: { handler: vdisk_nullio, size: 1MiB }
  d1: { handler: vdisk_nullio, size: 1MiB, read_only: true }
targets:
  ${NAME}:open: { luns: { 0: d0, 7: d1 } }
  ${NAME}:off: { enabled: false, luns: { 0: d0 } }
  ${NAME}:here: { allowed_portal: ["*.2"], luns: { 0: d0 } }
  ${NAME}:there: { allowed_portal: ["!*.1"], luns: { 0: d0 } }
  ${NAME}:group:
    luns: {}
    ini_groups: { g: { initiators: ["*:o*"], luns: { 1: d0 } } }
  ${NAME}:acl:
    per_portal_acl: true
    ini_groups: { g: { initiators: ["*:one#127.0.0.2"], luns: { 0: d0 } } }
  ${NAME}:single: { MaxSessions: 1, luns: { 0: d0 } }
  ${NAME}:temp: { redirect: "10.0.0.9:3260 temp", luns: { 0: d0 } }
  ${NAME}:perm: { redirect: "10.0.0.9:3260 perm", luns: { 0: d0 } }
  ${NAME}:secret: { IncomingUser: { joe: "${SECRET}" }, luns: { 0: d0 } }
iscsi: { internal_portal: [127.0.0.2] }
`;

async function whyLive(server: TestServer, ...args: string[]): Promise<ProgramResult> {
  return await runProgram(["why", ...args], { env: { SCST_CONTROL: `${server.dir}/control` } });
}

async function answerOf(
  server: TestServer,
  initiator: string,
  target: string,
  { host }: Address,
): Promise<WhyAnswer["portals"][number]> {
  const tree = new SocketTreeClient(`${server.dir}/control`);
  const query = new URLSearchParams({ initiator, target: `${NAME}:${target}`, portal: host });
  return (await tree.getJson<WhyAnswer>(`why?${query}`)).portals[0]!;
}

async function loginStatus(
  address: Address,
  initiatorName: string,
  target: string,
): Promise<number> {
  using raw = await RawConnection.connect(address);
  return (await login(raw, { targetName: `${NAME}:${target}`, initiatorName })).status;
}

/** Waits until an administrator sees so many sessions: the news of one comes behind the login itself. */
async function untilSeen(server: TestServer, target: string, count: number): Promise<void> {
  const tree = new SocketTreeClient(`${server.dir}/control`);
  const sessions = `targets/iscsi/${NAME}:${target}/sessions`;
  for (let tries = 0; (await tree.list(sessions)).length !== count; tries++) {
    assert(tries < 2000, `there are not ${count} sessions of ${target}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Fails unless both say the same; the last gate that is told is the one that decides. */
async function agree(
  server: TestServer,
  address: Address,
  initiator: string,
  target: string,
  expected: readonly [gate: string, says: RegExp],
): Promise<void> {
  const { allowed, status, gates } = await answerOf(server, initiator, target, address);
  const actual = await loginStatus(address, initiator, target);
  if (actual === 0) await untilSeen(server, target, 0);
  const number = parseInt(/\(([0-9A-F]{4})\)$/.exec(status)![1]!, 16);
  assert.equal(number, actual, `${target}: ${status}`);
  assert.equal(allowed, actual === 0, target);
  const { gate, open, says } = allowed
    ? gates.find((one) => one.gate === expected[0])!
    : gates.at(-1)!;
  assert.deepEqual([gate, open], [expected[0], allowed], target);
  assert.match(says, expected[1]);
}

Deno.test("scst why says what becomes of a login to the running server, and which rule decides", async () => {
  await using server = await startTestServer(YAML, { portals: 2 });
  const [first, second] = server.portals as unknown as [Address, Address];
  const table: [Address, string, string, string, RegExp][] = [
    [first, ONE, "open", "luns", /^no group has \S+:one, and the target's own set has 2 LUNs$/],
    [first, ONE, "none", "TargetName", /^there is no such target$/],
    [first, ONE, "off", "enabled", /^the target is not enabled$/],
    [first, ONE, "here", "allowed_portal", /^portal 127\.0\.0\.1 does not match '\*\.2'$/],
    [second, ONE, "here", "allowed_portal", /^portal 127\.0\.0\.2 matches '\*\.2'$/],
    [first, ONE, "there", "allowed_portal", /^portal 127\.0\.0\.1 is shut out by '!\*\.1'$/],
    [second, ONE, "there", "allowed_portal", /^portal 127\.0\.0\.2 is not shut out$/],
    [first, ONE, "group", "luns", /^group 'g' has \S+:one by '\*:o\*', and has 1 LUN$/],
    [first, TWO, "group", "luns", /^no group has \S+:two, .* has no LUN$/],
    [first, ONE, "acl", "luns", /^no group has \S+:one#127\.0\.0\.1, .* has no LUN$/],
    [second, ONE, "acl", "luns", /^group 'g' has \S+:one#127\.0\.0\.2 by /],
    [first, ONE, "single", "MaxSessions", /^0 other sessions of 1 that are allowed$/],
    [first, ONE, "temp", "redirect", /^for now to 10\.0\.0\.9:3260$/],
    [first, ONE, "perm", "redirect", /^for good to 10\.0\.0\.9:3260$/],
    [second, ONE, "secret", "IncomingUser", /^nobody has to authenticate at the internal portal /],
  ];
  for (const [address, initiator, target, gate, says] of table) {
    await agree(server, address, initiator, target, [gate, says]);
  }

  // A secret is asked for at the end, and is not told.
  const asked = await answerOf(server, ONE, "secret", first);
  assert.equal(asked.gates.at(-1)!.says, "the secret of the incoming user is wanted");
  assert.equal(await loginStatus(first, ONE, "secret"), 0x0201);
  assert(!JSON.stringify(asked).includes(SECRET));

  // What goes on counts as well.
  const session = await Session.open(first, { targetName: `${NAME}:single`, initiatorName: ONE });
  await untilSeen(server, "single", 1);
  await agree(server, first, TWO, "single", ["MaxSessions", /^1 sessions are there, 1 allowed$/]);
  await session.logout();

  const tree = new SocketTreeClient(`${server.dir}/control`);
  await tree.write("targets/iscsi/iSNSServer", "127.0.0.1:1 AccessControl\n");
  await agree(server, first, ONE, "open", ["iSNSServer", /^the iSNS server .* has not said yet/]);
  await tree.write("targets/iscsi/enabled", "0\n");
  await agree(server, first, ONE, "open", ["iscsi enabled", /^iscsi is not enabled$/]);
});

Deno.test("scst why asks the running server, and a configuration only where one is named", async () => {
  await using server = await startTestServer(YAML, { portals: 2 });
  const [{ port }, { port: other }] = server.portals as unknown as [Address, Address];
  const allowed = await whyLive(server, ONE, `${NAME}:open`, "127.0.0.1");
  assert.deepEqual([allowed.code, allowed.stderr], [0, ""]);
  assert.equal(
    allowed.stdout,
    `${ONE} at 127.0.0.1:${port} of ${NAME}:open: allowed
  iscsi enabled   iscsi is enabled
  enabled         the target is enabled
  allowed_portal  any portal is allowed
  luns            no group has ${ONE}, and the target's own set has 2 LUNs
  iSNSServer      no iSNS server is asked
  redirect        nobody is sent elsewhere
  MaxSessions     any number of sessions is allowed
  IncomingUser    nobody has to authenticate
  LUN 0           d0
  LUN 7           d1, read only
`,
  );
  const both = await whyLive(server, ONE, `${NAME}:here`);
  assert.equal(both.code, 0);
  assert.match(
    both.stdout,
    /127\.0\.0\.1:\d+ of \S+: refused [^]*127\.0\.0\.2:\d+ of \S+: allowed/,
  );

  const unknown = await whyLive(server, ONE, `${NAME}:opn`);
  assert.equal(unknown.code, 3);
  assert.match(unknown.stdout, /\n {2}Did you mean iqn\.2026-11\.org\.example:open\?\n$/);
  const json = JSON.parse((await whyLive(server, ONE, `${NAME}:opn`, "--json")).stdout);
  assert.equal(json.did_you_mean, `${NAME}:open`);
  assert.equal(json.portals.length, 2);

  const strange = await whyLive(server, ONE, `${NAME}:open`, "10.0.0.1");
  assert.equal(strange.code, 2);
  assert.match(
    strange.stderr,
    new RegExp(
      `^error PORTAL must be one that the server has, .*:${port}, 127\\.0\\.0\\.2:${other}`,
    ),
  );
  const bad = await whyLive(server, "a b", `${NAME}:open`, "127.0.0.1");
  assert.match(bad.stdout, /INITIATOR_ERROR \(0200\)\n {2}InitiatorName +REFUSED: it must have/);

  // The server is changed, and its configuration says what it said.
  const tree = new SocketTreeClient(`${server.dir}/control`);
  await tree.write(`targets/iscsi/${NAME}:open/enabled`, "0\n");
  assert.equal((await whyLive(server, ONE, `${NAME}:open`)).code, 3);
  const config = ["--config", `${server.dir}/scst.yaml`];
  assert.equal((await whyLive(server, ONE, `${NAME}:open`, ...config)).code, 0);

  for (const target of ["why", "why?initiator=a", "why?initiator=a&target=b&lun=0"]) {
    await assert.rejects(tree.get(target), { name: "TreeError", errno: "EINVAL" });
  }
});

Deno.test("scst why without a configuration needs a server", async () => {
  const { code, stderr } = await runProgram(["why", ONE, `${NAME}:open`]);
  assert.equal(code, 4);
  assert.match(stderr, /^error There is no server: /);
});
