/** A server that is administered while it runs, the SCST way: by a shell in the mounted tree, and by scst. */
import assert from "node:assert/strict";
import { missingFuse } from "../harness/fuse_mount.ts";
import { runProgram } from "../harness/program.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { runTool, toolOutput, toolTest } from "../harness/tools.ts";

const TARGET = "iqn.2006-10.net.vlnb:tgt";
const EMPTY = 'portals: ["127.0.0.1:0"]\n';

/** A server without targets whose tree is mounted in its directory. */
async function startWithTree(): Promise<TestServer & { readonly tree: string }> {
  const dir = await Deno.makeTempDir({ prefix: "scst_admin_" });
  const tree = `${dir}/tree`;
  await Deno.mkdir(tree);
  const server = await startTestServer(EMPTY, { dir, env: { SCST_TREE: tree } });
  return Object.assign(server, { tree });
}

/** A first disk, as the shorter of the two sessions that SCST's administrators begin with. $R is the tree. */
const FIRST_SESSION = `
set -e
echo "add_device first filename=$D/first; nv_cache=1" >$R/handlers/vdisk_fileio/mgmt
echo "add_target ${TARGET}0" >$R/targets/iscsi/mgmt
echo "add first 0" >$R/targets/iscsi/${TARGET}0/luns/mgmt
echo 1 >$R/targets/iscsi/${TARGET}0/enabled
echo 1 >$R/targets/iscsi/enabled
`;

/** The longer one: several targets, a user, negotiated parameters, and a group with disks of its own. */
const SESSION = `
set -e
echo "add_device disk1 filename=$D/disk1; nv_cache=1" >$R/handlers/vdisk_fileio/mgmt
echo "add_device disk2 filename=$D/disk2; blocksize=4096; nv_cache=1" >$R/handlers/vdisk_fileio/mgmt
echo "add_device blockio filename=$D/disk3; nv_cache=1" >$R/handlers/vdisk_fileio/mgmt
echo "add_device nullio" >$R/handlers/vdisk_nullio/mgmt
echo "add_device cdrom" >$R/handlers/vcdrom/mgmt
echo "add_target ${TARGET}" >$R/targets/iscsi/mgmt
echo "add disk1 0" >$R/targets/iscsi/${TARGET}/luns/mgmt
echo "add cdrom 1" >$R/targets/iscsi/${TARGET}/luns/mgmt
echo "add_target ${TARGET}1" >$R/targets/iscsi/mgmt
echo "add_target_attribute ${TARGET}1 IncomingUser joe2 12charsecret2" >$R/targets/iscsi/mgmt
echo "No" >$R/targets/iscsi/${TARGET}1/ImmediateData
echo "8192" >$R/targets/iscsi/${TARGET}1/MaxRecvDataSegmentLength
echo "8192" >$R/targets/iscsi/${TARGET}1/MaxXmitDataSegmentLength
echo "131072" >$R/targets/iscsi/${TARGET}1/MaxBurstLength
echo "32768" >$R/targets/iscsi/${TARGET}1/FirstBurstLength
echo "1" >$R/targets/iscsi/${TARGET}1/MaxOutstandingR2T
echo "CRC32C,None" >$R/targets/iscsi/${TARGET}1/HeaderDigest
echo "32" >$R/targets/iscsi/${TARGET}1/QueuedCommands
echo "add disk2 0" >$R/targets/iscsi/${TARGET}1/luns/mgmt
echo "add nullio 26" >$R/targets/iscsi/${TARGET}1/luns/mgmt
echo "create special_ini" >$R/targets/iscsi/${TARGET}/ini_groups/mgmt
echo "add blockio 0 read_only=1" >$R/targets/iscsi/${TARGET}/ini_groups/special_ini/luns/mgmt
echo "add iqn.*:special" >$R/targets/iscsi/${TARGET}/ini_groups/special_ini/initiators/mgmt
echo 1 >$R/targets/iscsi/${TARGET}/enabled
echo 1 >$R/targets/iscsi/${TARGET}1/enabled
echo 1 >$R/targets/iscsi/enabled
`;

async function makeDisks(dir: string): Promise<void> {
  for (
    const [name, size] of [
      ["first", 2 ** 19],
      ["disk1", 2 ** 20],
      ["disk2", 2 ** 21],
      ["disk3", 2 ** 22],
    ] as const
  ) {
    await Deno.writeFile(`${dir}/${name}`, new Uint8Array());
    await Deno.truncate(`${dir}/${name}`, size);
  }
}

/** Runs a script; /bin/sh runs sessions, and bash tells why a write fails. */
function shell(server: { dir: string; tree: string }, script: string, program = "bash") {
  return runTool(program, ["-c", `R=${server.tree}; D=${server.dir}\n${script}`]);
}

toolTest(
  "a shell configures a server in the mounted tree, and initiators see it at once",
  ["iscsi-ls", "iscsi-inq", "iscsi-readcapacity16", "fusermount3"],
  async () => {
    await using server = await startWithTree();
    try {
      await makeDisks(server.dir);
      const url = `iscsi://${server.host}:${server.port}`;
      const luns = async (...options: string[]) =>
        (await toolOutput("iscsi-ls", ["-s", ...options, url])).match(/(?<=Lun:).*(?=\()/g);
      const first = await shell(server, FIRST_SESSION, "/bin/sh");
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual(await luns(), ["0    Type:DIRECT_ACCESS "]);
      const inquired = await toolOutput("iscsi-inq", [`${url}/${TARGET}0/0`]);
      assert.match(inquired, /Vendor:SCST_FIO/);
      assert.match(inquired, /Product:first/);
      const removed0 = await shell(
        server,
        `echo 0 >$R/targets/iscsi/${TARGET}0/enabled; echo "del_target ${TARGET}0" >$R/targets/iscsi/mgmt`,
      );
      assert.equal(removed0.code, 0, removed0.stderr);

      const done = await shell(server, SESSION, "/bin/sh");
      assert.equal(done.code, 0, done.stderr);
      const seen = await toolOutput("iscsi-ls", [url]);
      assert.deepEqual(
        seen.match(/(?<=Target:)\S+/g)?.toSorted(),
        [TARGET, `${TARGET}1`],
      );
      const blocks = async (...options: string[]) => {
        const text = await toolOutput("iscsi-readcapacity16", [...options, `${url}/${TARGET}/0`]);
        return Number(/Total size:(\d+)/.exec(text)?.[1]);
      };
      assert.equal(await blocks(), 2 ** 20);
      assert.equal(await blocks("-i", "iqn.2026-11.org.example:special"), 2 ** 22);

      const user = `joe2%12charsecret2@${server.host}:${server.port}`;
      for (const [lun, product] of [[0, "disk2"], [26, "nullio"]]) {
        const text = await toolOutput("iscsi-inq", [`iscsi://${user}/${TARGET}1/${lun}`]);
        assert.match(text, new RegExp(`Product:${product}`));
      }
      const cd = await toolOutput("iscsi-inq", [`${url}/${TARGET}/1`]);
      assert.match(cd, /^Peripheral Device Type:MMC$/m);

      const errno = async (command: string, words: RegExp) => {
        const { code, stderr } = await shell(server, command);
        assert.notEqual(code, 0, command);
        assert.match(stderr, words, command);
      };
      await errno("echo 'add disk1 0' >$R/targets/iscsi/" + TARGET + "/luns/mgmt", /File exists/);
      await errno("echo 'add x 9' >$R/targets/iscsi/" + TARGET + "/luns/mgmt", /Invalid argument/);
      await errno(
        "echo 'add_device x filename=/none' >$R/handlers/vdisk_fileio/mgmt",
        /No such file/,
      );
      await errno("mkdir $R/devices/x", /denied|not permitted/);

      const { stdout } = await shell(server, "find $R -type f | xargs cat 2>/dev/null | wc -c");
      assert(Number(stdout) > 5000, stdout);
      const removed = await shell(
        server,
        `echo "del_device disk1" >$R/handlers/vdisk_fileio/mgmt; ls $R/targets/iscsi/${TARGET}/luns`,
      );
      assert.equal(removed.stdout, "1\nmgmt\n", removed.stderr);
    } finally {
      await server.stop();
    }
    assert.deepEqual([...Deno.readDirSync(server.tree)], [], "unmounted at the end");
    await Deno.remove(server.dir, { recursive: true });
  },
  missingFuse(),
);

toolTest(
  "the verbs of everyday work change a server that runs, and tell what they cannot",
  ["iscsi-ls"],
  async () => {
    await using server = await startTestServer(EMPTY);
    await makeDisks(server.dir);
    const env = { SCST_CONTROL: `${server.dir}/control` };
    const scst = async (...args: string[]) => {
      const { code, stdout, stderr } = await runProgram(args, { env });
      assert.equal(code, 0, `scst ${args.join(" ")}: ${stderr}`);
      return stdout;
    };
    await scst("device", "add", "disk1", `filename=${server.dir}/disk1`, "thin_provisioned=1");
    await scst("device", "add", "null1", "--handler", "vdisk_nullio");
    await scst("target", "add", TARGET, "--enable");
    await scst("lun", "add", TARGET, "0", "disk1");
    await scst("group", "add", TARGET, "g");
    await scst("group", "admit", TARGET, "g", "*:special");
    await scst("lun", "add", TARGET, "5", "null1", "--group", "g", "--read-only");
    await scst("target", "set", TARGET, "MaxSessions=7", "alias=of the house");
    assert.equal(await scst("tree", "cat", `targets/iscsi/${TARGET}/MaxSessions`), "7\n[key]\n\n");
    const seen = await toolOutput("iscsi-ls", ["-s", `iscsi://${server.host}:${server.port}`]);
    assert.match(seen, /Lun:0\s+Type:DIRECT_ACCESS/);
    const json = async (noun: string) => JSON.parse(await scst(noun, "list", "--json"));
    assert.deepEqual(await json("lun"), [
      { target: TARGET, group: "", lun: 0, device: "disk1", read_only: false },
      { target: TARGET, group: "g", lun: 5, device: "null1", read_only: true },
    ]);
    assert.deepEqual(await json("target"), [
      { target: TARGET, enabled: true, rel_tgt_id: 1, luns: 1, groups: 1, sessions: 0 },
    ]);
    assert.deepEqual(
      (await json("device")).map(({ device, size }: Record<string, unknown>) => [device, size]),
      [["disk1", 2 ** 20], ["null1", 5 * 2 ** 39]],
    );
    assert.match(
      await scst("group", "list"),
      /^TARGET +GROUP +LUNS +INITIATORS\n.*:tgt +g +1 +\*:special$/m,
    );
    assert.equal(await scst("session", "list"), "");
    const refused = await runProgram(["lun", "add", TARGET, "0", "null1"], { env });
    assert.equal(refused.code, 1);
    assert.equal(refused.stderr, "error EEXIST: LUN 0 is there already\n");
    await scst("device", "remove", "disk1");
    assert.equal((await json("lun")).length, 1);
  },
);

toolTest(
  "a configuration is applied to a server that runs, and what it serves is saved",
  [],
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "scst_apply_" });
    const portal = `portals: ["127.0.0.1:0"] # where it listens\n`;
    const server = await startTestServer(portal, { dir });
    const env = { SCST_CONTROL: `${dir}/control` };
    const run = (...args: string[]) => runProgram(args, { env });
    try {
      const more = `${dir}/more.yaml`;
      await Deno.writeTextFile(
        more,
        `portals: ["${server.host}:${server.port}"]
devices:
  n1: { handler: vdisk_nullio, size: 1MiB, naa_id: 0x5000000000000001, usn: one }
targets:
  ${TARGET}: { luns: { 3: n1 } }
`,
      );
      const plan = await run("apply", more, "--dry-run");
      assert.equal(plan.stdout, `add device n1\nadd target ${TARGET}\n`, plan.stderr);
      assert.equal((await run("target", "list")).stdout, "", "nothing was done");
      const first = await run("apply", more);
      assert.deepEqual([first.code, first.stdout], [0, plan.stdout], first.stderr);
      assert.equal((await run("apply", more)).stdout, "nothing to do\n");
      await run("device", "add", "n2", "--handler", "vdisk_nullio");
      assert.equal(
        (await run("apply", more)).stdout,
        "nothing to do\n",
        "what it does not name stays",
      );

      const saved = await run("save");
      assert.equal(saved.stdout, `saved in ${dir}/scst.yaml\n`, saved.stderr);
      const text = await Deno.readTextFile(`${dir}/scst.yaml`);
      assert.match(text, /# where it listens/);
      assert.match(text, /^ {2}n2:$/m);
      assert.match((await run("save")).stdout, /says so already/);
      assert.match((await run("save", "--print")).stdout, /^ {2}n2:$/m);

      assert.equal((await run("apply", more, "--prune")).stdout, "remove device n2\n");
      await Deno.writeTextFile(more, "portals: [127.0.0.1]\ncolour: red\n");
      const wrong = await run("apply", more);
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, /^error EINVAL: \S+more\.yaml:2:1: colour is not a known key/);
    } finally {
      await server.stop();
    }
    await using again = await startTestServer(await Deno.readTextFile(`${dir}/scst.yaml`), { dir });
    const listed = await run("device", "list", "--json");
    assert.deepEqual(
      JSON.parse(listed.stdout).map(({ device }: { device: string }) => device),
      ["n1", "n2"],
      again.stderr(),
    );
    await again.stop();
    await Deno.remove(dir, { recursive: true });
  },
);
