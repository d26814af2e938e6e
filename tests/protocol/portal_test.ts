/** Several portals, IPv6, and wildcard addresses. */
import assert from "node:assert/strict";
import { diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { Session } from "../initiator/session.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import type { Address } from "../initiator/raw.ts";

/** Whether this machine has an IPv6 loopback address. */
function hasIPv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

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

Deno.test({
  name: hasIPv6()
    ? "an IPv6 portal stands in brackets"
    : "an IPv6 portal stands in brackets (skipped: no address ::1 on this machine)",
  ignore: !hasIPv6(),
  async fn() {
    await using server = await startTestServer(diskYaml([{}], { portals: ["[::1]:0"] }));
    assert.equal(server.host, "::1");
    assert.deepEqual(await discover(server), [`[::1]:${server.port},1`]);
    await using session = await openReady(server);
    assert.equal((await session.command(testUnitReady())).status, 0);
  },
});
