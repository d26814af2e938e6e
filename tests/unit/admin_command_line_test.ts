/** The words of scstadmin's command line: which are taken, which are refused, and its help. */
import assert from "node:assert/strict";
import { helpText } from "../../lib/admin/scstadmin/help.ts";
import {
  OPERATIONS,
  parseAttributes,
  parseOptions,
  SWITCHES,
} from "../../lib/admin/scstadmin/options.ts";
import { runScstadmin } from "../../lib/admin/scstadmin/run.ts";
import { admin, RecordedTree } from "../harness/admin_call.ts";
import { words } from "../harness/admin_examples.ts";

/** Command lines that are wrong, which reach no server. */
const USAGE: readonly [string, string][] = [
  ["", "No valid operations specified: there is help with -h.\n"],
  ["-noprompt", "No valid operations specified: there is help with -h.\n"],
  ["-open_dev d", "-open_dev needs -handler as well.\n"],
  ["-add_lun 0 -driver iscsi", "-add_lun needs -driver, -target, -device as well.\n"],
  ["-set_dev_attr a", "-set_dev_attr needs -attributes as well.\n"],
  ["-list_tgrp", "-list_tgrp needs -dev_group as well.\n"],
  ["-open_dev -handler h", "-open_dev needs a value.\n"],
  ["-add_target", "-add_target needs a value.\n"],
  ["-clear_config", "-clear_config needs -force as well.\n"],
  ["-force=1 -list_driver", "-force takes no value.\n"],
  [
    "-add_dgrp a -rem_dgrp b",
    "Only queries can be combined, and here are -add_dgrp, -rem_dgrp.\n",
  ],
  [
    "-list_driver -add_dgrp a",
    "Only queries can be combined, and here are -list_driver, -add_dgrp.\n",
  ],
  [
    "-list_divice",
    "There is no option -list_divice: -list_device is alike.\n",
  ],
  ["-add_dg x", "-add_dg may be -add_dgrp or -add_dgrp_dev.\n"],
  ["list_driver", "'list_driver' belongs to no option.\n"],
  ["-list_driver a b", "'b' belongs to no option.\n"],
  ["-add_dgrp a/b", "A name has no \"/\" and no blanks: 'a/b' has.\n"],
  ['-add_dgrp "a b"', "A name has no \"/\" and no blanks: 'a b' has.\n"],
  [
    "-set_scst_attr -attributes =5",
    "-attributes is NAME=VALUE,NAME=VALUE: '=5' is not of that kind.\n",
  ],
];

for (const [line, expected] of USAGE) {
  Deno.test(`a command line "${line}" is refused in one sentence, with the exit code 1`, async () => {
    const lines: string[] = [];
    const code = await runScstadmin(words(line), () => Promise.reject(new Error("not to be")), {
      print: (text) => lines.push(`${text}\n`),
      confirm: () => true,
      readFile: () => "",
      writeFile: () => {},
    });
    assert.equal(lines.join(""), expected);
    assert.equal(code, 1);
  });
}

Deno.test("options take two dashes, any case, a value behind '=', and are cut short where it is clear", () => {
  for (
    const line of [
      "-add_dgrp_dev d -dev_group g",
      "--add_dgrp_dev=d --dev_group=g",
      "-ADD_DGRP_D d -Dev_Group g",
    ]
  ) {
    const { requests: [request] } = parseOptions(words(line));
    assert.equal(request?.operation.option, "add_dgrp_dev");
    assert.equal(request?.input.value, "d");
    assert.equal(request?.input.get("dev_group"), "g");
  }
});

Deno.test("an option whose value may be missing leaves the next option alone", () => {
  const { requests, switches } = parseOptions(["-list_device", "-nonkey", "-list_driver", "iscsi"]);
  assert.deepEqual(requests.map(({ operation, input }) => [operation.option, input.value]), [
    ["list_device", ""],
    ["list_driver", "iscsi"],
  ]);
  assert.ok(switches.has("nonkey"));
});

Deno.test("parseAttributes() takes commas behind a backslash, values of several, and 1 for none", () => {
  assert.deepEqual([...parseAttributes("a=1,b,c=x=y,d=p\\,q,a=2")], [
    ["a", ["1", "2"]],
    ["b", ["1"]],
    ["c", ["x=y"]],
    ["d", ["p,q"]],
  ]);
});

Deno.test("-h names every option and has examples that are command lines", async () => {
  const { code, out } = await admin(new RecordedTree(), ["-h"]);
  assert.equal(code, 0);
  assert.equal(out, `${helpText()}\n`);
  for (const { option } of OPERATIONS) assert.match(out, new RegExp(`^  -${option}\\b`, "m"));
  for (const name of Object.keys(SWITCHES)) assert.match(out, new RegExp(`^  -${name}\\b`, "m"));
  const examples = out.slice(out.indexOf("\nExamples:\n")).match(/^ {2}scst admin (.*)$/gm) ?? [];
  assert.ok(examples.length > 5);
  for (const example of examples) {
    assert.equal(parseOptions(words(example).slice(2)).requests.length, 1, example);
  }
});
