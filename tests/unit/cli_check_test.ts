import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";

async function withDir(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await action(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const VALID = `
portals: [127.0.0.1]
devices:
  a: {handler: vdisk_nullio}
  b: {handler: vdisk_fileio, filename: /srv/there/is/none.img}
targets:
  iqn.2026-11.org.example:a: {luns: {0: a, 1: b}}
`;

Deno.test("scst check says what a valid file contains, and writes nothing", () =>
  withDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/f.yaml`, VALID);
    const env = { STATE_DIRECTORY: `${dir}/state`, XDG_STATE_HOME: `${dir}/xdg` };
    const { code, stdout, stderr } = await runProgram(["check", "f.yaml"], { cwd: dir, env });
    assert.equal(stdout, "f.yaml is valid: 1 portal, 2 devices, 1 target, 2 LUNs\n");
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const names = [...Deno.readDirSync(dir)].map((entry) => entry.name);
    assert.deepEqual(names, ["f.yaml"]);
  }));

Deno.test("scst check logs every problem and exits with 1", () =>
  withDir(async (dir) => {
    const path = `${dir}/f.yaml`;
    await Deno.writeTextFile(
      path,
      VALID.replace("vdisk_nullio", "vdisk_null").replace("1: b", "1: c"),
    );
    const { code, stdout, stderr } = await runProgram(["check", path]);
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines.length, 2, stderr);
    assert.ok(lines[0]?.startsWith(`error ${path}:4:16: devices.a.handler must be vdisk_fileio, `));
    assert.ok(lines[1]?.startsWith(`error ${path}:7:`));
    assert.match(lines[1] ?? "", /there is no device "c"; did you mean "a"\?$/);
    assert.equal(stdout, "");
    assert.equal(code, 1);
  }));

Deno.test("scst check says in one line why it cannot read a file", () =>
  withDir(async (dir) => {
    const secret = `${dir}/secret.yaml`;
    await Deno.writeTextFile(secret, VALID, { mode: 0 });
    const table: [string, string][] = [
      [`${dir}/none.yaml`, "there is no such file or directory"],
      [dir, "it is a directory"],
      [secret, "permission denied"],
    ];
    for (const [path, why] of table) {
      const { code, stderr } = await runProgram(["check", path], { unprivileged: true });
      assert.equal(stderr, `error Cannot read ${path}: ${why}\n`);
      assert.equal(code, 1);
    }
  }));
