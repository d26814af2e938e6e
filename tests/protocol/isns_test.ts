/** iSNS servers that are no good: nobody who uses the disks notices. */
import assert from "node:assert/strict";
import { empty, numberOf, text, uint32 } from "../../lib/isns/attribute.ts";
import { FunctionId } from "../../lib/isns/function_id.ts";
import { Tag } from "../../lib/isns/tag.ts";
import { Bystander } from "../harness/bystander.ts";
import {
  type Behaviour,
  IsnsStandIn,
  obliging,
  response,
  sendAll,
} from "../harness/isns_stand_in.ts";
import { freePort } from "../harness/free_port.ts";
import { assertNoBug, linesWith, warningsWith } from "../harness/log.ts";
import { residentBytes } from "../harness/memory.ts";
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { openReady, openSession } from "../harness/sessions.ts";

const BYSTANDER = "iqn.2026-11.org.example.test:bystander";

const yamlFor = (isns: string) => (dir: string) =>
  diskYaml([{ filename: backingFile(dir, "disk", 1 << 20) }]) +
  `iscsi:\n  iSNSServer: "${isns}"\n  isns_entity_name: storage1\n`;

/** Agrees to everything, and has these initiators in the domains of each target. */
const sharing = (...names: string[]): Behaviour => (request, conn) => {
  const [, key] = request.attributes;
  if (request.functionId !== FunctionId.DevAttrQry || key === undefined || numberOf(key) !== 2) {
    return obliging(request, conn);
  }
  const type = uint32(Tag.ISCSINodeType, 2);
  const nodes = names.flatMap((name) => [text(Tag.ISCSIName, name), type]);
  return sendAll(conn, response(request, 0, [type, empty(Tag.Delimiter), ...nodes]));
};

/** PDUs of an answer that has no end. */
const endless: Behaviour = async (request, conn) => {
  for (let sequence = 0; sequence < 1000; sequence++) {
    const pdu = response(request, 0, [{ tag: 70_000, value: new Uint8Array(65_000) }]);
    const view = new DataView(pdu.buffer);
    view.setUint16(6, 0x4000 | (sequence === 0 ? 0x0400 : 0));
    view.setUint16(10, sequence);
    await sendAll(conn, pdu);
  }
};

const BAD: readonly (readonly [string, Behaviour])[] = [
  ["garbage", (_, conn) => sendAll(conn, crypto.getRandomValues(new Uint8Array(100_000)))],
  ["PDUs without end", endless],
  [
    "wrong transaction id",
    (request, conn) =>
      sendAll(conn, response({ ...request, transactionId: request.transactionId ^ 0x55 })),
  ],
  ["the end of each connection", (_, conn) => conn.close()],
  ["half an answer", (request, conn) => sendAll(conn, response(request).subarray(0, 13))],
  ["silence", () => {}],
];

/** Has a server meet one iSNS server that turns bad in these ways, one after the other. */
async function endure(ways: readonly (readonly [string, Behaviour])[]): Promise<void> {
  await using isns = new IsnsStandIn(sharing(BYSTANDER));
  await using server = await startTestServer(yamlFor(`127.0.0.1:${isns.port} AccessControl`));
  await linesWith(server, /^info iSNS server/, "1 initiator shares a discovery domain");
  await using bystander = await Bystander.start(server, 0);
  const before = await residentBytes(server.pid);
  for (const [what, behaviour] of ways) {
    const requests = isns.requests.length;
    isns.behaviour = behaviour;
    isns.drop();
    await isns.until(() => isns.requests.length > requests, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    // What was known holds: who is in no domain is refused, and who is gets in.
    await assert.rejects(openSession(server, { initiatorName: `${BYSTANDER}2` }), what);
    const session = await openReady(server, [0], { initiatorName: BYSTANDER });
    await session[Symbol.asyncDispose]();
  }
  await bystander.finish();
  await warningsWith(server, "in no discovery domain with the target", TARGET_NAME);
  assertNoBug(server);
  assert(await residentBytes(server.pid) - before < 200 << 20, "memory");
  const warnings = server.stderr().split("\n").filter((line) => /^warning iSNS/.test(line));
  assert(warnings.length <= 2 * ways.length, warnings.join("\n"));
}

Deno.test("a bystander does not notice what an iSNS server does", async () => {
  // Side by side, as each failure has the next attempt wait longer.
  const third = BAD.length / 3;
  const groups = [0, 1, 2].map((index) => BAD.slice(index * third, (index + 1) * third));
  await Promise.all(groups.map(endure));
});

Deno.test("nobody is let in before an iSNS server has been heard, and all goes on without it", async () => {
  const port = freePort();
  await using server = await startTestServer(yamlFor(`127.0.0.1:${port} AccessControl`));
  await warningsWith(server, `iSNS server 127.0.0.1:${port}`, "serving goes on without it");
  await assert.rejects(openSession(server, { initiatorName: BYSTANDER }));
  await warningsWith(
    server,
    "login refused with INITIATOR_ERROR/NOT_FOUND (0203)",
    `iSNSServer: the iSNS server 127.0.0.1:${port} has not said yet who may log in`,
  );
  const before = performance.now();
  assert.equal((await server.stop()).code, 0);
  assert(performance.now() - before < 3000, "the end does not wait for it");
});

Deno.test("a server whose iSNS server is silent stops in time", async () => {
  await using isns = new IsnsStandIn();
  await using server = await startTestServer(yamlFor(`127.0.0.1:${isns.port}`));
  await linesWith(server, /^info iSNS server/, "registered 1 target at 1 portal as storage1");
  isns.behaviour = () => {};
  const before = performance.now();
  assert.equal((await server.stop()).code, 0);
  assert(performance.now() - before < 4000, "the end does not wait for it");
  const last = isns.requests.at(-1);
  assert.equal(last?.functionId, FunctionId.DevDereg);
});
