/** The tables in docs/ are those of the code. */
import assert from "node:assert/strict";
import { BLOCKS, COMMAND, withBlocks } from "../docs/blocks.ts";
import { PAGES } from "../docs/man.ts";
import { escaped } from "../docs/roff.ts";
import { SECTIONS } from "../docs/yaml_keys.ts";
import { DEVICE } from "../../lib/config/device.ts";
import { DEVICE_GROUP, TARGET_GROUP } from "../../lib/config/device_group.ts";
import { DRIVER_KEYS } from "../../lib/config/driver.ts";
import { GROUP } from "../../lib/config/ini_group.ts";
import { LUN } from "../../lib/config/luns.ts";
import { ROOT_KEYS } from "../../lib/config/root.ts";
import { TARGET } from "../../lib/config/target.ts";
import { markdownTable } from "../docs/table.ts";

for (const [path, blocks] of Object.entries(BLOCKS)) {
  Deno.test(`${path} prints the tables that the code walks`, () => {
    const text = Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
    const message = `${path} is behind the code: ${COMMAND} rewrites its tables`;
    assert.equal(withBlocks(text, blocks), text, message);
    assert(text.includes(COMMAND), `${path} names the command that rewrites it`);
  });
}

for (const [path, text] of Object.entries(PAGES)) {
  Deno.test(`${path} is the page that the code makes`, () => {
    const written = Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
    assert.equal(text(), written, `${path} is behind the code: ${COMMAND} rewrites it`);
  });
}

Deno.test("scst.yaml(5) tells of every key", () => {
  const page = PAGES["docs/man/scst.yaml.5"]!();
  const told = new Set(
    SECTIONS.flatMap(({ rows, kept }) => [...rows.map(([key]) => key), ...kept]),
  );
  const tables = [DEVICE, TARGET, GROUP, LUN, DEVICE_GROUP, TARGET_GROUP, DRIVER_KEYS, ROOT_KEYS];
  const missing = tables.flatMap((table) => Object.keys(table)).filter((key) => !told.has(key));
  assert.deepEqual(missing, []);
  for (const key of told) assert(page.includes(key), key);
});

Deno.test("escaped() keeps a line of text from being taken for something else by roff", () => {
  assert.equal(escaped(".conf with \\ and --help"), "\\&.conf with \\e and \\-\\-help");
  assert.equal(escaped("'quoted'"), "\\&'quoted'");
});

Deno.test("withBlocks() puts a block between its marks, and names marks that are missing", () => {
  const text = "before\n\n<!-- begin a -->\n\nold\n\n<!-- end a -->\n\nbehind\n";
  const wanted = text.replace("old", "new");
  assert.equal(withBlocks(text, { a: "new" }), wanted);
  assert.throws(() => withBlocks(text, { b: "new" }), /no <!-- begin b -->/);
});

Deno.test("markdownTable() lays a table out as deno fmt does", () => {
  const rows = [["1", "long | text"], ["22", ""]];
  assert.equal(
    markdownTable(["A", "B"], rows),
    "| A  | B            |\n| -- | ------------ |\n| 1  | long \\| text |\n| 22 |              |",
  );
});

Deno.test("scst(8) tells of every variable of the environment that the program looks at", () => {
  const page = PAGES["docs/man/scst.8"]!();
  const root = new URL("../../", import.meta.url);
  const names = new Set<string>();
  const look = (dir: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(dir, root))) {
      if (isDirectory) look(`${dir}${name}/`);
      if (!name.endsWith(".ts")) continue;
      const text = Deno.readTextFileSync(new URL(`${dir}${name}`, root));
      for (const [, found] of text.matchAll(/\benv(?:\.get)?\("(\w+)"\)/g)) names.add(found!);
      for (const [, found] of text.matchAll(/\bVARIABLE = "(\w+)"/g)) names.add(found!);
    }
  };
  look("lib/");
  look("ffi/");
  assert(names.size > 10, [...names].join());
  // What every program has.
  names.delete("PATH");
  assert.deepEqual([...names].filter((name) => !page.includes(name)), []);
});
