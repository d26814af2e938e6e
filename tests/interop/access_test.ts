/** Access control as libiscsi's tools meet it. */
import { freePort } from "../harness/free_port.ts";
import assert from "node:assert/strict";
import { startTestServer } from "../harness/server.ts";
import { toolOutput, toolTest } from "../harness/tools.ts";

const NAME = "iqn.2026-11.org.example";

toolTest("iscsi-ls shows each initiator its own targets and LUNs", ["iscsi-ls"], async () => {
  await using server = await startTestServer(
    `
portals: ["127.0.0.1:0", "127.0.0.2:0"]
devices:
  d0: { handler: vdisk_nullio, size: 16MiB }
  d1: { handler: vdisk_nullio, size: 32MiB }
targets:
  ${NAME}:groups:
    allowed_portal: [127.0.0.1]
    ini_groups:
      first: { initiators: ["*:one"], luns: { 0: d0, 3: d1 } }
      second: { initiators: ["*:two"], luns: { 0: d1 } }
  ${NAME}:second-portal:
    allowed_portal: [127.0.0.2]
    luns: { 0: d0 }
`,
    { portals: 2 },
  );
  const list = async (index: number, initiator: string) => {
    const { host, port } = server.portals[index]!;
    const url = `iscsi://${host}:${port}`;
    const text = await toolOutput("iscsi-ls", ["-i", `${NAME}:${initiator}`, "-s", url]);
    return text.trim().replaceAll(/:\d+,1$/gm, "").split("\n");
  };
  const [d0, d1] = ["Type:DIRECT_ACCESS (Size:15M)", "Type:DIRECT_ACCESS (Size:31M)"];
  const groups = `Target:${NAME}:groups Portal:127.0.0.1`;
  assert.deepEqual((await list(0, "one")).slice(0, 3), [
    groups,
    `Lun:0    ${d0}`,
    `Lun:3    ${d1}`,
  ]);
  assert.deepEqual((await list(0, "two")).slice(0, 2), [groups, `Lun:0    ${d1}`]);
  assert.deepEqual(await list(0, "three"), [""]);
  assert.deepEqual((await list(1, "three")).slice(0, 2), [
    `Target:${NAME}:second-portal Portal:127.0.0.2`,
    `Lun:0    ${d0}`,
  ]);
});

toolTest("iscsi-inq follows a redirect to another portal", ["iscsi-inq"], async () => {
  const port = freePort("127.0.0.2");
  await using server = await startTestServer(
    `
portals: ["127.0.0.1:0", "127.0.0.2:${port}"]
devices: { d0: { handler: vdisk_nullio, size: 16MiB } }
targets:
  ${NAME}:moved:
    redirect: 127.0.0.2:${port} temp
    luns: { 0: d0 }
`,
    { portals: 2 },
  );
  const text = await toolOutput("iscsi-inq", [`iscsi://127.0.0.1:${server.port}/${NAME}:moved/0`]);
  assert.match(text, /Vendor:SCST_FIO/);
  const logins = server.stderr().split("\n").filter((line) => /^info login/.test(line));
  assert.match(logins[0] ?? "", /refused with REDIRECTION\/TARGET_MOVED_TEMPORARILY \(0101\)/);
  assert.match(logins[1] ?? "", /^info login: .* portal=127\.0\.0\.2:/);
});
