/** `scst export` makes nothing: neither ids for devices that have none yet, nor a place for them. */
import assert from "node:assert/strict";
import { savedIds } from "../../lib/config/ids.ts";
import { runProgram } from "../harness/program.ts";

const YAML = `portals: [127.0.0.1]
devices:
  old: { handler: vdisk_nullio }
  new: { handler: vdisk_nullio }
  own: { handler: vdisk_nullio, usn: mine }
`;

Deno.test("scst export says the ids that are known, and makes none for the others", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const [yaml, state, conf] = [`${dir}/scst.yaml`, `${dir}/state`, `${dir}/scst.conf`];
    await Deno.writeTextFile(yaml, YAML);
    const first = await runProgram(["export", yaml, "--state", state]);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /^warning device old has no ids in \S+ yet, and is named as SCST/m);
    await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
    assert.match(first.stdout, /DEVICE old \{\n\t*\}|DEVICE old\n/);
    assert.match(first.stdout, /DEVICE own \{\n\s*usn mine\n\s*\}/);

    const { naaId, usn } = savedIds(state, ["old"]).get("old")!;
    const before = await Deno.readTextFile(`${state}/ids.json`);
    const second = await runProgram(["export", yaml, "--state", state]);
    assert.equal(second.code, 0, second.stderr);
    assert.doesNotMatch(second.stderr, /device old/);
    assert(second.stdout.includes(`naa_id 0x${naaId}`), second.stdout);
    assert(second.stdout.includes(`usn ${usn}`), second.stdout);
    assert.equal(await Deno.readTextFile(`${state}/ids.json`), before);
    assert.deepEqual(await runProgram(["export", yaml, "--state", state]), second, "and again");

    await Deno.writeTextFile(conf, second.stdout);
    const back = await runProgram(["import", conf]);
    assert.equal(back.code, 0, back.stderr);
    assert(back.stdout.includes(`usn: "${usn}"`) || back.stdout.includes(`usn: ${usn}`));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
