/** `scst doctor`: each thing that it finds wrong, with the command that mends it. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";

interface Report {
  readonly check: string;
  readonly level: string;
  readonly says: string;
  readonly mend?: string;
}

async function inDirectory(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function examine(
  dir: string,
  config: string,
  options: { unprivileged?: boolean; env?: Record<string, string> } = {},
): Promise<{ code: number; reports: Report[]; of: (check: string) => Report[] }> {
  await Deno.writeTextFile(`${dir}/c.yaml`, config);
  const args = ["doctor", "--json", "--config", `${dir}/c.yaml`, "--state", `${dir}/state`];
  const { code, stdout } = await runProgram(args, options);
  const reports: Report[] = JSON.parse(stdout);
  return { code, reports, of: (name) => reports.filter(({ check }) => check === name) };
}

function device(name: string, filename: string, more = ""): string {
  return `  ${name}: { handler: vdisk_fileio, filename: ${filename}${more} }\n`;
}

Deno.test("scst doctor finds nothing wrong where a server would come up", async () => {
  await inDirectory(async (dir) => {
    await Deno.mkdir(`${dir}/state`);
    const config = `portals: ["127.0.0.1:0"]\ndevices:\n${
      device("d", backingFile(dir, "d.img", 2 ** 20))
    }`;
    const { code, reports, of } = await examine(dir, config);
    assert.equal(code, 0, JSON.stringify(reports));
    assert.deepEqual(reports.filter(({ level }) => level === "error"), []);
    for (const check of ["configuration", "state", "devices", "portals"]) {
      assert.deepEqual(of(check).map(({ level }) => level), ["ok"], check);
    }
    assert.match(of("server")[0]!.says, /^no server answers at /);
    assert.deepEqual([...Deno.readDirSync(`${dir}/state`)], []); // no ids were made
    const { stdout } = await runProgram(["doctor", "--config", `${dir}/c.yaml`]);
    assert.match(stdout, /^ok +configuration +\S+ is valid\n/);
  });
});

Deno.test("scst doctor says of each file what keeps it from being served, and what mends it", async () => {
  await inDirectory(async (dir) => {
    const file = (name: string, size: number) => backingFile(dir, name, size);
    const config = `portals: ["127.0.0.1:0"]\ndevices:\n` +
      device("gone", `${dir}/gone.img`) +
      device("empty", file("empty.img", 0)) +
      device("odd", file("odd.img", 4096 + 100)) +
      device("huge", file("huge.img", 2 ** 43)) +
      device("dir", dir) +
      `  block: { handler: vdisk_blockio, filename: ${file("block.img", 4096)} }\n`;
    const { code, of } = await examine(dir, config);
    assert.equal(code, 1);
    const found = of("devices").map(({ level, says, mend }) => `${level} ${says} -> ${mend}`);
    const wanted = [
      /^error device gone: \S+ cannot be opened \(.*\(ENOENT\)\) -> mkdir -p \S+ && truncate -s 20G /,
      /^error device empty: \S+ has 0 bytes, not even a block -> truncate /,
      /^warning device odd: \S+: the last 100 bytes are no whole block .* -> truncate -s %512 /,
      /^warning device huge: \S+ is sparse, and its file system has \d+ bytes too few .* -> df -h /,
      /^error device dir: \S+ cannot be opened \(.*\(EISDIR\)\) -> ls -l /,
      /^error device block: \S+ is no block device -> take the handler vdisk_fileio/,
    ];
    assert.equal(found.length, wanted.length, found.join("\n"));
    for (const [index, pattern] of wanted.entries()) assert.match(found[index]!, pattern);
  });
});

Deno.test("scst doctor looks with the eyes of the user that asks", async () => {
  await inDirectory(async (dir) => {
    await Deno.mkdir(`${dir}/state`, { mode: 0o500 });
    const filename = backingFile(dir, "d.img", 2 ** 20);
    await Deno.chmod(filename, 0o400);
    const config = `portals: ["127.0.0.1:0"]\ndevices:\n${device("d", filename)}`;
    const { code, of } = await examine(dir, config, { unprivileged: true });
    assert.equal(code, 1);
    assert.match(of("devices")[0]!.says, /cannot be opened \(.*EACCES/);
    assert.match(of("devices")[0]!.mend!, /^chown \w+ \S+ && chmod u\+rw /);
    assert.match(of("state")[0]!.says, /^nothing can be saved in the state directory /);
  });
});

Deno.test("scst doctor looks for the tree where SCST_TREE has it, or for none", async () => {
  await inDirectory(async (dir) => {
    const config = `portals: ["127.0.0.1:0"]\n`;
    const saysOfTree = async (SCST_TREE: string, SCST_CONTROL = `${dir}/none`) => {
      const { of } = await examine(dir, config, { env: { SCST_TREE, SCST_CONTROL } });
      return of("fuse").map(({ level, says }) => `${level} ${says}`);
    };
    assert.deepEqual(await saysOfTree("none"), [
      "note no management tree is to be mounted (SCST_TREE)",
    ]);
    const [elsewhere] = await saysOfTree(`${dir}/tree`);
    assert.doesNotMatch(elsewhere!, /SCST_TREE|is mounted/);
    // For a server that runs, whatever is mounted there is its tree.
    await using server = await startTestServer(config);
    assert.deepEqual(await saysOfTree("/proc", `${server.dir}/control`), [
      "ok the management tree is mounted at /proc",
    ]);
  });
});

Deno.test("scst doctor names a mistake, a taken port and a target that is open to a network", async () => {
  await inDirectory(async (dir) => {
    const broken = await examine(dir, "portals: 5\n");
    assert.equal(broken.code, 1);
    assert.match(broken.of("configuration")[0]!.says, /c\.yaml:1:10: portals must be a list/);
    assert.match(broken.of("configuration")[0]!.mend!, /^scst check /);
    assert.equal(broken.of("portals")[0]!.level, "note");
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const target = "iqn.2026-11.org.example:t";
    const config = `portals: ["127.0.0.1:${port}", "192.0.2.7:3260"]
devices: { n: { handler: vdisk_nullio } }
targets: { ${target}: { luns: { 0: n } } }
`;
    const { code, of } = await examine(dir, config);
    assert.equal(code, 1);
    const [taken, elsewhere] = of("portals");
    assert.equal(taken!.says, `portal 127.0.0.1:${port} is taken`);
    assert.match(taken!.mend!, new RegExp(`^ss -ltnp 'sport = :${port}'`));
    assert.equal(elsewhere!.says, "no interface has the address of portal 192.0.2.7:3260");
    assert.match(of("access")[0]!.says, /may use the LUNs of iqn\S+:t: there is no secret$/);
  });
});

Deno.test("scst doctor finds nothing wrong with what is not to be served", async () => {
  await inDirectory(async (dir) => {
    const yaml = `portals: ["0.0.0.0:0"]
devices: { d: { handler: vdisk_fileio, filename: ${dir}/none, active: false } }
targets: { iqn.2026-11.org.example:t: { enabled: false, luns: { 0: d } } }
`;
    const { code, of } = await examine(dir, yaml);
    assert.equal(code, 0);
    assert.equal(of("devices")[0]!.says, "no device has a file that is to be opened");
    assert.equal(of("access")[0]!.says, "no target is open to a whole network");
    const path = `${dir}/scst.conf`;
    await Deno.writeTextFile(
      path,
      "TARGET_DRIVER iscsi {\n  TARGET iqn.2026-11.org.example:t\n}\n",
    );
    const { stdout } = await runProgram(["doctor", "--json", "--config", path]);
    const reports: Report[] = JSON.parse(stdout);
    assert.equal(reports[0]!.says, `${path} is valid`);
  });
});

Deno.test("scst doctor leaves its portals to a server that runs", async () => {
  await using server = await startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "d.img", 2 ** 20) }])
  );
  const { code, stdout } = await runProgram(
    ["doctor", "--json", "--config", `${server.dir}/scst.yaml`, "--state", server.dir],
    { env: { SCST_CONTROL: `${server.dir}/control` } },
  );
  const reports: Report[] = JSON.parse(stdout);
  assert.equal(code, 0, stdout);
  const of = (name: string) => reports.find(({ check }) => check === name)!;
  assert.match(of("server").says, /^a server answers at /);
  assert.match(of("portals").says, / is left to the server that runs$/);
});

Deno.test("scst doctor says of a server that it is stuck, and goes on", async () => {
  await inDirectory(async (dir) => {
    // As a server whose process is stopped: the system takes connections for it.
    using _stuck = Deno.listen({ transport: "unix", path: `${dir}/control` });
    const config = `portals: ["127.0.0.1:0"]\n`;
    const { code, of } = await examine(dir, config, { env: { SCST_CONTROL: `${dir}/control` } });
    assert.equal(code, 1);
    const [server] = of("server");
    assert.equal(server!.level, "error");
    assert.match(server!.says, /^the server at \S+ does not answer within 5 s: it is stuck$/);
    assert.match(of("portals")[0]!.says, / is left to the server that runs$/);
  });
});
