import assert from "node:assert/strict";
import type { ConfigNode } from "../../lib/config/node.ts";
import { ConfigError, ProblemList } from "../../lib/config/problem.ts";
import { parseYaml } from "../../lib/config/yaml_tree.ts";

function parse(text: string): { node: ConfigNode | undefined; problems: readonly string[] } {
  const list = new ProblemList("f");
  const node = parseYaml(text, list);
  try {
    list.throwIfAny();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return { node, problems: error.problems };
  }
  return { node, problems: [] };
}

/** The tree as plain values. */
function plain(node: ConfigNode | undefined): unknown {
  if (node?.kind === "map") {
    return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
  }
  if (node?.kind === "list") return node.items.map(plain);
  if (node?.kind === "scalar") return node.empty ? null : node.truth ?? node.text;
  return node?.kind;
}

Deno.test("parseYaml() keeps the text of plain scalars as written", () => {
  const { node, problems } = parse(
    ["a: 0x10", "b: 007", "c: 9007199254740993", "d: 1e3", "e: 'x'", "f: ~", "g: True", "h: yes"]
      .join("\n"),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(plain(node), {
    a: "0x10",
    b: "007",
    c: "9007199254740993",
    d: "1e3",
    e: "x",
    f: null,
    g: true,
    h: "yes",
  });
});

Deno.test("parseYaml() knows the place of keys and values", () => {
  const { node } = parse("# comment\na:\n  b: c\n");
  assert.ok(node?.kind === "map");
  const [a] = node.entries;
  assert.deepEqual(a?.keyAt, { line: 2, column: 1 });
  assert.ok(a?.value.kind === "map");
  assert.deepEqual(a.value.entries[0]?.value.at, { line: 3, column: 6 });
});

Deno.test("parseYaml() resolves aliases to the node before them", () => {
  const { node, problems } = parse("a: &x {k: v}\nb: *x\nc: &x 2\nd: [*x, *x]\n");
  assert.deepEqual(problems, []);
  assert.deepEqual(plain(node), { a: { k: "v" }, b: { k: "v" }, c: "2", d: ["2", "2"] });
});

Deno.test("parseYaml() refuses an alias of nothing and an alias of itself", () => {
  const { problems } = parse("a: *x\nb: &y [*y]\n");
  const unknown =
    'an anchor that no finished node before has; a text that begins with "*" needs quotes';
  assert.deepEqual(problems, [
    `f:1:4: a names ${unknown}`,
    `f:2:8: b[0] names ${unknown}`,
  ]);
});

Deno.test("parseYaml() bounds what aliases of aliases expand to", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 40; level++) {
    lines.push(`a${level}: &a${level} [${Array(10).fill(`*a${level - 1}`).join(", ")}]`);
  }
  const begin = performance.now();
  const { problems } = parse(lines.join("\n"));
  assert.ok(performance.now() - begin < 2000);
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? "", /^f:5:\d+: a4\[\d\] expands aliases to more than 100000 values$/);
});

Deno.test("parseYaml() answers deep nesting with one problem, however it is written", () => {
  const deep = 50_000;
  const texts = [
    "[".repeat(17) + "]".repeat(17),
    "[".repeat(deep),
    "{a: ".repeat(deep),
    "- ".repeat(deep) + "a",
    "? ".repeat(deep),
    Array.from({ length: 1200 }, (_, level) => `${" ".repeat(level)}a:`).join("\n"),
  ];
  for (const text of texts) {
    const { problems } = parse(text);
    assert.equal(problems.length, 1, text.slice(0, 20));
    assert.match(problems[0] ?? "", /is nested too deeply: at most 16 levels are read$/);
  }
});

Deno.test("parseYaml() refuses keys given twice, merge keys and keys that are no text", () => {
  const { node, problems } = parse("a: 1\n'a': 2\nb: {<<: {c: 1}, [x]: 1, ~: 2, d: 3}\n");
  assert.deepEqual(problems, [
    "f:2:1: a is given twice: first in line 1",
    'f:3:5: b["<<"] is a merge key, which is not taken here: write the keys out',
    "f:3:17: b has a key that is not plain text",
    "f:3:25: b has a key that is not plain text",
  ]);
  assert.deepEqual(plain(node), { a: "1", b: { d: "3" } });
});

Deno.test("parseYaml() reads one document without foreign tags", () => {
  const table: [string, string][] = [
    [
      "a: 1\n---\nb: 2\n",
      'f:2:1: The configuration must be one YAML document: remove the "---" and what follows it',
    ],
    [
      "a: !foo 1\n",
      'f:1:4: The configuration has a tag that is not taken here: a text that begins with "!" needs quotes',
    ],
  ];
  for (const [text, problem] of table) assert.deepEqual(parse(text).problems, [problem]);
});

Deno.test("parseYaml() does not take a pattern without its quotes for another one", () => {
  const lone = 'has a tag that is not taken here: a text that begins with "!" needs quotes';
  assert.deepEqual(parse("a: [! x]\n").problems, [`f:1:7: a[0] ${lone}`]);
  assert.match(
    parse("a: [!10.*]\n").problems[0] ?? "",
    /: a text that begins with "!" needs quotes$/,
  );
  assert.match(
    parse("a:\n  - *\n").problems[0] ?? "",
    /; a text that begins with "\*" needs quotes$/,
  );
  assert.deepEqual(plain(parse("a: ['!x', \"*\", ?x]\n").node), { a: ["!x", "*", "?x"] });
});

Deno.test("parseYaml() names the line of each fault of syntax", () => {
  const { node, problems } = parse("portals:\n  - [::1]:3260\nb: 'x\n");
  assert.equal(node, undefined);
  assert.match(
    problems[0] ?? "",
    /^f:2:\d+: The configuration is not valid YAML: .*; an address in brackets needs quotes$/,
  );
  assert.match(
    parse("a:\n\t- b\n").problems[0] ?? "",
    /^f:2:1: .*not valid YAML: Tabs are not allowed/,
  );
});
