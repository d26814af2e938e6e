/**
 * `deno task bench:admin`: what administration takes with many targets, each with a LUN and a device of
 * its own: to apply them, to list them, to walk through the mounted tree, to save them.
 *
 *     deno task bench:admin [--targets 1000] [--rounds 1] [--only NAME]
 *
 * For each step it prints seconds by the clock, and the CPU time (user and system) of the server and of
 * the program that asks: on a machine that does other things as well, only the latter can be compared.
 * SCST_BIN names a compiled binary to measure instead of the sources. The goals are printed with the
 * figures; they never decide the exit code. Without /dev/fuse the tree is not walked.
 */
import { parseArgs } from "node:util";
import { cpuSeconds, timedRun } from "../harness/cpu_time.ts";
import { FusePlace, missingFuse } from "../harness/fuse_mount.ts";
import { programCommand, startTestServer, type TestServer } from "../harness/server.ts";
import { integer, print, runBench } from "./options.ts";

const EMPTY = 'portals: ["127.0.0.1:0"]\n';

/** A line of the table. */
interface Step {
  readonly name: string;
  /** Seconds by the clock that the project promises. */
  readonly goal?: number;
  /** The whole command, or the arguments of scst. */
  readonly command?: readonly string[];
  readonly scst?: readonly string[];
  /** What has to be in the output as often as there are targets, or at least once. */
  readonly each?: RegExp;
  readonly once?: RegExp;
}

/** What is done in the order in which it is done; all is gone at the end. */
function steps(dir: string, mount: string | undefined): Step[] {
  const find: Step[] = mount === undefined ? [] : [
    {
      name: "find",
      goal: 10,
      command: ["find", mount],
      each: /\/targets\/iscsi\/[^/\n]+\/enabled$/gm,
    },
    {
      name: "find, each file read",
      command: ["bash", "-c", `find ${mount} -type f -perm -400 -print0 | xargs -0 cat 2>&1`],
      once: /\[key\]/,
    },
  ];
  return [
    { name: "apply", goal: 5, scst: ["apply", `${dir}/many.yaml`], each: /^add target /gm },
    { name: "apply, no change", scst: ["apply", `${dir}/many.yaml`], once: /nothing to do/ },
    { name: "target list", goal: 1, scst: ["target", "list"], each: /^iqn\./gm },
    { name: "device list", goal: 1, scst: ["device", "list"], each: /^disk\d/gm },
    { name: "lun list --json", goal: 1, scst: ["lun", "list", "--json"], each: /"target"/g },
    ...find,
    { name: "save --print", scst: ["save", "--print"], each: /^ {2}iqn\./gm },
    {
      name: "admin -write_config",
      scst: ["admin", "-write_config", `${dir}/many.conf`],
      once: /All done/,
    },
    { name: "admin -list_target", scst: ["admin", "-list_target"], each: /iqn\./g },
    {
      name: "admin -config, no change",
      scst: ["admin", "-noprompt", "-config", `${dir}/many.conf`],
      once: / 0 change\(s\)/,
    },
    {
      name: "admin -clear_config",
      scst: ["admin", "-noprompt", "-force", "-clear_config"],
      once: /All done/,
    },
    {
      name: "admin -config",
      scst: ["admin", "-noprompt", "-config", `${dir}/many.conf`],
      once: /change\(s\)/,
    },
    { name: "apply --prune, nothing", scst: ["apply", "--prune", `${dir}/none.yaml`] },
  ];
}

/** Targets with a LUN each. */
function manyYaml(portal: string, count: number): string {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const device = (index: number) => `  disk${index}: { handler: vdisk_nullio, size: 1GiB }`;
  const target = (index: number) =>
    `  iqn.2026-11.org.example:many.${index}: { luns: { 0: disk${index} } }`;
  return [
    `portals: ["${portal}"]`,
    "devices:",
    ...numbers.map(device),
    "targets:",
    ...numbers.map(target),
    "",
  ].join("\n");
}

async function take(step: Step, server: TestServer, count: number): Promise<void> {
  const before = await cpuSeconds(server.pid);
  const [file, args] = programCommand(step.scst ?? []);
  const command = step.command ?? [file, ...args];
  const run = await timedRun(command, { SCST_CONTROL: `${server.dir}/control` });
  const cpu = await cpuSeconds(server.pid) - before;
  const found = step.each === undefined ? count : [...run.stdout.matchAll(step.each)].length;
  const isRight = run.code === 0 && found === count && (step.once?.test(run.stdout) ?? true);
  const goal = step.goal === undefined ? "" : `goal: < ${step.goal}`;
  const columns = [run.wall, cpu, run.cpu].map((seconds) => seconds.toFixed(2).padStart(9));
  print(`${step.name.padEnd(26)}${columns.join("")}  ${goal}`.trimEnd());
  if (isRight) return;
  const tail = `${run.stdout.slice(-300)}${run.stderr.slice(-300)}`;
  throw new Error(`${step.name}: exit code ${run.code}, ${found} of ${count} told: ${tail}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      targets: { type: "string", default: "1000" },
      rounds: { type: "string", default: "1" },
      only: { type: "string", default: "" },
    },
  });
  const count = integer("targets", values.targets);
  const rounds = integer("rounds", values.rounds);
  const isFuseMissing = missingFuse() !== undefined;
  await using place = new FusePlace();
  const mount = isFuseMissing ? undefined : place.point;
  const env = { SCST_TREE: mount ?? "none" };
  await using server = await startTestServer(EMPTY, { env });
  const portal = `${server.host}:${server.port}`;
  await Deno.writeTextFile(`${server.dir}/many.yaml`, manyYaml(portal, count));
  await Deno.writeTextFile(`${server.dir}/none.yaml`, `portals: ["${portal}"]\n`);
  print(`${count} targets                 seconds   server   client`);
  for (let round = 0; round < rounds; round++) {
    for (const step of steps(server.dir, mount)) {
      // What is not to be measured is done all the same, where others need it.
      if (values.only === "" || step.name.startsWith(values.only) || /apply/.test(step.name)) {
        await take(step, server, count);
      }
    }
  }
}

await runBench(main);
