/** The control socket as administrators and their tools meet it, with curl as a foreign client. */
import assert from "node:assert/strict";
import { subtreeOf } from "../../lib/admin/subtree.ts";
import { type TreeDirectory, TreeError } from "../../lib/admin/tree.ts";
import { EXAMPLE_TARGET } from "../harness/example_tree.ts";
import { type ControlRig, controlRig } from "../harness/control_rig.ts";
import { runTool, toolTest } from "../harness/tools.ts";

interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** What curl shows of one request. */
async function curl({ path }: ControlRig, url: string, ...options: string[]): Promise<Reply> {
  const args = ["-s", "-i", "--path-as-is", "--max-time", "20", "--unix-socket", path];
  const { code, stdout, stderr } = await runTool("curl", [
    ...args,
    ...options,
    `http://localhost${url}`,
  ]);
  assert.equal(code, 0, `${url}: curl exits with ${code}: ${stderr}`);
  const replies = stdout.split(/^(?=HTTP\/)/m);
  const [head = "", body = ""] = replies.at(-1)!.split(/\r\n\r\n(.*)/s);
  return { status: Number(head.split(" ")[1]), head, body };
}

toolTest("curl reads files and directories of the tree", ["curl"], async () => {
  await using rig = await controlRig();
  const version = await curl(rig, "/tree/version");
  assert.equal(version.status, 200);
  assert.match(version.head, /^Content-Type: text\/plain; charset=utf-8\r$/m);
  assert.equal(version.body, "3.9.0\n");
  assert.equal((await curl(rig, "/tree/devices/disk1/odd%20name%25")).body, "odd\n");
  const disk = await curl(rig, "/tree/devices/disk1/");
  assert.match(disk.head, /^Content-Type: application\/json\r$/m);
  assert.deepEqual(JSON.parse(disk.body), [
    { name: "handler", kind: "link", target: "../../handlers/vdisk_fileio" },
    { name: "size", kind: "file", mode: "0444" },
    { name: "threads_num", kind: "file", mode: "0644" },
    { name: "odd name%", kind: "file", mode: "0444" },
  ]);
  const through = await curl(rig, `/tree/targets/iscsi/${EXAMPLE_TARGET}/luns/0/device/size`);
  assert.equal(through.body, "1048576\n[key]\n");
  const head = await curl(rig, "/tree/version", "--head");
  assert.deepEqual([head.status, head.body], [200, ""]);
  assert.match(head.head, /^Content-Length: 6\r$/m);
});

toolTest("curl gets a subtree with what files say in one request", ["curl"], async () => {
  await using rig = await controlRig();
  const { body } = await curl(rig, "/tree/devices?depth=2&contents");
  assert.deepEqual(JSON.parse(body), [{
    name: "disk1",
    kind: "directory",
    entries: [
      { name: "handler", kind: "link", target: "../../handlers/vdisk_fileio" },
      { name: "size", kind: "file", mode: "0444", content: "1048576\n[key]\n" },
      { name: "threads_num", kind: "file", mode: "0644", content: "8\n" },
      { name: "odd name%", kind: "file", mode: "0444", content: "odd\n" },
    ],
  }]);
  const all = JSON.parse((await curl(rig, "/tree?depth=all&contents")).body);
  const named = (name: string) => all.find((entry: { name: string }) => entry.name === name);
  assert.equal(named("last_sysfs_mgmt_res").error.errno, "EAGAIN");
  assert.equal(named("slow").error.errno, "EACCES");
  assert.equal(named("broken").error.errno, "EIO");
  assert.deepEqual(named("loop"), { name: "loop", kind: "link", target: "loop" });
  const luns = named("targets").entries[0].entries[0].entries[1].entries;
  assert.equal(luns[0].entries[0].target, "../../../../../devices/disk1");
});

Deno.test("subtreeOf() tells no more than is good for the server's memory", async () => {
  const many = (count: number, read: () => string): TreeDirectory => ({
    kind: "directory",
    names: () => Array.from({ length: count }, (_, at) => `n${at}`),
    lookup: () => ({ kind: "file", mode: 0o444, read }),
  });
  const isTooMuch = (error: unknown) => error instanceof TreeError && error.errno === "E2BIG";
  const plain = { depth: 1, contents: false };
  assert.equal((await subtreeOf(many(200_000, () => ""), plain)).length, 200_000);
  await assert.rejects(subtreeOf(many(200_001, () => ""), plain), isTooMuch);
  const pages = many(8193, () => "x".repeat(5000));
  await assert.rejects(subtreeOf(pages, { depth: 1, contents: true }), isTooMuch);
});

toolTest("curl writes attributes and commands, whatever way it sends them", ["curl"], async () => {
  await using rig = await controlRig();
  const put = (path: string, ...options: string[]) => curl(rig, path, "-X", "PUT", ...options);
  assert.equal((await put("/tree/suspend", "-d", "-1")).status, 204);
  assert.equal((await curl(rig, "/tree/suspend")).body, "-1");
  const command = "add disk2 filename=/srv/a b\n";
  assert.equal((await put("/tree/handlers/vdisk_fileio/mgmt", "-d", command)).status, 204);
  const chunked = ["-H", "Transfer-Encoding: chunked", "-d", "add disk3"];
  assert.equal((await put("/tree/handlers/vdisk_fileio/mgmt", ...chunked)).status, 204);
  const expect = ["-H", "Expect: 100-continue", "-d", "add disk4"];
  assert.equal((await put("/tree/handlers/vdisk_fileio/mgmt", ...expect)).status, 204);
  assert.deepEqual(rig.tree.written, [
    "suspend -1",
    `mgmt ${command}`,
    "mgmt add disk3",
    "mgmt add disk4",
  ]);
});

toolTest("curl is told what is wrong: a status, an errno and a sentence", ["curl"], async () => {
  await using rig = await controlRig();
  const mgmt = "/tree/handlers/vdisk_fileio/mgmt";
  const big = `${rig.dir}/big`;
  await Deno.writeTextFile(big, "x".repeat(3_000_000));
  const put = ["-X", "PUT", "-d"];
  const upload = ["-X", "PUT", "--data-binary"];
  const table: [string, string[], number, string][] = [
    ["/tree/none", [], 404, "ENOENT"],
    ["/tree/version/x", [], 404, "ENOTDIR"],
    ["/tree/loop", [], 400, "EINVAL"],
    ["/tree/%ff", [], 400, "EINVAL"],
    ["/tree/%", [], 400, "EINVAL"],
    ["/tree/devices%2Fdisk1", [], 400, "EINVAL"],
    ["/tree/devices/../version", [], 400, "EINVAL"],
    ["/tree/devices/%2e%2e/version", [], 400, "EINVAL"],
    ["/tree/version?depth=1", [], 404, "ENOTDIR"],
    ["/tree?depth=0", [], 400, "EINVAL"],
    ["/tree?depth=33", [], 400, "EINVAL"],
    ["/tree?dept=1", [], 400, "EINVAL"],
    ["/tree/slow", [], 403, "EACCES"],
    ["/tree/last_sysfs_mgmt_res", [], 503, "EAGAIN"],
    ["/tree/broken", [], 500, "EIO"],
    ["/", [], 404, "ENOENT"],
    ["/other", [], 404, "ENOENT"],
    ["/treee", [], 404, "ENOENT"],
    ["/tree/none", [...put, "x"], 404, "ENOENT"],
    ["/tree/devices", [...put, "x"], 409, "EISDIR"],
    ["/tree/version", [...put, "x"], 403, "EACCES"],
    ["/tree/suspend?force", [...put, "x"], 400, "EINVAL"],
    [mgmt, [...put, "bogus"], 400, "EINVAL"],
    [mgmt, [...put, "add disk1"], 409, "EEXIST"],
    [mgmt, [...put, "del disk1"], 409, "EBUSY"],
    [mgmt, [...put, "\u00e9"], 400, "EINVAL"],
    [mgmt, [...put, "x".repeat(4096)], 400, "EINVAL"],
    [mgmt, [...put, "x".repeat(4097)], 413, "E2BIG"],
    [mgmt, [...upload, `@${big}`], 413, "E2BIG"],
    [mgmt, [...upload, `@${big}`, "-H", "Transfer-Encoding: chunked"], 413, "E2BIG"],
    [mgmt, [...upload, `@${big}`, "-H", "Expect: 100-continue"], 413, "E2BIG"],
    ["/tree/version", ["-X", "DELETE"], 405, "EOPNOTSUPP"],
    ["/tree/version", ["-X", "constructor"], 405, "EOPNOTSUPP"],
    ["/tree/version", ["-X", "POST", "-d", "x"], 405, "EOPNOTSUPP"],
  ];
  for (const [url, options, status, errno] of table) {
    const reply = await curl(rig, url, ...options);
    const what = `${url} ${options.join(" ").slice(0, 60)}: ${reply.head} ${reply.body}`;
    assert.equal(reply.status, status, what);
    const said = JSON.parse(reply.body);
    assert.equal(said.errno, errno, what);
    assert.match(said.message, /^\S.{10,}[^.]$/);
    if (status === 405) assert.match(reply.head, /^Allow: GET, HEAD, PUT\r$/m);
  }
  const written = rig.tree.written.filter((line) =>
    !/^mgmt (bogus|add disk1|del disk1)/.test(line)
  );
  assert.deepEqual(written, []);
});
