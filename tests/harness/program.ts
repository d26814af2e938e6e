/** The program as a child process, for what a user sees of it: its lines and its exit code. */
import { within } from "../initiator/within.ts";
import { programCommand } from "./server.ts";

const LIMIT_MS = 30_000;

export interface ProgramOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Takes from root the right to open any file and to give it away, so that permissions count as for other users. */
  readonly unprivileged?: boolean;
  /** What standard input says; nothing by default. */
  readonly stdin?: string;
}

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  /** Everything written to standard output and standard error so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when `pattern` is in the output of either kind; throws when the program ends without. */
  saw(pattern: RegExp): Promise<void>;
  kill(signal: Deno.Signal): void;
  /** Waits for the end. */
  readonly result: Promise<ProgramResult>;
}

/** Starts the program, or `command` in its place, with `args`. It is killed at disposal. */
export function spawnProgram(
  args: readonly string[],
  options: ProgramOptions = {},
  command: [string, string[]] = programCommand(args),
): RunningProgram {
  const [file, fileArgs] = options.unprivileged ? withoutOverride(command) : command;
  const child = new Deno.Command(file, {
    args: fileArgs,
    env: {
      SCST_CONTROL: `/tmp/scst_control_${crypto.randomUUID()}`,
      SCST_TREE: "none",
      ...options.env,
    },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin !== undefined) void feed(child, options.stdin);
  const text = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  const collect = async (stream: "stdout" | "stderr"): Promise<void> => {
    for await (const part of child[stream].pipeThrough(new TextDecoderStream())) {
      text[stream] += part;
      for (const watch of watchers) watch();
    }
  };
  const result = Promise.all([child.status, collect("stdout"), collect("stderr")])
    .then(([{ code }]) => ({ code, ...text }));
  const saw = async (pattern: RegExp): Promise<void> => {
    const found = Promise.withResolvers<void>();
    const watch = (): void => {
      if (pattern.test(text.stdout) || pattern.test(text.stderr)) found.resolve();
    };
    const told = (why: string) => new Error(`${why} ${pattern}: ${text.stdout}${text.stderr}`);
    watchers.add(watch);
    watch();
    void result.then(() => {
      watch();
      found.reject(told("The program ended without"));
    });
    try {
      await within(found.promise, LIMIT_MS, () => told("The program does not say"));
    } finally {
      watchers.delete(watch);
    }
  };
  return {
    pid: child.pid,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    saw,
    kill: (signal) => child.kill(signal),
    result,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has exited already */ }
      await result;
    },
  };
}

/** A program need not read all that it is given. */
async function feed(child: Deno.ChildProcess, text: string): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch { /* it has closed its standard input */ }
}

/** Runs the program with `args` to its end, which has to come by itself. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  await using program = spawnProgram(args, options);
  return await within(
    program.result,
    LIMIT_MS,
    () => new Error(`The program does not end: ${program.stdout()}${program.stderr()}`),
  );
}

function withoutOverride([file, args]: [string, string[]]): [string, string[]] {
  if (Deno.uid() !== 0) return [file, args];
  return ["setpriv", ["--bounding-set", "-dac_override,-dac_read_search,-chown", file, ...args]];
}
