/** docs/troubleshooting.md tells of lines that the program really writes. */
import assert from "node:assert/strict";
import { BUG, bugLine } from "../../lib/bug.ts";

const ROOT = new URL("../../", import.meta.url);

function* sources(dir: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(dir, ROOT))) {
    if (isDirectory) yield* sources(`${dir}${name}/`);
    else if (name.endsWith(".ts")) yield Deno.readTextFileSync(new URL(`${dir}${name}`, ROOT));
  }
}

Deno.test("each line of docs/troubleshooting.md is one that the program writes", () => {
  const page = Deno.readTextFileSync(new URL("docs/troubleshooting.md", ROOT));
  const lines = [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, line]) => line!);
  assert(lines.length > 10);
  const code = [...sources("lib/"), ...sources("ffi/")].join("\n");
  assert.deepEqual(lines.filter((line) => !code.includes(line)), []);
});

Deno.test("bugs of the program itself are told of in one form, which the page has", () => {
  assert.equal(bugLine("x"), `${BUG}: x`);
  assert.equal(bugLine("x", "READ"), `${BUG}: READ: x`);
  const error = new RangeError("y");
  assert.equal(bugLine(error), `${BUG}: ${error.stack}`);
  const page = Deno.readTextFileSync(new URL("docs/troubleshooting.md", ROOT));
  assert(page.includes(`| \`${BUG}\``));
  assert.match(BUG, /docs\/security\.md/);
  // Whatever else says "bug" in a text of its own would be another form.
  const others = [...sources("lib/"), ...sources("ffi/")].join("\n").split("\n").filter((line) =>
    /^(?!\s*(\*|\/\/|\/\*)).*["'`].*\b[Bb]ug\b/.test(line) && !line.startsWith("import ")
  );
  assert.deepEqual(others.map((line) => line.trim()), [
    `export const BUG = "${BUG}";`,
    'export const BUG_MET = "There is a bug in scst, and the log tells of it";',
    'this.connection.breakOff("a bug");',
  ]);
});
