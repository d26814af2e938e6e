/**
 * What scstadmin's library does with the tree, replayed in Perl against the mounted one. The tool itself is in
 * no package of Debian's: this asks, reads and writes as SCST-INTERFACE.md says that it does.
 */
import assert from "node:assert/strict";
import { missingUsers } from "../harness/fuse_mount.ts";
import { runProgram } from "../harness/program.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { runTool, toolTest } from "../harness/tools.ts";
import { Session } from "../initiator/session.ts";

const SCRIPT = new URL("scst_tree.pl", import.meta.url).pathname;
const T = "iqn.2026-11.org.example:t";
const HOST = "iqn.1993-08.org.debian:01:host1";

/** A server whose tree is mounted in its directory, and its two administrators. */
class Place implements AsyncDisposable {
  readonly #server: TestServer;

  private constructor(server: TestServer) {
    this.#server = server;
  }

  static async open(): Promise<Place> {
    const dir = await Deno.makeTempDir({ prefix: "scst_perl_" });
    await Deno.mkdir(`${dir}/tree`);
    await Deno.writeFile(`${dir}/disk.img`, new Uint8Array(1024 * 1024));
    const env = { SCST_TREE: `${dir}/tree` };
    return new Place(await startTestServer('portals: ["127.0.0.1:0"]\n', { dir, env }));
  }

  get server(): TestServer {
    return this.#server;
  }

  /** The lines that the script prints; `input` is its standard input. */
  async perl(args: readonly string[], input = ""): Promise<string[]> {
    const file = `${this.#server.dir}/input`;
    await Deno.writeTextFile(file, input);
    const words = ["perl", SCRIPT, `${this.#server.dir}/tree`, ...args].map((word) => `'${word}'`);
    const { code, stdout, stderr } = await runTool("bash", ["-c", `${words.join(" ")} <'${file}'`]);
    assert.deepEqual([code, stderr], [0, ""], args.join(" "));
    return stdout.split("\n").slice(0, -1);
  }

  /** What becomes of writes, `PATH TEXT` each. */
  write(lines: readonly string[]): Promise<string[]> {
    return this.perl(["write"], lines.map((line) => `${line}\n`).join(""));
  }

  async admin(...args: string[]): Promise<string> {
    const env = { SCST_CONTROL: `${this.#server.dir}/control` };
    const { code, stdout } = await runProgram(["admin", "-noprompt", ...args], { env });
    assert.equal(code, 0, stdout);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await Deno.remove(this.#server.dir, { recursive: true });
  }
}

function treeTest(name: string, body: (place: Place) => Promise<void>): void {
  toolTest(name, ["perl", "fusermount3"], async () => {
    await using place = await Place.open();
    await body(place);
  }, missingUsers());
}

/** A configuration in the order in which -config makes it, with its blanks and semicolons. */
function writes(dir: string): string[] {
  const target = `targets/iscsi/${T}`;
  const groups = `${target}/ini_groups`;
  const alua = "device_groups/dg/target_groups";
  return [
    "handlers/vcdrom/mgmt add_device cd ",
    `handlers/vdisk_fileio/mgmt add_device disk filename=${dir}/disk.img;thin_provisioned=1;`,
    "handlers/vdisk_nullio/mgmt add_device null size_mb=10;blocksize=4096;",
    "devices/null/prod_id a b",
    "devices/disk/threads_num 3",
    "devices/disk/t10_dev_id a-disk",
    `targets/iscsi/mgmt add_target ${T} `,
    `targets/iscsi/mgmt add_target_attribute ${T} IncomingUser joe 12charsecret`,
    `targets/iscsi/mgmt add_target_attribute ${T} IncomingUser ann 12charsecret2`,
    `targets/iscsi/mgmt add_target_attribute ${T} allowed_portal 127.*`,
    `${target}/HeaderDigest CRC32C,None`,
    `${target}/ImmediateData No`,
    `${target}/luns/mgmt add disk 0 `,
    `${target}/luns/mgmt add null 7 read_only=1;`,
    `${groups}/mgmt create hosts`,
    `${groups}/hosts/luns/mgmt add cd 3 `,
    `${groups}/hosts/luns/mgmt add disk 0 `,
    `${groups}/hosts/addr_method FLAT\\n`,
    `${groups}/hosts/initiators/mgmt add ${HOST}`,
    `${groups}/hosts/initiators/mgmt add iqn.x:*`,
    "targets/iscsi/mgmt add_attribute IncomingUser finder 12charsecret3",
    "targets/iscsi/link_local 0\\n",
    "device_groups/mgmt create dg",
    "device_groups/dg/devices/mgmt add disk",
    `${alua}/mgmt create here`,
    `${alua}/here/mgmt add ${T}`,
    `${alua}/mgmt create there`,
    `${alua}/there/mgmt add remote`,
    `${alua}/there/remote/rel_tgt_id 11\\n`,
    `${alua}/here/group_id 1\\n`,
    `${alua}/here/state nonoptimized\\n`,
    `${alua}/there/group_id 2\\n`,
    `${alua}/there/preferred 1\\n`,
    `${target}/enabled 1`,
    "targets/iscsi/enabled 1\\n",
    "setup_id 0x1234\\n",
  ];
}

/** What counts of an scst.conf. */
function significant(text: string): string[] {
  return text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** The copy manager's LUNs come and go by themselves, and no number is given twice. */
function withoutCopies(lines: readonly string[]): string[] {
  const start = lines.indexOf("TARGET copy_manager_tgt {");
  assert(start >= 0);
  return lines.toSpliced(start, lines.indexOf("}", start) - start);
}

treeTest("at its start scstadmin looks at and reads every entry of the root", async (place) => {
  const lines = await place.perl(["probe"]);
  for (
    const line of [
      "version file 0444",
      "last_sysfs_mgmt_res file 0444",
      "setup_id file 0644",
      "handlers directory 0755",
      "targets directory 0755",
    ]
  ) assert(lines.includes(line), `${line} in ${lines.join("\n")}`);
  assert.match(lines.at(-2)!, /^version [3-9]\.\d+\.\d+$/);
  assert.equal(lines.at(-1), "last result 2 0");
});

treeTest(
  "scstadmin's writes make a configuration, which it and scst admin save alike",
  async (place) => {
    const { dir } = place.server;
    const plan = writes(dir);
    assert.deepEqual(await place.write(plan), plan.map(() => "done"));

    const saved = await place.perl(["config"]);
    await place.admin("-write_config", `${dir}/saved.conf`);
    assert.deepEqual(significant(await Deno.readTextFile(`${dir}/saved.conf`)), saved);
    for (const line of ['prod_id "a b"', "LUN 7 null {", 'IncomingUser "joe 12charsecret"']) {
      assert(saved.includes(line), `${line} in ${saved.join("\n")}`);
    }
    // The size of a file is its file's; that of vdisk_nullio is what it was made with.
    assert.equal(saved.filter((line) => line.startsWith("size ")).length, 1);

    assert.deepEqual(await place.perl(["exports", "disk"]), [
      `iscsi ${T} - 0`,
      `iscsi ${T} hosts 0`,
    ]);

    await place.admin("-clear_config", "-force");
    assert(!(await place.perl(["config"])).some((line) => /^(DEVICE|TARGET iqn)/.test(line)));
    await place.admin("-config", `${dir}/saved.conf`);
    assert.deepEqual(withoutCopies(await place.perl(["config"])), withoutCopies(saved));
    assert.match(
      await place.admin("-config", `${dir}/saved.conf`, "-force"),
      / 0 change\(s\) made/,
    );
  },
);

treeTest(
  "a write that scstadmin would be told of as failed fails, and changes nothing",
  async (place) => {
    const plan = writes(place.server.dir);
    assert.deepEqual(await place.write(plan), plan.map(() => "done"));
    const before = await place.perl(["config"]);
    const target = `targets/iscsi/${T}`;
    const table: [string, RegExp][] = [
      ["handlers/vdisk_nullio/mgmt add_device null", /^File exists$/],
      ["handlers/vdisk_fileio/mgmt add_device other ", /^Invalid argument$/],
      ["handlers/vdisk_fileio/mgmt add_device other filename=/nonexistent/file;", /^No such file/],
      ["handlers/vdisk_nullio/mgmt del_device none", /./],
      ["handlers/none/mgmt add_device other", /^open: No such file or directory$/],
      ["devices/disk/size 1", /^open: Permission denied$/],
      ["devices/disk/threads_num x", /^Invalid argument$/],
      ["devices/disk/prod_id ", /^wrote 0$/],
      [`targets/iscsi/mgmt add_target ${T}`, /^File exists$/],
      [`targets/iscsi/mgmt add_target_attribute ${T} Colour red`, /^Invalid argument$/],
      [`targets/iscsi/mgmt add_target_attribute ${T} IncomingUser joe 12charsecret9`, /./],
      [`${target}/luns/mgmt add disk 0`, /^File exists$/],
      [`${target}/luns/mgmt add none 1`, /./],
      [`${target}/luns/mgmt del 5`, /./],
      [`${target}/ini_groups/mgmt create hosts`, /^File exists$/],
      [`${target}/ini_groups/hosts/initiators/mgmt add iqn.x:*`, /^File exists$/],
      [`${target}/rel_tgt_id 70000`, /^Invalid argument$/],
      ["device_groups/mgmt create dg", /^File exists$/],
      ["device_groups/dg/devices/mgmt add none", /./],
      ["setup_id x\\n", /^Invalid argument$/],
    ];
    const results = await place.write(table.map(([line]) => line));
    for (const [index, [line, expected]] of table.entries()) {
      assert.notEqual(results[index], "done", line);
      assert.match(results[index]!, expected, line);
    }
    assert.deepEqual(await place.perl(["config"]), before);
  },
);

treeTest(
  "sessions lead to their LUNs, and scstadmin ends them before it removes a target",
  async (place) => {
    const target = `targets/iscsi/${T}`;
    const plan = [
      "handlers/vdisk_nullio/mgmt add_device null size_mb=10;",
      `targets/iscsi/mgmt add_target ${T} `,
      `${target}/luns/mgmt add null 4 `,
      `${target}/ini_groups/mgmt create hosts`,
      `${target}/ini_groups/hosts/luns/mgmt add null 3 `,
      `${target}/ini_groups/hosts/initiators/mgmt add ${HOST}`,
      `${target}/enabled 1`,
    ];
    assert.deepEqual(await place.write(plan), plan.map(() => "done"));
    await using _one = await Session.open(place.server, { targetName: T, initiatorName: HOST });
    await using _other = await Session.open(place.server, {
      targetName: T,
      initiatorName: "iqn.x:1",
    });
    assert.deepEqual(await place.perl(["sessions", "iscsi", T]), [
      `${HOST} ../../ini_groups/hosts/luns hosts 3=null`,
      "iqn.x:1 ../../luns - 4=null",
    ]);
    assert.deepEqual(await place.perl(["remove", "iscsi", T]), ["removed"]);
  },
);
