/** Several portals, IPv6, and wildcard addresses. */
import { freePort } from "../harness/free_port.ts";
import assert from "node:assert/strict";
import { linesWith } from "../harness/log.ts";
import { ipv6Test } from "../harness/ipv6.ts";
import { diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { Session } from "../initiator/session.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import type { Address } from "../initiator/raw.ts";

/** The addresses that SendTargets tells at a portal. */
async function discover(address: Address): Promise<string[]> {
  await using session = await Session.open(address, {});
  const pairs = await session.text([["SendTargets", "All"]]);
  assert.deepEqual(pairs[0], ["TargetName", TARGET_NAME]);
  return pairs.slice(1).map(([, value]) => value);
}

Deno.test("a server has sessions on all of its portals", async () => {
  const yaml = diskYaml([{}], { portals: ["127.0.0.1:0", "127.0.0.2:0"] });
  await using server = await startTestServer(yaml, { portals: 2 });
  const [first, second] = server.portals;
  assert(first !== undefined && second !== undefined);
  await using one = await openReady(first);
  await using other = await openReady(second);
  for (const session of [one, other]) {
    assert.equal((await session.command(testUnitReady())).status, 0);
  }
  const addresses = await discover(first);
  assert(addresses.includes(`127.0.0.1:${first.port},1`), addresses.join(" "));
});

Deno.test("discovery at a wildcard portal tells the address that was connected to", async () => {
  await using server = await startTestServer(diskYaml([{}], { portals: ["0.0.0.0:0"] }));
  const addresses = await discover({ host: "127.0.0.1", port: server.port });
  assert(addresses.includes(`127.0.0.1:${server.port},1`), addresses.join(" "));
  assert(!addresses.some((address) => address.startsWith("0.0.0.0")), addresses.join(" "));
});

ipv6Test("an IPv6 portal stands in brackets", async () => {
  await using server = await startTestServer(diskYaml([{}], { portals: ["[::1]:0"] }));
  assert.equal(server.host, "::1");
  assert.deepEqual(await discover(server), [`[::1]:${server.port},1`]);
  await using session = await openReady(server);
  assert.equal((await session.command(testUnitReady())).status, 0);
  await linesWith(server, /^info login: .* peer=\[::1\]:\d+ .* portal=\[::1\]:\d+ /);
});

ipv6Test(
  "discovery at a portal for all addresses of both families tells the one that was reached",
  async () => {
    await using server = await startTestServer(diskYaml([{}], { portals: ["[::]:0"] }));
    const at = (host: string) => discover({ host, port: server.port });
    assert.deepEqual(await at("::1"), [`[::1]:${server.port},1`]);
    // The socket is an IPv6 one, and sees IPv4 addresses as ::ffff:127.0.0.1.
    assert.deepEqual(await at("127.0.0.1"), [`127.0.0.1:${server.port},1`]);
  },
);

ipv6Test("discovery tells the portals of the family by which the initiator came", async () => {
  const portals = ["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"];
  await using server = await startTestServer(diskYaml([{}], { portals }), { portals: 3 });
  const [first, second, third] = server.portals;
  assert(first !== undefined && second !== undefined && third !== undefined);
  const [one, two] = [`127.0.0.1:${first.port},1`, `127.0.0.2:${second.port},1`];
  assert.deepEqual(await discover(first), [one, two]);
  assert.deepEqual(await discover(second), [two, one]);
  assert.deepEqual(await discover(third), [`[::1]:${third.port},1`]);
});

ipv6Test("an IPv4 portal beside one that takes IPv4 already is explained", async () => {
  const port = freePort("::");
  const yaml = diskYaml([{}], { portals: [`[::]:${port}`, `0.0.0.0:${port}`] });
  const error = await startTestServer(yaml, { portals: 2 }).then(() => "", String);
  assert.match(
    error,
    /Cannot listen on 0\.0\.0\.0:\d+: the port is in use with portal \[::\]:\d+: on this system \[::\] takes IPv4 as well, leave the other one out/,
  );
});
