/** scst.conf as text and as a tree: what is read, what is refused and where, and what is written. */
import assert from "node:assert/strict";
import { ConfigError, ProblemList } from "../../lib/config/problem.ts";
import { FILE, type SectionRule } from "../../lib/config/scst_conf/grammar.ts";
import { parseScstConf } from "../../lib/config/scst_conf/parse.ts";
import { printScstConf, printWord } from "../../lib/config/scst_conf/print.ts";
import type { ConfSection } from "../../lib/config/scst_conf/section.ts";
import { type Random, withRandom } from "../harness/random.ts";
import { CONF_EXAMPLES } from "../harness/scst_confs.ts";

function parse(text: string): { file: ConfSection; problems: readonly string[] } {
  const list = new ProblemList("f");
  const file = parseScstConf(text, list);
  try {
    list.throwIfAny();
  } catch (error) {
    assert(error instanceof ConfigError);
    return { file, problems: error.problems };
  }
  return { file, problems: [] };
}

/** A tree without places. */
function plain({ keyword, names, attributes, sections }: ConfSection): unknown {
  return {
    title: [keyword, ...names],
    attributes: attributes.map(({ name, value }) => [name, value]),
    sections: sections.map(plain),
  };
}

function count({ sections }: ConfSection): number {
  return sections.reduce((sum, section) => sum + 1 + count(section), 0);
}

for (const { title, text, sections } of CONF_EXAMPLES) {
  Deno.test(`parseScstConf() reads ${title}, and what printScstConf() makes of it`, () => {
    const { file, problems } = parse(text);
    assert.deepEqual(problems, []);
    assert.equal(count(file), sections);
    const again = parse(printScstConf(file));
    assert.deepEqual(again.problems, []);
    assert.deepEqual(plain(again.file), plain(file));
    assert.equal(printScstConf(again.file), printScstConf(file));
  });
}

Deno.test("parseScstConf() knows names, values and lines", () => {
  const { file } = parse(
    'a 1\na 2\nTARGET_DRIVER iscsi {\n  TARGET t {\n    comment "x \\# y\\\\ z" # remark\n  }\n}\n',
  );
  assert.deepEqual(file.attributes.map(({ value, at }) => [value, at.line]), [["1", 1], ["2", 2]]);
  const [driver] = file.sections;
  const [target] = driver!.sections;
  assert.deepEqual(target!.names, ["t"]);
  assert.deepEqual(target!.at, { line: 4, column: 3 });
  assert.deepEqual(target!.attributes, [
    { name: "comment", value: "x # y\\ z", at: { line: 5, column: 5 } },
  ]);
});

Deno.test("parseScstConf() takes quotes in words as they are, and empty values in quotes", () => {
  const { file, problems } = parse('a 5"disk\nb ""\nc "say \\"hi\\""\nd "{x}"\n');
  assert.deepEqual(problems, []);
  assert.deepEqual(file.attributes.map(({ value }) => value), ['5"disk', "", 'say "hi"', "{x}"]);
});

Deno.test("parseScstConf() says of each mistake where it is and what is allowed", () => {
  const table: [string, ...string[]][] = [
    // What scstadmin takes without a word, and loses.
    [
      "HANDLER vcdrom\n{\n}\n",
      'f:2:1: This line begins with "{": that stands at the end of the line before, behind the name',
    ],
    [
      "HANDLER vdisk_nullio { DEVICE a }\n",
      'f:1:23: This line goes on behind "{": what is in a block stands in lines of its own',
      'f:1:33: This line has more than "}": that stands in a line of its own',
    ],
    [
      "HANDLER h {\nDEVICE d {\nblocksize 512 }\n}\n",
      'f:3:15: This line has more than "}": that stands in a line of its own',
    ],
    [
      "HANDLER h {\nDEVICE d {\n}\n",
      'f:1:1: HANDLER h is not closed: a "}" is missing',
    ],
    ["}\n", 'f:1:1: This line has a "}" that closes nothing'],
    [
      "TARGET_DRIVER iscsi {\nIncomingUser joe secretsecret\n}\n",
      'f:2:1: "IncomingUser" has more than one word behind it: a value with blanks needs quotes, ' +
      'as in "joe secretsecret"',
    ],
    [
      "HANDLER h {\n}\nHANDLER h {\n}\n",
      "f:3:1: HANDLER h is given twice: first in line 1",
    ],
    [
      "TARGET_DRIVER d {\nTARGET t {\nLUN 0 a\nLUN 0 b\n}\n}\n",
      "f:4:1: LUN 0 is given twice: first in line 3",
    ],
    [
      "a b#c\n",
      'f:1:4: This line has a "#" in a word, which would begin a comment there: write \\#, ' +
      "or a blank before a comment",
    ],
    [
      "HANDLER h {\n}#\n",
      'f:1:1: HANDLER h is not closed: a "}" is missing',
      'f:2:2: This line has a "#" right behind a brace: a blank has to be between them',
    ],
    // What is no line of a configuration.
    ["a\n", 'f:1:1: "a" has no value: it is ATTRIBUTE VALUE, or ""'],
    ['a "b\n', "f:1:3: This line has a quote that is not closed"],
    ['a "b"c\n', "f:1:6: This line goes on right behind a quote: a blank has to follow it"],
    [
      "a b\\\n",
      "f:1:4: This line ends with a backslash: lines cannot be continued, and a backslash is " +
      "written \\\\",
    ],
    [
      "a \u00e4\n",
      "f:1:3: This line has a character that is not printable ASCII: only comments may have others",
    ],
    ["HANDLER {\n}\n", "f:1:1: HANDLER has too few words behind it: it is HANDLER HANDLER"],
    [
      "HANDLER a b {\n}\n",
      "f:1:1: HANDLER has too many words behind it: it is HANDLER HANDLER",
    ],
    [
      "TARGET_DRIVER d {\nTARGET t {\nLUN x a\n}\n}\n",
      'f:3:1: LUN must have a number behind it: current value is "x"',
    ],
    [
      "LUN 0 a\n",
      "f:1:1: LUN cannot stand in the file: it stands in a TARGET section or a GROUP section",
    ],
    [
      "HANDLER h {\nTARGET_DRIVER d {\n}\n}\n",
      "f:2:1: TARGET_DRIVER cannot stand in HANDLER h: it stands outside of every section",
    ],
    [
      "HANDLR h {\nx y z\n}\n",
      'f:1:1: "HANDLR" is no section of the file: those are HANDLER, TARGET_DRIVER, ALUA or ' +
      "DEVICE_GROUP; did you mean HANDLER?",
    ],
    [
      "TARGET_DRIVER d {\nTARGET t {\nHW_TARGET {\n}\n}\n}\n",
      "f:3:1: HW_TARGET has no block",
    ],
    [
      "DEVICE_GROUP g {\nDEVICE d {\nx 1\n}\n}\n",
      "f:3:1: x cannot stand in DEVICE d, which is only named",
    ],
    [
      "[HANDLER vdisk]\nDEVICE a,/b\n",
      "f:1:1: The file is in the format of SCST 1, which is not taken: have a scstadmin of SCST 2 or 3 " +
      "convert it with -config and -write_config",
    ],
  ];
  for (const [text, ...expected] of table) {
    const { problems } = parse(text);
    assert.deepEqual(problems, expected, text);
  }
});

Deno.test("parseScstConf() names every mistake of a file, and does not stumble over what follows", () => {
  const { problems } = parse(
    "HANDLER a b {\n  DEVICE d {\n    x y z\n  }\n}\nTARGET_DRIVER iscsi {\n  IncomingUser a b\n}\nq\n",
  );
  assert.deepEqual(problems.map((problem) => problem.split(" ")[0]), [
    "f:1:1:",
    "f:3:5:",
    "f:7:3:",
    "f:9:1:",
  ]);
});

Deno.test("parseScstConf() reads names of the language's own objects as any other", () => {
  const { file, problems } = parse("constructor 1\n__proto__ 2\nHANDLER toString {\n}\n");
  assert.deepEqual(problems, []);
  assert.deepEqual(file.attributes.map(({ name }) => name), ["constructor", "__proto__"]);
  assert.match(parse("toString x {\n}\n").problems[0] ?? "", /is no section of the file/);
});

Deno.test("parseScstConf() reads a file of a megabyte in seconds, however it is made", () => {
  const files = [
    `TARGET_DRIVER d {\nTARGET t {\nGROUP g {\n${
      Array.from({ length: 60_000 }, (_, index) => `INITIATOR i${index}`).join("\n")
    }\n}\n}\n}\n`,
    "HANDLER h {\n".repeat(80_000),
    "}\n".repeat(500_000),
    `a ${'"'.repeat(1_000_000)}`,
    `a ${"\\".repeat(999_999)}`,
    "[".repeat(1_000_000),
  ];
  for (const text of files) {
    const begin = performance.now();
    parse(text);
    assert.ok(performance.now() - begin < 5000, text.slice(0, 20));
  }
});

Deno.test("printScstConf() lays a file out as scstadmin does", () => {
  const text = [
    "setup_id 0x1",
    "",
    "HANDLER vdisk_fileio {",
    "\tDEVICE disk0 {",
    "\t\tfilename /srv/disk0",
    "\t\tread_only 1",
    "\t}",
    "",
    "\tDEVICE disk1 {",
    "\t\tfilename /srv/disk1",
    "\t}",
    "}",
    "",
    "HANDLER vdisk_nullio {",
    "\tDEVICE nodev",
    "}",
    "",
    "TARGET_DRIVER scst_local {",
    "\tTARGET local {",
    "\t\tsession_name s",
    "",
    "\t\tLUN 0 nodev",
    "",
    "\t\tGROUP ig {",
    "\t\t\tLUN 0 disk0 {",
    "\t\t\t\tread_only 1",
    "\t\t\t}",
    "\t\t\tLUN 1 disk1",
    "",
    "\t\t\tINITIATOR ini1",
    "",
    "\t\t\tINITIATOR ini2",
    "",
    "\t\t\taddr_method FLAT",
    "\t\t}",
    "\t}",
    "}",
    "",
    "DEVICE_GROUP dg {",
    "\tDEVICE disk0",
    "\tDEVICE disk1",
    "",
    "\tTARGET_GROUP tg {",
    "\t\tgroup_id 1",
    "",
    "\t\tTARGET a",
    "\t\tTARGET b {",
    "\t\t\trel_tgt_id 2",
    "\t\t}",
    "\t}",
    "}",
    "",
  ].join("\n");
  const { file, problems } = parse(text);
  assert.deepEqual(problems, []);
  assert.equal(printScstConf(file), text);
  assert.equal(printScstConf(file, "A remark"), `# A remark\n\n${text}`);
});

Deno.test("printWord() writes what is read as the same word again", () => {
  const words = [
    "a",
    "a b",
    "",
    '"',
    '"a',
    'a"b',
    "#",
    "a#b",
    "\\",
    "a\\",
    "a\\ b",
    "{",
    "x{y}",
    "\t",
    " a ",
  ];
  for (const word of words) {
    const { file, problems } = parse(`x ${printWord(word)}\n`);
    assert.deepEqual(problems, []);
    assert.deepEqual(file.attributes.map(({ value }) => value), [word]);
  }
});

const ALPHABET = [
  "a",
  "b",
  "0",
  ":",
  ".",
  "*",
  "!",
  " ",
  "\t",
  '"',
  "#",
  "\\",
  "{",
  "}",
  "=",
  ";",
  ",",
];

function randomWord(random: Random, least = 0): string {
  const length = least + random.below(8);
  return Array.from({ length }, () => random.pick(ALPHABET)).join("");
}

function randomSection(
  random: Random,
  keyword: string,
  rule: SectionRule,
  names: string[],
): ConfSection {
  const at = { line: 0, column: 0 };
  const isBare = rule.isBare === true || rule.isFlag === true;
  const attributes = Array.from({ length: isBare ? 0 : random.below(4) }, () => ({
    // An attribute that is called as a section would be one.
    name: `x${randomWord(random)}`,
    value: randomWord(random),
    at,
  }));
  const sections: ConfSection[] = [];
  const used = new Set<string>();
  for (const [inner, innerRule] of Object.entries(rule.sections)) {
    for (let left = random.below(3); left > 0; left--) {
      const words = innerRule.names.map((_, index) =>
        inner === "LUN" && index === 0 ? String(random.below(16384)) : randomWord(random, 1)
      );
      const key = `${inner} ${words[0]}`;
      if (used.has(key)) continue;
      used.add(key);
      sections.push(randomSection(random, inner, innerRule, words));
    }
  }
  return { keyword, names, at, attributes, sections };
}

Deno.test("any tree that is written is read as the same tree", () =>
  withRandom((random) => {
    for (let round = 0; round < 500; round++) {
      const tree = randomSection(random, "", FILE, []);
      const { file, problems } = parse(printScstConf(tree, "remark"));
      assert.deepEqual(problems, []);
      assert.deepEqual(plain(file), plain(tree));
    }
    return Promise.resolve();
  }));

Deno.test("a text with random damage is read or refused, and never taken for another line's", () =>
  withRandom((random) => {
    for (let round = 0; round < 500; round++) {
      const { text } = random.pick(CONF_EXAMPLES);
      const at = random.below(text.length);
      const damaged = text.slice(0, at) + random.pick([...ALPHABET, "\n", "\0"]) +
        text.slice(at + random.below(2));
      const { file, problems } = parse(damaged);
      const rows = damaged.split("\n").length;
      for (const problem of problems) {
        const line = Number(/^f:(\d+):\d+: /.exec(problem)?.[1]);
        assert.ok(line >= 1 && line <= rows, problem);
      }
      if (problems.length === 0) {
        assert.deepEqual(plain(parse(printScstConf(file)).file), plain(file));
      }
    }
    return Promise.resolve();
  }));
