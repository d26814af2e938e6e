/** libiscsi and QEMU authenticate, and have the target authenticate. libiscsi knows MD5 alone. */
import assert from "node:assert/strict";
import type { UsersModel } from "../../lib/scst/model.ts";
import { backingFile, diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { QEMU, runTool, toolOutput, toolTest } from "../harness/tools.ts";

const USERS: UsersModel = {
  incomingUsers: [
    { name: "ann", secret: "secret-of-ann" },
    { name: "joe", secret: "secret-of-joe" },
  ],
  outgoingUser: { name: "disk", secret: "secret-of-disk" },
};
const JOE = "joe%secret-of-joe";
const DISK = "target_user=disk&target_password=secret-of-disk";
const OUTPUT = /Vendor:SCST_FIO/;

async function serve(users = USERS): Promise<TestServer> {
  return await startTestServer((dir) => {
    const filename = backingFile(dir, "disk.img", 64 * 1024 * 1024);
    return diskYaml([{ filename }], { users, discoveryUsers: users });
  });
}

/** The URL of LUN 0 with credentials; `query` goes behind it. */
function urlFor(server: TestServer, credentials: string, query = ""): string {
  const url = lunUrl(server).replace("iscsi://", `iscsi://${credentials}@`);
  return query === "" ? url : `${url}?${query}`;
}

/** Runs iscsi-inq, which must not get in; `why` is what it says. */
async function mustFail(url: string, why: RegExp): Promise<void> {
  const { code, stdout, stderr } = await runTool("iscsi-inq", [url]);
  assert.notEqual(code, 0, stdout);
  assert.match(stdout + stderr, why);
  assert.doesNotMatch(stdout, OUTPUT);
}

toolTest(
  "iscsi-inq logs in with a user and the secret, and not without",
  ["iscsi-inq"],
  async () => {
    await using server = await serve();
    for (const user of ["ann", "joe"]) {
      const url = urlFor(server, `${user}%secret-of-${user}`);
      assert.match(await toolOutput("iscsi-inq", [url]), OUTPUT);
    }
    const refused = /Authentication failure/;
    await mustFail(urlFor(server, "joe%secret-of-ann"), refused);
    await mustFail(urlFor(server, "mallory%secret-of-joe"), refused);
    await mustFail(lunUrl(server), refused);
  },
);

toolTest("iscsi-inq has the target authenticate (mutual CHAP)", ["iscsi-inq"], async () => {
  await using server = await serve();
  assert.match(await toolOutput("iscsi-inq", [urlFor(server, JOE, DISK)]), OUTPUT);
  const impostor = "target_user=disk&target_password=secret-of-other";
  await mustFail(urlFor(server, JOE, impostor), /Invalid CHAP_R response from the target/);
  const other = "target_user=other&target_password=secret-of-disk";
  await mustFail(urlFor(server, JOE, other), /Wrong CHAP targetname/);
});

toolTest("iscsi-inq is refused mutual CHAP without an outgoing user", ["iscsi-inq"], async () => {
  await using server = await serve({ incomingUsers: USERS.incomingUsers });
  assert.match(await toolOutput("iscsi-inq", [urlFor(server, JOE)]), OUTPUT);
  await mustFail(urlFor(server, JOE, DISK), /Authentication failure/);
});

toolTest("iscsi-ls discovers with a user of discovery, and not without", ["iscsi-ls"], async () => {
  await using server = await serve();
  const portal = `127.0.0.1:${server.port}`;
  for (const query of ["", `/?${DISK}`]) {
    const list = await toolOutput("iscsi-ls", ["-s", `iscsi://${JOE}@${portal}${query}`]);
    assert.match(list, /^Target:iqn\S+ Portal:\S+,1\nLun:0 .*\(Size:63M\)$/m);
  }
  const { stdout, stderr } = await runTool("iscsi-ls", [`iscsi://${portal}`]);
  assert.match(stdout + stderr, /Authentication failure/);
});

toolTest("qemu-img logs in with a user and the secret, and not without", QEMU, async () => {
  await using server = await serve();
  const info = await toolOutput("qemu-img", ["info", urlFor(server, JOE)]);
  assert.match(info, /virtual size: 64 MiB/);
  for (const url of [lunUrl(server), urlFor(server, "joe%secret-of-ann")]) {
    const { code, stderr } = await runTool("qemu-img", ["info", url]);
    assert.notEqual(code, 0);
    assert.match(stderr, /Authentication failure/);
  }
});
