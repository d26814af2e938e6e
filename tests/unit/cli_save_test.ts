/** `scst save` where the configuration is not the server's own file, as that of an installed service. */
import assert from "node:assert/strict";
import { runProgram, spawnProgram } from "../harness/program.ts";

/** A user that owns nothing else. */
const OWNER = 54321;

Deno.test({
  name: "scst save replaces a file of another owner in a directory that it may write to",
  ignore: Deno.uid() !== 0, // only root can give a file away
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "scst_save_" });
    try {
      const path = `${dir}/scst.yaml`;
      const text = `portals: ["127.0.0.1:0"]\ndevices: { d: { handler: vdisk_nullio } } # mine\n`;
      await Deno.writeTextFile(path, text);
      await Deno.chmod(path, 0o644);
      await Deno.chown(path, OWNER, null);
      const env = { SCST_CONTROL: `${dir}/control` };
      const args = ["serve", "--config", path, "--state", `${dir}/state`];
      await using server = spawnProgram(args, { env, unprivileged: true });
      await server.saw(/^listening on /m);
      const changed = await runProgram(["device", "set", "d", "max_tgt_dev_commands=7"], { env });
      assert.equal(changed.code, 0, changed.stderr);
      const { code, stderr } = await runProgram(["save"], { env });
      assert.equal(code, 0, stderr);
      assert.match(await Deno.readTextFile(path), /max_tgt_dev_commands: "?7"?.*\n?.*# mine/);
      const { mode, uid } = await Deno.stat(path);
      assert.equal((mode ?? 0) & 0o777, 0o644);
      assert.equal(uid, 0, "who saves owns it from then on");
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
