import assert from "node:assert/strict";
import { openIsal } from "../../ffi/isal.ts";
import manifest from "../../deno.json" with { type: "json" };
import { VERBS as PROGRAM_VERBS } from "../../lib/cli/program.ts";
import { runProgram } from "../harness/program.ts";
import { VERBS } from "../harness/verbs.ts";

Deno.test("scst version prints the version on one line", async () => {
  for (const args of [["version"], ["--version"], ["-V"]]) {
    const { code, stdout, stderr } = await runProgram(args);
    assert.match(stdout, /^scst \d+\.\d+\.\d+ \(Deno [\d.]+.*\)\n$/);
    assert.ok(stdout.startsWith(`scst ${manifest.version} `));
    assert.equal(stderr, "");
    assert.equal(code, 0);
  }
});

Deno.test("scst version says who computes the digests", async () => {
  const by = async (env: Record<string, string>) => {
    const { stdout } = await runProgram(["version"], { env });
    return / CRC32C by (\w+)\)$/.exec(stdout.trimEnd())?.[1];
  };
  assert.equal(await by({ SCST_PORTABLE: "1" }), "TypeScript");
  assert.equal(
    await by({ SCST_PORTABLE: "0" }),
    openIsal() === undefined ? "TypeScript" : "libisal",
  );
});

Deno.test("scst help names every verb", async () => {
  for (const args of [["help"], ["--help"], ["-h"]]) {
    const { code, stdout } = await runProgram(args);
    for (const verb of VERBS) assert.match(stdout, new RegExp(`^ +${verb} `, "m"));
    assert.equal(code, 0);
  }
});

Deno.test("scst help VERB shows an example of the verb", async () => {
  for (const verb of VERBS) {
    const { code, stdout } = await runProgram(["help", verb]);
    assert.match(stdout, new RegExp(`^Usage: scst ${verb}\\b`));
    assert.match(stdout, new RegExp(`^Examples:\\n {2}scst ${verb}\\b`, "m"));
    assert.equal(code, 0);
  }
});

Deno.test("every action has an example of itself, and every list can be had as JSON", () => {
  const groups = PROGRAM_VERBS.flatMap((verb) => "actions" in verb ? [verb] : []);
  assert(groups.length >= 6);
  for (const { name, actions } of groups) {
    for (const { name: action, examples, options } of actions) {
      const [example = ""] = examples;
      assert.match(example, new RegExp(`^scst ${name} ${action}\\b`));
      const lists = action === "list" || action === "ls";
      assert.equal(lists, options.some((option) => option.name === "json"), example);
    }
  }
});

Deno.test("scst tree ls --help shows an example, as all actions do", async () => {
  const { stdout } = await runProgram(["tree", "ls", "--help"]);
  assert.match(stdout, /^Examples:\n {2}scst tree ls\b/m);
});

Deno.test("scst answers a wrong command line with one error line and exit code 2", async () => {
  const table: [string[], RegExp][] = [
    [
      [],
      /^error Name demo, serve, check, doctor, status, stat, top, why, device, target, lun, group, session, apply, reload, save, tree, admin, import, export, completion or version; run "scst help"/,
    ],
    [
      ["help", "bogus"],
      /^error Name demo, serve, check, doctor, status, stat, top, why, device, target, lun, group, session, apply, reload, save, tree, admin, import, export, completion or version; run "scst help"/,
    ],
    [["bogus"], /^error Unknown command 'bogus'; run "scst help"/],
    [["serv"], /^error Unknown command 'serv' \(Did you mean serve\?\); run/],
    [["serve"], /^error Option --config <FILE> is missing; run/],
    [["serve", "--config"], /^error Option '--config <FILE>' argument missing; run/],
    [["serve", "--confg", "x"], /^error Unknown option '--confg' \(Did you mean --config\?\); run/],
    [["tree"], /^error Name ls, cat or write after tree; run "scst help tree"\n/],
    [["tree", "lls"], /^error Unknown command 'lls' \(Did you mean ls\?\); run/],
    [["tree", "cat"], /^error Missing required argument 'PATH'; run/],
    [["device", "set", "d"], /^error Missing required argument 'NAME=VALUE'; run/],
    [["target", "set", "t"], /^error Missing required argument 'NAME=VALUE'; run/],
    [["tree", "ls", "a", "b"], /^error Too many arguments for 'ls'/],
    [["completion", "tcsh"], /^error SHELL must be bash, zsh or fish: current value is "tcsh"\n/],
    [["check"], /^error Missing required argument 'FILE'; run/],
    [["check", "a", "b"], /^error Too many arguments for 'check'/],
    [["demo", "--port", "70000"], /^error --port must be 0 to 65535: current value is "70000"\n/],
    [["demo", "--port", "x"], /^error --port must be 0 to 65535: current value is "x"\n/],
    [
      ["demo", "--size", "1GB"],
      /^error --size must be .*; decimal units are not taken, write 1GiB\n/,
    ],
    [
      ["demo", "--size", "1000"],
      /^error --size must be a multiple of 512 bytes: current value is 1000\n/,
    ],
  ];
  for (const [args, line] of table) {
    const { code, stdout, stderr } = await runProgram(args);
    assert.match(stderr, line);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.equal(stdout, "");
    assert.equal(code, 2);
  }
});
