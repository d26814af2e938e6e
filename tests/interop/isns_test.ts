/** Open-iSNS's server: it is told of the targets, and says who may log in. */
import assert from "node:assert/strict";
import { Isnsd } from "../harness/isnsd.ts";
import { linesWith, warningsWith } from "../harness/log.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { runTool, type Tool, toolTest } from "../harness/tools.ts";

const ISNS: readonly Tool[] = ["isnsd", "isnsadm"];
const NAME = "iqn.2026-11.org.example";
const [ONE, TWO, OFF] = [`${NAME}:one`, `${NAME}:two`, `${NAME}:off`];
const HOST = `${NAME}.test:host`;

const LIMIT_MS = 15_000;

function yaml(isns: string, portal = "127.0.0.1:0"): string {
  return `
portals: ["${portal}"]
devices: { d0: { handler: vdisk_nullio, size: 16MiB } }
targets:
  ${ONE}: { alias: the first, luns: { 0: d0 } }
  ${TWO}: { luns: { 0: d0 } }
  ${OFF}: { enabled: false, luns: { 0: d0 } }
iscsi:
  iSNSServer: ${isns}
  isns_entity_name: storage1
`;
}

const registered = (server: TestServer, what: string) =>
  linesWith(server, /^info iSNS server/, `registered ${what} as storage1`);

/** Resolves with the first output of `look` that `isSo` takes. */
async function eventually(look: () => Promise<string>, isSo: (text: string) => boolean) {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const text = await look();
    if (isSo(text)) return text;
    if (performance.now() > end) throw new Error(`It stays at: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

toolTest("isnsadm sees targets with portal and alias, until the server stops", ISNS, async () => {
  await using isnsd = await Isnsd.start();
  await using server = await startTestServer(yaml(`127.0.0.1:${isnsd.port}`));
  await registered(server, "2 targets at 1 portal");
  const list = (type: string, source = ONE) => isnsd.adm(source, "--list", type);
  const nodes = await list("nodes");
  assert.match(nodes, /iSCSI name = "iqn\.2026-11\.org\.example:one"/);
  assert.match(nodes, /iSCSI node type = Target\n/);
  assert.match(nodes, /iSCSI alias = "the first"/);
  assert.match(await list("nodes", TWO), /iSCSI name = "iqn\.2026-11\.org\.example:two"/);
  assert.equal((await list("nodes", OFF)).trim(), "");
  const portals = await list("portals");
  assert.match(portals, /Portal IP address = 127\.0\.0\.1\n/);
  assert(portals.includes(`Portal TCP/UDP port = ${server.port}/tcp\n`), portals);
  assert.match(await list("entities"), /Entity identifier = "storage1"\n.*iSCSI \(2\)/);
  assert.equal((await server.stop()).code, 0);
  assert.match(server.stderr(), /info iSNS server \S+: deregistered storage1\n/);
  for (const type of ["nodes", "portals", "entities"]) assert.equal((await list(type)).trim(), "");
});

toolTest("a portal for all addresses is registered at those of the machine", ISNS, async () => {
  await using isnsd = await Isnsd.start();
  await using server = await startTestServer(yaml(`127.0.0.1:${isnsd.port}`, "0.0.0.0:0"));
  await linesWith(server, /^info iSNS server/, "registered 2 targets at");
  const portals = await isnsd.adm(ONE, "--list", "portals");
  const found = [...portals.matchAll(/Portal IP address = (\S+)\n/g)].map(([, address]) => address);
  const own = Deno.networkInterfaces().filter(({ family }) => family === "IPv4");
  assert.deepEqual(found.toSorted(), own.map(({ address }) => address).toSorted());
});

toolTest("a registration outlives its period, and inquiries are answered", ISNS, async () => {
  await using isnsd = await Isnsd.start({ registrationPeriod: 4, esiInterval: 1 });
  await using server = await startTestServer(yaml(`127.0.0.1:${isnsd.port}`));
  await registered(server, "2 targets at 1 portal");
  await new Promise((resolve) => setTimeout(resolve, 9000));
  assert.match(await isnsd.adm(ONE, "--list", "nodes"), /iSCSI name/);
  assert.match(await isnsd.adm(ONE, "--list", "portals"), /Portal IP address/);
  const answers = isnsd.log.match(/---ESIRsp---/g)?.length ?? 0;
  assert(answers >= 3, `${answers} answers`);
  assert.equal(server.stderr().match(/registered 2 targets/g)?.length, 1, server.stderr());
});

toolTest("a server that was away, and has forgotten, is told everything again", ISNS, async () => {
  await using first = await Isnsd.start();
  await using server = await startTestServer(yaml(`127.0.0.1:${first.port}`));
  await registered(server, "2 targets at 1 portal");
  await first.stop();
  await warningsWith(server, "iSNS server", "serving goes on without it");
  await using second = await Isnsd.start({}, first.port);
  await eventually(() => second.adm(ONE, "--list", "nodes"), (text) => text.includes(ONE));
});

const CONTROL: readonly Tool[] = [...ISNS, "iscsi-inq", "iscsi-ls"];

toolTest("a discovery domain decides who logs in with AccessControl", CONTROL, async () => {
  await using isnsd = await Isnsd.start();
  await using server = await startTestServer(yaml(`127.0.0.1:${isnsd.port} AccessControl`));
  await linesWith(server, /^info iSNS server/, "0 initiators share a discovery domain");
  const portal = `iscsi://127.0.0.1:${server.port}`;
  const inquire = async (target: string) =>
    (await runTool("iscsi-inq", ["-i", HOST, `${portal}/${target}/0`])).code === 0 ? "in" : "out";
  const seen = async () => {
    const { stdout } = await runTool("iscsi-ls", ["-i", HOST, portal]);
    return [...stdout.matchAll(/Target:(\S+)/g)].map(([, name]) => name).join(" ");
  };
  assert.equal(await inquire(ONE), "out");
  assert.equal(await seen(), "");
  await warningsWith(
    server,
    "login refused with INITIATOR_ERROR/NOT_FOUND (0203)",
    `iSNSServer: the iSNS server 127.0.0.1:${isnsd.port} has ${HOST} in no discovery domain`,
    `initiator=${HOST} target=${ONE}`,
  );
  await isnsd.adm(HOST, "--register", `initiator=${HOST}`);
  const members = [`member-name=${ONE}`, `member-name=${HOST}`];
  const domain = await isnsd.adm(HOST, "--dd-register", "dd-name=shared", ...members);
  await eventually(() => inquire(ONE), (text) => text === "in");
  assert.equal(await inquire(TWO), "out");
  assert.equal(await seen(), ONE);
  // Without the server its last word holds.
  await isnsd.stop();
  await warningsWith(server, "iSNS server", "serving goes on without it");
  assert.equal(await inquire(ONE), "in");
  assert.equal(await inquire(TWO), "out");
  assert.match(domain, /DD ID = 1\n/);
});

toolTest("who leaves the discovery domain is shut out", CONTROL, async () => {
  // Open-iSNS does not notify of this; it is asked thrice in a period.
  await using isnsd = await Isnsd.start({ registrationPeriod: 15, esiInterval: 5 });
  await isnsd.adm(HOST, "--register", `initiator=${HOST}`);
  const members = [`member-name=${ONE}`, `member-name=${HOST}`];
  await isnsd.adm(HOST, "--dd-register", "dd-name=shared", ...members);
  await using server = await startTestServer(yaml(`127.0.0.1:${isnsd.port} AccessControl`));
  const inquire = async () => {
    const url = `iscsi://127.0.0.1:${server.port}/${ONE}/0`;
    return (await runTool("iscsi-inq", ["-i", HOST, url])).code === 0 ? "in" : "out";
  };
  await eventually(inquire, (text) => text === "in");
  await isnsd.adm(HOST, "--dd-deregister", "1", `member-name=${HOST}`);
  await eventually(inquire, (text) => text === "out");
  assert.match(await isnsd.adm(HOST, "--list", "nodes"), /test:host"/, "it is still registered");
});
