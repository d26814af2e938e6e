/** Access control over the network: several portals, groups, and targets in great number. */
import { freePort } from "../harness/free_port.ts";
import assert from "node:assert/strict";
import { ipv6Test } from "../harness/ipv6.ts";
import { warningsWith } from "../harness/log.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { concatBytes } from "../initiator/bytes.ts";
import { inquiry, read10, reportLuns, write10 } from "../initiator/cdb.ts";
import { login, type LoginResult } from "../initiator/login.ts";
import { decodeLun } from "../initiator/lun.ts";
import { NO_TAG, Opcode } from "../initiator/pdu.ts";
import { type Address, RawConnection } from "../initiator/raw.ts";
import { textRequest } from "../initiator/requests.ts";
import { Session } from "../initiator/session.ts";
import { SteeredSession } from "../initiator/steered.ts";
import { decodeText, encodeText, valueOf } from "../initiator/text.ts";
import { Field } from "../initiator/pdu.ts";
import { makeReady } from "../harness/sessions.ts";

const NAME = "iqn.2026-11.org.example";
const [ONE, TWO, THREE] = ["one", "two", "three"].map((host) => `${NAME}.test:${host}`);

const YAML = `
portals: ["127.0.0.1:0", "127.0.0.2:0"]
devices:
  d0: { handler: vdisk_nullio, size: 1MiB }
  d1: { handler: vdisk_nullio, size: 1MiB }
targets:
  ${NAME}:groups:
    luns: {}
    alias: for some
    ini_groups:
      first:
        initiators: ["*:one"]
        luns: { 0: d0, 300: d1 }
      second:
        initiators: ["*:o*", "*:two"]
        luns: { 5: { device: d0, read_only: true } }
        addr_method: FLAT
  ${NAME}:portal:
    allowed_portal: ["!*.1"]
    luns: { 0: d0 }
  ${NAME}:acl:
    per_portal_acl: true
    ini_groups:
      g:
        initiators: ["*:one#127.0.0.2"]
        luns: { 0: d0 }
  ${NAME}:off:
    enabled: false
    luns: { 0: d0 }
  ${NAME}:single:
    MaxSessions: 1
    luns: { 0: d0 }
`;

/** Logs in and out again; a refusal is a result. */
async function tryLogin(
  address: Address,
  target: string,
  initiatorName = ONE!,
): Promise<LoginResult> {
  using raw = await RawConnection.connect(address);
  return await login(raw, { targetName: `${NAME}:${target}`, initiatorName });
}

/** The ends of the names that an initiator is told, with the hosts where they are. */
async function discover(
  address: Address,
  initiatorName: string,
): Promise<Record<string, string[]>> {
  await using session = await Session.open(address, { initiatorName });
  const found: Record<string, string[]> = {};
  let hosts: string[] = [];
  for (const [key, value] of await session.text([["SendTargets", "All"]])) {
    if (key === "TargetName") found[value.slice(NAME.length + 1)] = hosts = [];
    else hosts.push(value.replace(/:\d+,1$/, ""));
  }
  return found;
}

async function withServer(
  body: (server: TestServer, first: Address, second: Address) => Promise<void>,
) {
  await using server = await startTestServer(YAML, { portals: 2 });
  const [first, second] = server.portals;
  await body(server, first!, second!);
}

Deno.test("each initiator is told the targets of its groups at the portals that are for it", () =>
  withServer(async (_server, first, second) => {
    const both = ["127.0.0.1", "127.0.0.2"];
    const reversed = ["127.0.0.2", "127.0.0.1"];
    assert.deepEqual(await discover(first, ONE!), { groups: both, single: both });
    assert.deepEqual(await discover(second, ONE!), {
      groups: reversed,
      portal: ["127.0.0.2"],
      acl: ["127.0.0.2"],
      single: reversed,
    });
    assert.deepEqual(await discover(second, THREE!), { portal: ["127.0.0.2"], single: reversed });
  }));

Deno.test("what an initiator is not told refuses its login, with the rule in the log", () =>
  withServer(async (server, first, second) => {
    const cases: [Address, string, string, number, string][] = [
      [first, "groups", THREE!, 0x0203, "luns: no group has"],
      [first, "portal", ONE!, 0x0203, "allowed_portal: portal 127.0.0.1 is shut out by '!*.1'"],
      [first, "acl", ONE!, 0x0203, `luns: no group has ${ONE}#127.0.0.1`],
      [second, "acl", TWO!, 0x0203, `luns: no group has ${TWO}#127.0.0.2`],
      [second, "off", ONE!, 0x0300, "enabled: the target is not enabled"],
    ];
    for (const [address, target, initiator, status, rule] of cases) {
      assert.equal((await tryLogin(address, target, initiator)).status, status, target);
      const portal = `portal=${address.host}:${address.port}`;
      await warningsWith(
        server,
        rule,
        `initiator=${initiator}`,
        `target=${NAME}:${target}`,
        portal,
      );
    }
    for (const target of ["groups", "portal", "acl", "single"]) {
      assert.equal((await tryLogin(second, target)).status, 0, target);
    }
    assert.equal((await tryLogin(first, "groups", TWO)).status, 0);
    const { answers } = await tryLogin(first, "groups");
    assert.equal(valueOf(answers, "TargetAlias"), "for some");
  }));

Deno.test("each initiator sees the LUNs of its group", () =>
  withServer(async (_server, first) => {
    const open = (initiatorName: string) =>
      Session.open(first, { targetName: `${NAME}:groups`, initiatorName });
    const luns = async (session: Session) => {
      const { data } = await session.command(reportLuns(1024), { read: 1024 });
      const count = (data.length - 8) / 8;
      const fields = Array.from({ length: count }, (_, index) =>
        data.subarray(8 * index + 8, 8 * index + 16));
      return fields.map((field) => [decodeLun(field), field[0]! >> 6]);
    };
    await using one = await open(ONE!);
    await using two = await open(TWO!);
    assert.deepEqual(await luns(one), [[0, 0], [300, 1]]);
    assert.deepEqual(await luns(two), [[5, 1]]);
    const { data } = await two.command(inquiry(36), { read: 36 });
    assert.equal(data[0], 0x7f, "there is no LUN 0");
    await makeReady(one, 0);
    await makeReady(two, 5);
    const write = new Uint8Array(512);
    assert.equal((await one.command(write10(0, 1), { write })).status, 0);
    const { status, sense } = await two.command(write10(0, 1), { write, lun: 5 });
    assert.deepEqual([status, sense?.key, sense?.asc], [2, 7, 0x27]);
    assert.equal((await two.command(read10(0, 1), { read: 512, lun: 5 })).status, 0);
  }));

Deno.test("MaxSessions refuses one session too many, and lets one be taken over", () =>
  withServer(async (_server, first, second) => {
    const targetName = `${NAME}:single`;
    await using session = await Session.open(first, { targetName });
    assert.equal((await tryLogin(second, "single")).status, 0x0302);
    const { isid } = session.loginResult;
    await using other = await Session.open(second, { targetName, isid });
    await session.closed();
    assert.equal((await tryLogin(first, "single")).status, 0x0302);
    assert.equal(await other.logout(), 0);
    assert.equal((await tryLogin(first, "single")).status, 0);
  }));

ipv6Test("a redirected login finds its way to another portal", async () => {
  const yaml = (port: number) => `
portals: ["127.0.0.1:0", "[::1]:${port}"]
devices: { d: { handler: vdisk_nullio, size: 1MiB } }
targets:
  ${NAME}:moved:
    redirect: "[::1]:${port} temp"
    luns: { 0: d }
`;
  const port = freePort("::1");
  await using server = await startTestServer(yaml(port), { portals: 2 });
  const { status, answers } = await tryLogin(server, "moved");
  assert.equal(status, 0x0101);
  assert.deepEqual(answers.at(-1), ["TargetAddress", `[::1]:${port}`]);
  assert.equal((await tryLogin({ host: "::1", port }, "moved")).status, 0);
});

Deno.test("10 000 targets are told in parts, and each of them lets the initiator in", async () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `${NAME}:t${index}`);
  const yaml = `
portals: ["127.0.0.1:0"]
devices: { d: { handler: vdisk_nullio, size: 1MiB } }
targets:
${names.map((name) => `  ${name}: {luns: {0: d}}`).join("\n")}
`;
  await using server = await startTestServer(yaml);
  using session = await SteeredSession.open(server, {});
  const first = session.numbers();
  await session.send(textRequest({ ...first, text: encodeText([["SendTargets", "All"]]) }));
  let answer = await session.expect(Opcode.TextResponse, first.itt);
  const parts = [answer.data];
  while (!answer.final) {
    const ttt = answer.u32(Field.ttt);
    assert.notEqual(ttt, NO_TAG);
    const numbers = { ...session.numbers(), itt: first.itt };
    await session.send(textRequest({ ...numbers, ttt, text: new Uint8Array() }));
    answer = await session.expect(Opcode.TextResponse, first.itt);
    parts.push(answer.data);
  }
  const told = decodeText(concatBytes(parts));
  assert.deepEqual(told.filter(([key]) => key === "TargetName").map(([, name]) => name), names);
  assert.equal(told.length, 2 * names.length);
  for (const index of [0, 4_999, 9_999]) {
    assert.equal((await tryLogin(server, `t${index}`)).status, 0);
  }
});
