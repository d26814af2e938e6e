/** docs/troubleshooting.md tells of lines that the program really writes. */
import assert from "node:assert/strict";
import { BUG, bugLine } from "../../lib/bug.ts";

const ROOT = new URL("../../", import.meta.url);

/** The modules below a directory: their paths and their texts. */
function* modulesOf(dir: string): Generator<readonly [path: string, text: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(dir, ROOT))) {
    const path = `${dir}${name}`;
    if (isDirectory) yield* modulesOf(`${path}/`);
    else if (name.endsWith(".ts")) yield [path, Deno.readTextFileSync(new URL(path, ROOT))];
  }
}

function namedSources(): (readonly [path: string, text: string])[] {
  return [...modulesOf("lib/"), ...modulesOf("ffi/")];
}

function* sources(dir: string): Generator<string> {
  for (const [, text] of modulesOf(dir)) yield text;
}

Deno.test("each line of docs/troubleshooting.md is one that the program writes", () => {
  const page = Deno.readTextFileSync(new URL("docs/troubleshooting.md", ROOT));
  const lines = [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, line]) => line!);
  assert(lines.length > 10);
  const code = [...sources("lib/"), ...sources("ffi/")].join("\n");
  assert.deepEqual(lines.filter((line) => !code.includes(line)), []);
});

/** Calls that write a line of the level warning or error, with the text that they are given. */
const CALLS: readonly (readonly [files: RegExp, call: RegExp])[] = [
  [/^(?:lib|ffi)\//, /\b(?:log|report)\(\s*"(?:warning|error)",\s*(`[^`]*`|"[^"]*")/g],
  // Those whose reports are of that level, whatever they say.
  [
    /^lib\/(?:vdisk|store)\/|^lib\/scst\/(?:reservations|identifying_information)|^lib\/shard\/portal\.ts/,
    /(?:#report|\bwarn\?\.)\(\s*(`[^`]*`|"[^"]*")/g,
  ],
  [
    /^lib\/shard\/(?:device_faults|open_device)\.ts|^lib\/service\//,
    /\b(?:#?warn)\(\s*(`[^`]*`|"[^"]*")/g,
  ],
];

/** Lines of commands, which whoever has given the command reads: they are no lines of a server's log. */
const OF_COMMANDS = ["lib/cli/program.ts", "lib/admin/scst_conf.ts"];

/** What is about all lines of that kind, of which each says in its own words what is wrong. */
const IN_OTHER_WORDS: readonly string[] = [
  "cannot ", // a step of a configuration that the server refuses, with its reason
];

Deno.test("each line of the log that warns of something is told of", () => {
  const page = ["troubleshooting", "iscsi-errors"]
    .map((name) => Deno.readTextFileSync(new URL(`docs/${name}.md`, ROOT))).join("\n");
  const told = [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, line]) => line!);
  const texts: string[] = [];
  for (const [path, source] of namedSources()) {
    if (OF_COMMANDS.includes(path)) continue;
    for (const [files, call] of CALLS) {
      if (!files.test(path)) continue;
      texts.push(...[...source.matchAll(call)].map(([, literal]) => literal!.slice(1, -1)));
    }
  }
  assert(texts.length > 40, `${texts.length} were found`);
  // Without its values and the names of what it is about: what it says of its own.
  const wordsOf = (text: string) =>
    text.replaceAll(/\$\{[^}]*(?:\}|$)/g, "").replaceAll(/\w+=|device '|the store of /g, "");
  const isTold = (text: string) =>
    !/\w{2}/.test(wordsOf(text)) || told.some((line) => text.includes(line)) ||
    IN_OTHER_WORDS.some((word) => text.startsWith(word));
  assert.deepEqual([...new Set(texts)].filter((text) => !isTold(text)), []);
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
