/** docs/troubleshooting.md tells of lines that the program really writes. */
import assert from "node:assert/strict";

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
