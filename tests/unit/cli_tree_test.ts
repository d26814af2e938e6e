/** `scst tree` against a server, and where there is none. */
import assert from "node:assert/strict";
import { defaultControlPath } from "../../lib/cli/control_path.ts";
import { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { Failure, NoServerError } from "../../lib/cli/failure.ts";
import { TreeError } from "../../lib/admin/tree.ts";
import { controlRig } from "../harness/control_rig.ts";
import { EXAMPLE_TARGET } from "../harness/example_tree.ts";
import { type ProgramResult, runProgram } from "../harness/program.ts";

const TARGET = `targets/iscsi/${EXAMPLE_TARGET}`;

function scstTree(path: string, ...args: string[]): Promise<ProgramResult> {
  return runProgram(["tree", ...args], { env: { SCST_CONTROL: path } });
}

Deno.test("scst tree ls shows directories as ls does", async () => {
  await using rig = await controlRig();
  const table: [string[], string][] = [
    [["devices"], "disk1\n"],
    [[`${TARGET}/luns/0/device`], "handler\nsize\nthreads_num\nodd name%\n"],
    [
      ["-l", "devices/disk1"],
      [
        "lrwxrwxrwx handler -> ../../handlers/vdisk_fileio",
        "-r--r--r-- size",
        "-rw-r--r-- threads_num",
        "-r--r--r-- odd name%\n",
      ].join("\n"),
    ],
    [["-l", `/${TARGET}/`], "-rw------- IncomingUser\ndrwxr-xr-x luns\n"],
    [["-l", "slow"], "--w------- slow\n"],
    [["devices/disk1/odd name%"], "devices/disk1/odd name%\n"],
    [
      ["-R", TARGET],
      [
        `${TARGET}:\nIncomingUser\nluns\n`,
        `${TARGET}/luns:\n0\n`,
        `${TARGET}/luns/0:\ndevice\n`,
      ].join("\n"),
    ],
  ];
  for (const [args, expected] of table) {
    const { code, stdout, stderr } = await scstTree(rig.path, "ls", ...args);
    assert.deepEqual([code, stdout, stderr], [0, expected, ""], args.join(" "));
  }
  const root = await scstTree(rig.path, "ls", "-lR");
  assert.match(root.stdout, /^\/:\n-r--r--r-- version\n[^]*^targets\/iscsi:\ndrwxr-xr-x iqn/m);
});

Deno.test("scst tree ls --json is what programs read", async () => {
  await using rig = await controlRig();
  const { stdout } = await scstTree(rig.path, "ls", "devices/disk1", "--json");
  assert.deepEqual(JSON.parse(stdout).slice(0, 2), [
    { name: "handler", kind: "link", target: "../../handlers/vdisk_fileio" },
    { name: "size", kind: "file", mode: "0444" },
  ]);
  const all = await scstTree(rig.path, "ls", "devices", "-R", "--json");
  assert.equal(JSON.parse(all.stdout)[0].entries[2].name, "threads_num");
});

Deno.test("scst tree cat prints what a file says, and no more", async () => {
  await using rig = await controlRig();
  const { code, stdout } = await scstTree(rig.path, "cat", "devices/disk1/size");
  assert.deepEqual([code, stdout], [0, "1048576\n[key]\n"]);
});

Deno.test("scst tree write writes a line, or what standard input says", async () => {
  await using rig = await controlRig();
  const mgmt = "handlers/vdisk_fileio/mgmt";
  for (const text of ["add a b=c", "add d\n", "add "]) {
    const { code, stdout, stderr } = await scstTree(rig.path, "write", mgmt, text);
    assert.deepEqual([code, stdout, stderr], [0, "", ""]);
  }
  assert.equal((await scstTree(rig.path, "write", "suspend", "-1")).code, 0);
  assert.equal((await scstTree(rig.path, "write", "suspend", "")).code, 0);
  const stdin = (text: string) =>
    runProgram(["tree", "write", "suspend"], { env: { SCST_CONTROL: rig.path }, stdin: text });
  assert.equal((await stdin("7")).code, 0);
  assert.equal((await stdin("8\n9\n")).code, 0);
  assert.equal((await stdin("")).code, 0);
  const long = await stdin("x".repeat(100_000));
  assert.match(
    long.stderr,
    /^error E2BIG: Standard input has more than the 4095 bytes of one write/,
  );
  assert.equal(long.code, 1);
  assert.deepEqual(rig.tree.written, [
    "mgmt add a b=c\n",
    "mgmt add d\n",
    "mgmt add \n",
    "suspend -1\n",
    "suspend \n",
    "suspend 7",
    "suspend 8\n9\n",
  ]);
});

Deno.test("scst tree prints errno and sentence of what the tree refuses", async () => {
  await using rig = await controlRig();
  const table: [string[], RegExp][] = [
    [["ls", "none"], /^error ENOENT: There is no "none" in the tree\n$/],
    [["ls", "version/x"], /^error ENOTDIR: "version\/x" leads through a file\n$/],
    [["cat", "devices"], /^error EISDIR: "devices" is a directory\n$/],
    [["cat", "slow"], /^error EACCES: "slow" can only be written\n$/],
    [["cat", "devices/../version"], /^error EINVAL: A path has no "\." and no "\.\."/],
    [["write", "version", "x"], /^error EACCES: "version" can only be read\n$/],
    [
      ["write", "handlers/vdisk_fileio/mgmt", "add disk1"],
      /^error EEXIST: There is a disk1 already\n$/,
    ],
  ];
  for (const [args, line] of table) {
    const { code, stdout, stderr } = await scstTree(rig.path, ...args);
    assert.match(stderr, line);
    assert.deepEqual([code, stdout], [1, ""]);
  }
});

Deno.test("scst tree says why no server can be asked, and exits with 4", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    await Deno.writeTextFile(`${dir}/file`, "");
    const { listener, left } = {
      listener: Deno.listen({ transport: "unix", path: `${dir}/x` }),
      left: `${dir}/left`,
    };
    await Deno.link(`${dir}/x`, left);
    await Deno.chmod(left, 0);
    const denied = await runProgram(["tree", "ls", "--socket", left], { unprivileged: true });
    assert.match(denied.stderr, /^error There is no permission to use .*left: be root, or of/);
    listener.close();
    const table: [string, RegExp][] = [
      [
        `${dir}/none`,
        /^error There is no server: .*none does not exist; start one with scst serve/,
      ],
      [`${dir}/file/x`, /^error There is no server: .*x does not exist/],
      [`${dir}/file`, /^error .*file is not a socket; start one with/],
      [dir, /^error .* is not a socket; start one with/],
      [left, /^error No server answers at .*left: it has ended and left its socket/],
    ];
    for (const [path, line] of table) {
      const { code, stdout, stderr } = await runProgram(["tree", "ls", "--socket", path]);
      assert.match(stderr, line);
      assert.deepEqual([code, stdout], [4, ""]);
    }
    assert.equal(denied.code, 4);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("SocketTreeClient is a way to the tree like that in the server", async () => {
  await using rig = await controlRig();
  const client = new SocketTreeClient(rig.path);
  assert.deepEqual((await client.list("devices/disk1")).slice(0, 2), [
    { name: "handler", kind: "link", target: "../../handlers/vdisk_fileio" },
    { name: "size", kind: "file", mode: 0o444 },
  ]);
  assert.equal(await client.read("devices/disk1/odd name%"), "odd\n");
  await client.write("devices/disk1/threads_num", "3\n");
  assert.deepEqual(rig.tree.written, ["threads_num 3\n"]);
  const [device] = await client.subtree("devices", { depth: "all", contents: true });
  assert.equal(device?.entries?.[2]?.content, "3\n");
  const errno = (wanted: string) => (error: unknown) =>
    error instanceof TreeError && error.errno === wanted;
  await assert.rejects(client.list("version"), errno("ENOTDIR"));
  await assert.rejects(client.read("devices"), errno("EISDIR"));
  await assert.rejects(client.write("suspend", "x".repeat(4097)), errno("E2BIG"));
  await assert.rejects(client.write("suspend", "x".repeat(2_000_000)), errno("E2BIG"));
});

Deno.test("SocketTreeClient tells what is no server of ours", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  const listener = Deno.listen({ transport: "unix", path: `${dir}/s` });
  const answers = [
    "HTTP/1.1 500 \r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[{",
    "HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[{",
    "nonsense\r\n\r\n",
    "",
  ];
  const serving = (async () => {
    for (const answer of answers) {
      using conn = await listener.accept();
      await conn.read(new Uint8Array(1000));
      await conn.write(new TextEncoder().encode(answer));
    }
  })();
  const client = new SocketTreeClient(`${dir}/s`);
  await assert.rejects(client.read("x"), (error) => error instanceof Failure);
  await assert.rejects(client.list("x"), (error) => error instanceof Failure);
  await assert.rejects(client.list("x"), (error) => error instanceof NoServerError);
  await assert.rejects(client.read("x"), (error) => error instanceof NoServerError);
  await assert.rejects(client.read("x"), (error) => error instanceof NoServerError);
  await serving;
  listener.close();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("defaultControlPath() is the system's socket for root and where there is one", () => {
  const path = (env: Record<string, string>, uid: number, hasSystemSocket: boolean) =>
    defaultControlPath((name) => env[name], uid, hasSystemSocket);
  const user = { XDG_RUNTIME_DIR: "/run/user/1000" };
  assert.equal(path(user, 0, false), "/run/scst/control");
  assert.equal(path(user, 1000, true), "/run/scst/control");
  assert.equal(path(user, 1000, false), "/run/user/1000/scst/control");
  assert.equal(path({ ...user, SCST_CONTROL: "/srv/c" }, 0, true), "/srv/c");
  assert.throws(() => path({}, 1000, false), Failure);
  assert.throws(() => path({ XDG_RUNTIME_DIR: "run" }, 1000, false), /XDG_RUNTIME_DIR is not set/);
});
