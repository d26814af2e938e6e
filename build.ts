/**
 * `deno task build`: compiles the program, its worker modules and its permissions into one
 * executable, dist/scst. Permissions and V8's flags are those of the task `serve` in deno.json: a
 * smaller nursery (--max-semi-space-size, MiB) keeps V8 from having hundreds of MiB for garbage that
 * logins leave, which it sees no reason to collect where memory is plenty.
 *
 * DENORT_BIN names the runtime to put in ("denort", of the same version as the deno that
 * compiles), for machines that cannot download it.
 */

const ROOT = new URL("./", import.meta.url);
const OUTPUT = "dist/scst";
/** Modules that are started by name only, which the compiler cannot find by following imports. */
const WORKERS = ["lib/shard/shard_worker.ts", "lib/store/io_worker.ts"];
/** Files that are read at run time. */
const FILES = ["html", "css", "js"].map((kind) => `lib/metrics/page/page.${kind}`);

/** The flags in front of main.ts in a task's command: permissions, and what V8 is told. */
async function runFlags(task: string): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const command: unknown = tasks[task]?.command;
  if (typeof command !== "string") throw new Error(`deno.json has no task ${task}`);
  return command.split(" ").filter((word) => /^--(allow-|no-prompt|v8-flags=)/.test(word));
}

async function run(command: string, args: string[]): Promise<[boolean, string]> {
  const env = { NO_COLOR: "1" };
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: ROOT, env })
    .output();
  const decoder = new TextDecoder();
  return [success, decoder.decode(stdout) + decoder.decode(stderr)];
}

/** @returns undefined, or why there is no executable, in one line where the cause is known */
async function build(): Promise<string | undefined> {
  const runtime = Deno.env.get("DENORT_BIN");
  const version = Deno.version.deno;
  const includes = [...WORKERS, ...FILES].flatMap((module) => ["--include", module]);
  // Types are the task check's matter: another version of Deno has another TypeScript.
  const flags = ["--quiet", "--no-check", ...await runFlags("serve"), ...includes];
  const [compiled, said] = await run(
    Deno.execPath(),
    ["compile", ...flags, "--output", OUTPUT, "main.ts"],
  );
  if (!compiled) {
    if (runtime === undefined && /dl\.deno\.land|denort/.test(said)) {
      return `cannot download Deno's runtime from dl.deno.land; ` +
        `set DENORT_BIN to the path of a denort of Deno ${version}`;
    }
    return said.trim();
  }
  const [runs, output] = await run(new URL(OUTPUT, ROOT).pathname, ["version"]);
  if (runs) return undefined;
  await Deno.remove(new URL(OUTPUT, ROOT));
  const doubt = runtime === undefined
    ? ""
    : ` (is ${runtime}, named by DENORT_BIN, a denort of Deno ${version}?)`;
  return `the executable does not run${doubt}: ${output.trim().split("\n")[0]}`;
}

const failure = await build();
const encoder = new TextEncoder();
if (failure === undefined) {
  const { size } = await Deno.stat(new URL(OUTPUT, ROOT));
  Deno.stdout.writeSync(encoder.encode(`${OUTPUT} ${(size / 2 ** 20).toFixed(0)} MiB\n`));
} else {
  Deno.stdout.writeSync(encoder.encode(`error ${failure}\n`));
  Deno.exitCode = 1;
}
