/** `scst admin` as a program, over the control socket of SCST's tree. */
import assert from "node:assert/strict";
import { type ControlDoor, openControlDoor } from "../../lib/admin/control/door.ts";
import { type ProgramOptions, type ProgramResult, runProgram } from "../harness/program.ts";
import { TreeShell } from "../harness/tree_shell.ts";

const T = "iqn.2026-11.org.example:t";

const CONF = `HANDLER vdisk_nullio {
	DEVICE a
}
TARGET_DRIVER iscsi {
	enabled 1
	TARGET ${T} {
		enabled 1
		LUN 0 a
	}
}
`;

interface Rig extends AsyncDisposable {
  readonly dir: string;
  readonly shell: TreeShell;
  readonly door: ControlDoor;
  admin(args: readonly string[], options?: ProgramOptions): Promise<ProgramResult>;
}

async function startRig(): Promise<Rig> {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  const shell = new TreeShell();
  const path = `${dir}/run/control`;
  const door = await openControlDoor(shell.root, { path });
  return {
    dir,
    shell,
    door,
    admin: (args, options) =>
      runProgram(["admin", ...args], { env: { SCST_CONTROL: path }, cwd: dir, ...options }),
    async [Symbol.asyncDispose]() {
      await door.close();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

Deno.test("scst admin applies a configuration and writes it for its owner only, and may do so again", async () => {
  await using rig = await startRig();
  await Deno.writeTextFile(`${rig.dir}/scst.conf`, CONF);
  const applied = await rig.admin(["-config", "scst.conf"]);
  assert.equal(applied.code, 0, applied.stdout);
  assert.match(applied.stdout, /-> Done, 4 change\(s\) made\.\n\nAll done\.\n$/);
  assert.equal(applied.stderr, "");
  assert.deepEqual(rig.shell.ls(`targets/iscsi/${T}/luns`), ["mgmt", "0"]);
  await Deno.symlink("there", `${rig.dir}/link`);
  await Deno.writeTextFile(`${rig.dir}/there`, "");
  for (const path of ["out", "out", "link"]) {
    assert.equal((await rig.admin(["-write_config", path])).code, 0);
  }
  const text = await Deno.readTextFile(`${rig.dir}/out`);
  assert.match(text, new RegExp(`^\tTARGET ${T} {\n\t\tenabled 1\n`, "m"));
  assert.equal((await Deno.stat(`${rig.dir}/out`)).mode! & 0o777, 0o600);
  assert.ok((await Deno.lstat(`${rig.dir}/link`)).isSymlink);
  assert.equal(await Deno.readTextFile(`${rig.dir}/there`), text);
  const again = await rig.admin(["-config", "out", "-force", "-noprompt"]);
  assert.match(again.stdout, /-> Done, 0 change\(s\) made\./);
  const pipe = await rig.admin(["-write_config", "/dev/stdout"]);
  assert.match(pipe.stdout, /^HANDLER vdisk_nullio {$/m);
});

Deno.test("scst admin asks on its standard input, and nobody's answer is no", async () => {
  await using rig = await startRig();
  await Deno.writeTextFile(`${rig.dir}/scst.conf`, CONF);
  await rig.admin(["-config", "scst.conf"]);
  const remove = ["-rem_lun", "0", "-driver", "iscsi", "-target", T];
  for (const options of [{}, { stdin: "" }, { stdin: "n\n" }, { stdin: "x".repeat(100_000) }]) {
    const { code, stdout } = await rig.admin(remove, options);
    assert.equal(code, 0);
    assert.match(stdout, /\nAborting action\.\n\nAll done\.\n$/);
  }
  assert.deepEqual(rig.shell.ls(`targets/iscsi/${T}/luns`), ["mgmt", "0"]);
  assert.equal((await rig.admin(remove, { stdin: "Yes\n" })).code, 0);
  assert.deepEqual(rig.shell.ls(`targets/iscsi/${T}/luns`), ["mgmt"]);
});

Deno.test("scst admin exits with the codes of scstadmin", async () => {
  await using rig = await startRig();
  const socket = `${rig.dir}/none`;
  const table: [string[], number, RegExp][] = [
    [["-add_target", T, "-driver", "iscsi"], 0, /All done/],
    [["-add_target", T, "-driver", "iscsi"], 41, /There is a target of this name/],
    [["-open_dev", "x", "-handler", "none"], 1, /FATAL: /],
    [["-nonsense"], 1, /^There is no option -nonsense\.\n$/],
    [["-config", "none.conf"], 1, /Cannot read none\.conf: there is no such file/],
    [["-write_config", "none/out"], 1, /Cannot write none\/out: there is no such file/],
    [["-list_driver", "--socket", socket], 2, /Is the server running\? There is no server: /],
    [["-list_driver", `--socket=${rig.door.path}`], 0, /\n\tiscsi\n/],
    [["-h"], 0, /^Usage: scst admin /],
  ];
  for (const [args, expected, pattern] of table) {
    const { code, stdout, stderr } = await rig.admin(args);
    assert.match(stdout, pattern);
    assert.deepEqual([code, stderr], [expected, ""]);
  }
  const bare = await rig.admin(["--socket"]);
  assert.equal(bare.stderr, "error --socket needs the path of a control socket\n");
  assert.equal(bare.code, 2);
});

Deno.test("scst help admin is the help of scst admin -h", async () => {
  const [asked, own] = await Promise.all([
    runProgram(["help", "admin"]),
    runProgram(["admin", "-h"]),
  ]);
  assert.equal(asked.code, 0);
  assert.equal(asked.stdout, own.stdout);
});
