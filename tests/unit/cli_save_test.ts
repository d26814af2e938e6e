/** `scst save` where the configuration is not the server's own file, as that of an installed service. */
import assert from "node:assert/strict";
import { runProgram, spawnProgram } from "../harness/program.ts";

/** A user that owns nothing else. */
const OWNER = 54321;

/** Owner, group and mode of the file before, and after it was saved by who may give nothing away. */
const TABLE: readonly (readonly [uid: number, gid: number, before: number, after: number])[] = [
  [OWNER, 0, 0o640, 0o640],
  [OWNER, OWNER, 0o664, 0o644],
  [0, OWNER, 0o640, 0o600],
];

Deno.test({
  name: "scst save replaces a file of another owner in a directory that it may write to",
  ignore: Deno.uid() !== 0, // only root can give a file away
  fn: async (t) => {
    for (const row of TABLE) {
      const [uid, gid, before] = row;
      await t.step(`${uid}:${gid} ${before.toString(8)}`, () => saveOver(...row));
    }
  },
});

async function saveOver(uid: number, gid: number, before: number, after: number): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "scst_save_" });
  try {
    const path = `${dir}/scst.yaml`;
    const text = `portals: ["127.0.0.1:0"]\ndevices: { d: { handler: vdisk_nullio } } # mine\n`;
    await Deno.writeTextFile(path, text);
    await Deno.chown(path, uid, gid);
    await Deno.chmod(path, before);
    const env = { SCST_CONTROL: `${dir}/control` };
    const args = ["serve", "--config", path, "--state", `${dir}/state`];
    await using server = spawnProgram(args, { env, unprivileged: true });
    await server.saw(/^listening on /m);
    const changed = await runProgram(["device", "set", "d", "max_tgt_dev_commands=7"], { env });
    assert.equal(changed.code, 0, changed.stderr);
    const { code, stderr } = await runProgram(["save"], { env });
    assert.equal(code, 0, stderr);
    assert.match(await Deno.readTextFile(path), /max_tgt_dev_commands: "?7"?.*\n?.*# mine/);
    const saved = await Deno.stat(path);
    assert.equal((saved.mode ?? 0) & 0o777, after);
    assert.deepEqual([saved.uid, saved.gid], [0, 0], "who saves owns it from then on");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
