/** Completion in the real shells, with a real server for the paths. */
import assert from "node:assert/strict";
import { type ControlRig, controlRig } from "../harness/control_rig.ts";
import { EXAMPLE_TARGET } from "../harness/example_tree.ts";
import { runProgram } from "../harness/program.ts";
import { programCommand } from "../harness/server.ts";
import { runTool, toolTest } from "../harness/tools.ts";
import { VERBS } from "../harness/verbs.ts";

const TYPIST = new URL("../harness/type_in_shell.zsh", import.meta.url).pathname;
const WORDS = [...VERBS, "help"];

/** A server, the program as `scst` in a directory, and the script for a shell. */
async function prepared(shell: string): Promise<ControlRig & { script: string; scst: string }> {
  const rig = await controlRig();
  const scst = `${rig.dir}/scst`;
  const [command, args] = programCommand([]);
  const quoted = [command, ...args].map((word) => `'${word}'`).join(" ");
  const text = `#!/bin/sh\nSCST_CONTROL='${rig.path}' exec ${quoted} "$@"\n`;
  await Deno.writeTextFile(scst, text, { mode: 0o755 });
  const { stdout, code } = await runProgram(["completion", shell]);
  assert.equal(code, 0);
  const script = `${rig.dir}/completion`;
  await Deno.writeTextFile(script, stdout);
  return Object.assign(rig, { script, scst });
}

/** Lines to the cursor, and what may stand there; `scst` is the program. */
const OFFERS: readonly (readonly [string, readonly string[]])[] = [
  ["scst ", WORDS],
  ["scst serv", ["serve"]],
  ["scst help w", ["why"]],
  ["scst sta", ["stat", "status"]],
  ["scst status --", ["--json", "--socket", "--help"]],
  ["scst why --s", ["--socket"]],
  ["scst session list --j", ["--json"]],
  ["scst tree ", ["ls", "cat", "write"]],
  ["scst serve --conf", ["--config"]],
  ["scst tree ls --j", ["--json"]],
  ["scst completion ", ["bash", "zsh", "fish"]],
  ["scst tree ls d", ["dangling/", "devices/"]],
  ["scst tree ls --json devices/disk1/", [
    "devices/disk1/handler/",
    "devices/disk1/size",
    "devices/disk1/threads_num",
  ]],
  ["scst tree cat devices/disk1/s", ["devices/disk1/size"]],
  ["scst tree cat devices/disk1/handler/m", ["devices/disk1/handler/mgmt"]],
  ["scst tree ls /de", ["/devices/"]],
  ["scst tree ls nowhere/", []],
  ["scst tree write suspend ", []],
  ["scst version ", []],
];

toolTest("bash completes verbs, options and paths", ["bash"], async () => {
  await using rig = await prepared("bash");
  const driver = `
    source ${rig.script}
    complete -p scst
    while IFS= read -r line; do
      COMP_LINE=\${line/scst/${rig.scst}} COMP_POINT=\${#COMP_LINE} COMPREPLY=()
      _scst
      echo "> $line"
      printf '%s\\n' "\${COMPREPLY[@]}"
    done`;
  const target = `targets/iscsi/${EXAMPLE_TARGET}`;
  const colons = `scst tree ls ${target.slice(0, -2)}`;
  const lines = [...OFFERS.map(([line]) => line), colons];
  const input = `<<'LINES'\n${lines.join("\n")}\nLINES\n`;
  const { stdout, stderr } = await runTool("bash", ["-c", `${driver} ${input}`]);
  assert.equal(stderr, "");
  const [declared = "", ...blocks] = stdout.split(/^> .*\n/m);
  assert.equal(declared, "complete -F _scst scst\n");
  const offered = blocks.map((block) => block.split("\n").filter((word) => word !== ""));
  for (const [index, [line, expected]] of OFFERS.entries()) {
    const found = offered[index]!.filter((word) => !word.includes(" "));
    assert.deepEqual(found.toSorted(), expected.toSorted(), line);
  }
  assert.deepEqual(offered.at(-1), ["disk1/"]);
});

toolTest("bash completes files whose names have blanks", ["bash"], async () => {
  await using rig = await prepared("bash");
  for (const name of ["my disks.yaml", "my other.yaml"]) {
    await Deno.writeTextFile(`${rig.dir}/${name}`, "");
  }
  await Deno.mkdir(`${rig.dir}/my state`);
  const offered = async (line: string) => {
    const driver = `source ${rig.script}; cd ${rig.dir}
      COMP_LINE='${line}' COMP_POINT=\${#COMP_LINE} COMPREPLY=()
      _scst 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}" | sort`;
    return (await runTool("bash", ["-c", driver])).stdout.split("\n").slice(0, -1);
  };
  assert.deepEqual(await offered("scst check my"), ["my disks.yaml", "my other.yaml", "my state"]);
  assert.deepEqual(await offered("scst serve --state my"), ["my state"]);
});

toolTest("fish completes verbs, options and paths", ["fish"], async () => {
  await using rig = await prepared("fish");
  const asked = OFFERS.map(([line]) =>
    `echo '> '; complete -C '${line.replace("scst", rig.scst)}'`
  );
  const { stdout, stderr } = await runTool("fish", [
    "--no-config",
    "-c",
    `source ${rig.script}; ${asked.join("; ")}`,
  ]);
  assert.equal(stderr, "");
  const blocks = stdout.split(/^> \n/m).slice(1);
  for (const [index, [line, expected]] of OFFERS.entries()) {
    const words = blocks[index]!.split("\n").map((text) => text.split("\t")[0] ?? "");
    const found = words.filter((word) => word !== "" && !/[ \\]/.test(word));
    assert.deepEqual(found.toSorted(), expected.toSorted(), `${line}: ${blocks[index]}`);
  }
});

/** What is typed before Tab, and what it becomes. */
const TYPED: readonly (readonly [string, string])[] = [
  ["scst com", "scst completion"],
  ["scst tree w", "scst tree write"],
  ["scst serve --conf", "scst serve --config"],
  ["scst tree ls --rec", "scst tree ls --recursive"],
  ["scst tree cat devices/disk1/thr", "scst tree cat devices/disk1/threads_num"],
  [
    "scst tree ls targets/iscsi/iqn.2026-11.org.example:d",
    `scst tree ls targets/iscsi/${EXAMPLE_TARGET}`,
  ],
  ["scst help serv", "scst help serve"],
];

/** What an interactive shell makes of the lines of TYPED. */
async function typed(dir: string, setup: string, shell: readonly string[]): Promise<string[]> {
  const lines = TYPED.map(([line]) => line);
  const command = ["-f", TYPIST, `PATH=${dir}:$PATH; ${setup}`, ...shell, "--", ...lines];
  const { code, stdout, stderr } = await runTool("zsh", command);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split("\n").map((line) => line.replace(/\/? *$/, ""));
}

toolTest("zsh completes what is typed", ["zsh"], async () => {
  await using rig = await prepared("zsh");
  const setup = `PROMPT=; bindkey -e; autoload -U compinit; compinit -D -u; source ${rig.script}`;
  const found = await typed(rig.dir, setup, ["zsh", "-f"]);
  assert.deepEqual(found, TYPED.map(([, line]) => line));
});

toolTest("bash completes what is typed, colons or not", ["bash", "zsh"], async () => {
  await using rig = await prepared("bash");
  const setup = `PS1=; source ${rig.script}`;
  const found = await typed(rig.dir, setup, ["bash", "--norc", "--noprofile", "-i"]);
  assert.deepEqual(found, TYPED.map(([, line]) => line));
});
