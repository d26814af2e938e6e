/** Saving configurations as YAML: what is written reads back as the same model, and comments stay. */
import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { plainOf } from "../../lib/config/plain.ts";
import { editedYaml, yamlText } from "../../lib/config/yaml_text.ts";
import type { ServerModel } from "../../lib/scst/model.ts";
import { everything } from "../harness/everything.ts";
import { TreeShell } from "../harness/tree_shell.ts";

const T = "iqn.2026-11.org.example:t";

/** The model that a text says. */
async function modelOf(text: string): Promise<ServerModel> {
  const dir = await Deno.makeTempDir({ prefix: "scst_yaml_" });
  try {
    await Deno.writeTextFile(`${dir}/scst.yaml`, text, { mode: 0o600 });
    return { ...loadConfig(`${dir}/scst.yaml`, `${dir}/state`), stateDir: "/nonexistent" };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("what yamlText() writes of a model reads back as the same model, in the same order", async () => {
  const { model } = await everything();
  const text = yamlText(plainOf(model));
  const json = (one: ServerModel) => JSON.parse(JSON.stringify(one));
  assert.deepEqual(json(await modelOf(text)), json(model), text);
  const trees = [model, await modelOf(text)].map((one) => new TreeShell(undefined, one).find());
  assert.deepEqual(await trees[0], await trees[1], "the tree as well");
});

const COMMENTED = `# The disks of the house
portals: [127.0.0.1] # not for others
devices:
  # The one that counts
  disk1: { handler: vdisk_nullio, size: 1MiB, naa_id: 0x5000000000000001, usn: one } # keep
  disk2:
    handler: vdisk_nullio # nothing in it
    usn: two
    naa_id: 0x5000000000000002
targets:
  ${T}:
    luns:
      0: disk1 # first
      1: disk2
    enabled: Yes
`;

Deno.test("editedYaml() leaves what means the same as it is written, comments and all", async () => {
  const model = await modelOf(COMMENTED.replace("Yes", "true"));
  const plain = plainOf(model);
  assert.equal(editedYaml(COMMENTED, plain, plain), COMMENTED);
  const shell = new TreeShell(undefined, model);
  await shell.echo("del 1", `targets/iscsi/${T}/luns/mgmt`);
  await shell.echo("add disk2 7 read_only=1", `targets/iscsi/${T}/luns/mgmt`);
  await shell.echo("prod", "devices/disk2/prod_id");
  await shell.echo("3", `targets/iscsi/${T}/MaxSessions`);
  const text = editedYaml(COMMENTED, plain, plainOf(shell.administration.model));
  for (
    const kept of [
      "# The disks of the house",
      "# not for others",
      "# The one that counts",
      "size: 1MiB",
      "# keep",
      "# nothing in it",
      "0: disk1 # first",
    ]
  ) assert(text.includes(kept), `${kept} is gone:\n${text}`);
  const read = await modelOf(text.replace("enabled: Yes", "enabled: true"));
  assert.deepEqual(read, { ...shell.administration.model });
});
