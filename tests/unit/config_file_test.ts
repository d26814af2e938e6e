/** Saving the configuration of a server into its file. */
import assert from "node:assert/strict";
import { ConfigFile } from "../../lib/config/config_file.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { configureLog } from "../../lib/log.ts";
import { TreeShell } from "../harness/tree_shell.ts";

const TEXT = `portals: [127.0.0.1]
devices:
  d: { handler: vdisk_nullio, naa_id: 0x5000000000000001, usn: one } # mine
`;

async function withFile(
  text: string | undefined,
  action: (file: ConfigFile, dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "scst_file_" });
  try {
    if (text !== undefined) await Deno.writeTextFile(`${dir}/scst.yaml`, text, { mode: 0o640 });
    await action(new ConfigFile(`${dir}/scst.yaml`, `${dir}/state`), dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("save() changes what differs, keeps the mode of the file and its last texts", () =>
  withFile(TEXT, async (file, dir) => {
    const shell = new TreeShell(undefined, file.load());
    assert.equal(file.save(shell.administration.model), false, "nothing has changed");
    for (let round = 1; round <= 7; round++) {
      await shell.echo(`${round}`, "devices/d/max_tgt_dev_commands");
      assert.equal(file.save(shell.administration.model), true);
      assert.deepEqual(file.load(), shell.administration.model);
    }
    assert.match(await Deno.readTextFile(file.path), /max_tgt_dev_commands: "?7"? \} # mine/);
    assert.equal(Deno.statSync(file.path).mode! & 0o777, 0o640);
    const kept = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
    assert.deepEqual(
      kept.filter((name) => name.startsWith("scst.yaml")),
      ["scst.yaml", ...[1, 2, 3, 4, 5].map((number) => `scst.yaml.${number}`)],
    );
    assert.match(await Deno.readTextFile(`${file.path}.1`), /max_tgt_dev_commands: "?6"?/);
    assert.match(await Deno.readTextFile(`${file.path}.5`), /max_tgt_dev_commands: "?2"?/);
  }));

Deno.test("save() makes a file where there is none, for the owner's eyes only", () =>
  withFile(undefined, async (file) => {
    const shell = new TreeShell();
    await shell.administration.change((model) => ({
      ...model,
      stateDir: file.stateDir,
      portals: [{ hostname: "127.0.0.1", port: 3260 }],
    }));
    assert.equal(file.save(shell.administration.model), true);
    assert.equal(Deno.statSync(file.path).mode! & 0o777, 0o600);
    assert.deepEqual(file.load(), shell.administration.model);
  }));

Deno.test("save() leaves a file that cannot be understood as it is, and says what is wrong", () =>
  withFile(`${TEXT}nonsense: 1\n`, async (file) => {
    const before = await Deno.readTextFile(file.path);
    assert.throws(() => file.save(new TreeShell().administration.model), (error) => {
      assert(error instanceof ConfigError);
      assert.match(error.message, /scst\.yaml:4:1: nonsense is not a known key/);
      return true;
    });
    assert.equal(await Deno.readTextFile(file.path), before);
  }));

Deno.test("save() changes the file behind a symbolic link, and keeps its last texts beside it", () =>
  withFile(TEXT, async (file, dir) => {
    await Deno.mkdir(`${dir}/real`);
    await Deno.rename(file.path, `${dir}/real/disks.yaml`);
    await Deno.symlink("real/disks.yaml", file.path);
    const shell = new TreeShell(undefined, file.load());
    await shell.echo("7", "devices/d/max_tgt_dev_commands");
    assert.equal(file.save(shell.administration.model), true);
    assert.equal(await Deno.readLink(file.path), "real/disks.yaml");
    assert.match(await Deno.readTextFile(`${dir}/real/disks.yaml`), /max_tgt_dev_commands: "?7"?/);
    assert.equal(await Deno.readTextFile(`${dir}/real/disks.yaml.1`), TEXT);
    assert.deepEqual([...Deno.readDirSync(dir)].map(({ name }) => name).sort().slice(0, 2), [
      "real",
      "scst.yaml",
    ]);
  }));

Deno.test("save() warns when it writes secrets into a file that everybody can read", () =>
  withFile(TEXT, async (file) => {
    const shell = new TreeShell(undefined, file.load());
    const warnings: string[] = [];
    configureLog("warning", (_level, line) => void warnings.push(line));
    for (const [user, mode] of [["ann", 0o640], ["joe", 0o644]] as const) {
      await Deno.chmod(file.path, mode);
      await shell.echo(
        `add_attribute IncomingUser ${user} secret-of-${user}`,
        "targets/iscsi/mgmt",
      );
      assert.equal(file.save(shell.administration.model), true);
    }
    assert.deepEqual(warnings, [
      `${file.path} has secrets and everybody can read it: chmod o-r ${file.path}`,
    ]);
  }));

Deno.test("save() that finds no room for what it writes leaves all as it was", async (t) => {
  for (const taken of ["scst.yaml.1.tmp", "scst.yaml.tmp"]) {
    await t.step(taken, () =>
      withFile(TEXT, async (file, dir) => {
        const shell = new TreeShell(undefined, file.load());
        for (const value of ["1", "2"]) {
          await shell.echo(value, "devices/d/max_tgt_dev_commands");
          file.save(shell.administration.model);
        }
        await Deno.mkdir(`${dir}/${taken}/in`, { recursive: true }); // nothing can be written there
        const texts = () =>
          ["", ".1", ".2"].map((behind) => Deno.readTextFileSync(`${file.path}${behind}`));
        const before = texts();
        await shell.echo("3", "devices/d/max_tgt_dev_commands");
        assert.throws(() => file.save(shell.administration.model), ConfigError);
        assert.deepEqual(texts(), before);
        const names = [...Deno.readDirSync(dir)].map(({ name }) => name);
        const expected = ["scst.yaml", "scst.yaml.1", "scst.yaml.2", taken];
        assert.deepEqual(names.filter((name) => name !== "state").sort(), expected.sort());
      }));
  }
});
