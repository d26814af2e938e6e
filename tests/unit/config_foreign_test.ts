/** A configuration of another target is known by its text. */
import assert from "node:assert/strict";
import type { Imported } from "../../lib/config/foreign/draft.ts";
import { importForeign } from "../../lib/config/foreign/import.ts";
import type { PlainMap } from "../../lib/config/plain.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { A, B, part } from "../harness/imported.ts";

Deno.test("importForeign() knows a file by its text, and reads what it includes", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const write = (name: string, text: string) => {
      Deno.writeTextFileSync(`${dir}/${name}`, text);
      return `${dir}/${name}`;
    };
    Deno.mkdirSync(`${dir}/conf.d`);
    write("conf.d/b.conf", `<target ${B}>\n</target>\n`);
    write("conf.d/a.conf", `<target ${A}>\n</target>\n`);
    write("conf.d/a.conf.orig", "<target iqn.x>\n");
    const targets = (
      imported: Imported | undefined,
    ) => [...(part(imported!, "targets") as PlainMap).keys()];
    const found = importForeign(write("targets.conf", `include ${dir}/conf.d/*.conf\n`));
    assert.deepEqual(targets(found), [A, B]);
    assert.deepEqual(
      targets(
        importForeign(
          write("x", '\n{"targets": [{"fabric": "iscsi", "wwn": "iqn.x:y", "tpgs": [{}]}]}'),
        ),
      ),
      ["iqn.x:y"],
    );
    assert.equal(importForeign(write("scst.conf", "TARGET_DRIVER iscsi {\n}\n")), undefined);
    assert.throws(() => importForeign(`${dir}/none`), ConfigError);
    assert.throws(() => importForeign(write("bad.conf", `include ${dir}/none\n`)), ConfigError);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
