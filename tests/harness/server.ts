/**
 * The server under test: started as a user starts it (`scst serve`), from source or, when
 * SCST_BIN names a compiled binary, from that.
 */
import { within } from "../initiator/within.ts";
import { TextLineStream } from "./lines.ts";

export { backingFile, diskYaml, TARGET_NAME } from "./disk_yaml.ts";

/** What the program may do; the same list as in the tasks of deno.json. */
export const PERMISSIONS = ["ffi", "net", "read", "write", "env", "sys"].map((name) =>
  `--allow-${name}`
);
/** What V8 is told; the same as in the tasks of deno.json. */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=4";
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;

export interface Portal {
  readonly host: string;
  readonly port: number;
}

export interface TestServer extends Portal, AsyncDisposable {
  readonly pid: number;
  /** Every portal, in the order in which the server announced them. */
  readonly portals: readonly Portal[];
  /** The directory that holds the configuration, the state and, as a rule, the backing files. */
  readonly dir: string;
  /** What the server has written to its standard output and to its standard error so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Sends a signal (SIGTERM if none is named) and waits for the end of the process. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

export interface StartOptions {
  readonly env?: Record<string, string>;
  /** A directory of the caller's, which is then left in place; by default a fresh one, removed at disposal. */
  readonly dir?: string;
  /** Where the server keeps its state, if that is not its directory. */
  readonly stateDir?: string;
  /** How many files the server may have open. */
  readonly openFiles?: number;
  /** More options of `scst serve`. */
  readonly args?: readonly string[];
  /** How many portals the configuration has; 1 if not given. */
  readonly portals?: number;
}

/** The command line that runs the program: a compiled binary or `deno run`. */
export function programCommand(args: readonly string[]): [command: string, args: string[]] {
  const binary = Deno.env.get("SCST_BIN");
  if (binary !== undefined && binary !== "") return [binary, [...args]];
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const flags = ["--quiet", "--no-prompt", ...PERMISSIONS, V8_FLAGS];
  return [Deno.execPath(), ["run", ...flags, main, ...args]];
}

/** Reads `listening on HOST:PORT`; IPv6 hosts stand in brackets and are returned without them. */
function parsePortal(line: string): Portal | undefined {
  const match = /^listening on (?:\[(.+)\]|([^:]+)):(\d+)$/.exec(line);
  const host = match?.[1] ?? match?.[2];
  return match === null || host === undefined ? undefined : { host, port: Number(match[3]) };
}

/** The process, what it has said, and its directory. */
class RunningServer implements TestServer {
  readonly dir: string;
  readonly portals: Portal[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #ownsDir: boolean;
  readonly #ended: Promise<Deno.CommandStatus>;
  readonly #ready = Promise.withResolvers<void>();
  #stdout = "";
  #stderr = "";
  #stopped = false;

  constructor(child: Deno.ChildProcess, dir: string, ownsDir: boolean, portals: number) {
    this.#child = child;
    this.dir = dir;
    this.#ownsDir = ownsDir;
    const parts = [child.status, this.#readOutput(portals), this.#readErrors()] as const;
    this.#ended = Promise.all(parts).then(([status]) => status);
  }

  get host(): string {
    return this.#first.host;
  }

  get port(): number {
    return this.#first.port;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stdout(): () => string {
    return () => this.#stdout;
  }

  get stderr(): () => string {
    return () => this.#stderr;
  }

  /** Waits until every portal has been announced. */
  async listening(): Promise<void> {
    const exit = this.#ended.then(({ code }) => {
      throw new Error(`Server exited with code ${code} before it listened: ${this.#stderr}`);
    });
    const late = () => this.#late("listen", START_LIMIT_MS);
    await within(Promise.race([this.#ready.promise, exit]), START_LIMIT_MS, late);
  }

  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    this.#stopped = true;
    this.#kill(signal);
    try {
      const late = () => this.#late(`stop after ${signal}`, STOP_LIMIT_MS);
      return await within(this.#ended, STOP_LIMIT_MS, late);
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  /** Ends the process in any case. */
  async abandon(): Promise<void> {
    this.#stopped = true;
    this.#kill("SIGKILL");
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#stopped) return;
      const { code } = await this.stop();
      if (code !== 0) {
        throw new Error(`Server ended with code ${code} instead of 0: ${this.#stderr}`);
      }
    } finally {
      if (this.#ownsDir) await Deno.remove(this.dir, { recursive: true });
    }
  }

  get #first(): Portal {
    const [first] = this.portals;
    if (first === undefined) throw new Error("Server has announced no portal");
    return first;
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch { /* it has exited already; its status is still to be had */ }
  }

  #late(what: string, limitMs: number): Error {
    return new Error(`Server did not ${what} within ${limitMs} ms: ${this.#stderr}`);
  }

  async #readOutput(portals: number): Promise<void> {
    const text = this.#child.stdout.pipeThrough(new TextDecoderStream());
    for await (const line of text.pipeThrough(new TextLineStream())) {
      this.#stdout += `${line}\n`;
      const portal = parsePortal(line);
      if (portal !== undefined && this.portals.push(portal) === portals) this.#ready.resolve();
    }
  }

  async #readErrors(): Promise<void> {
    const text = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const part of text) this.#stderr += part;
  }
}

/** A command line that runs another one with so many open files at most. */
function limited([command, args]: [string, string[]], openFiles: number): [string, string[]] {
  return ["sh", ["-c", `ulimit -n ${openFiles} && exec "$@"`, "sh", command, ...args]];
}

/**
 * Starts `scst serve` with a configuration and waits until it accepts logins.
 *
 * @param yaml the configuration, or a function that makes it for the server's directory
 * @throws Error with the server's standard error when it exits first or does not come up
 */
export async function startTestServer(
  yaml: string | ((dir: string) => string),
  options: StartOptions = {},
): Promise<TestServer> {
  const dir = options.dir ?? await Deno.makeTempDir({ prefix: "scst_test_" });
  const config = `${dir}/scst.yaml`;
  const text = typeof yaml === "string" ? yaml : yaml(dir);
  await Deno.writeTextFile(config, text, { mode: 0o600 }); // it may have secrets
  const state = options.stateDir ?? dir;
  const program = programCommand([
    "serve",
    "--config",
    config,
    "--state",
    state,
    ...options.args ?? [],
  ]);
  const [command, args] = options.openFiles === undefined
    ? program
    : limited(program, options.openFiles);
  const child = new Deno.Command(command, {
    args,
    env: { SCST_CONTROL: `${dir}/control`, SCST_TREE: "none", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const server = new RunningServer(child, dir, options.dir === undefined, options.portals ?? 1);
  try {
    await server.listening();
    return server;
  } catch (error) {
    await server.abandon();
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
