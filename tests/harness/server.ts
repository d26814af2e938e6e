/**
 * The server under test: started as a user starts it (`scst serve`), from source or, when
 * SCST_BIN names a compiled binary, from that.
 */
import { within } from "../initiator/within.ts";
import { TextLineStream } from "./lines.ts";

export { backingFile, diskYaml, TARGET_NAME } from "./disk_yaml.ts";

/** What the program may do; the same list as in the tasks of deno.json. */
const PERMISSIONS = ["ffi", "net", "read", "write", "env", "sys"].map((name) => `--allow-${name}`);
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
  /** What the server has written to its standard error so far. */
  readonly stderr: () => string;
  /** Sends a signal (SIGTERM if none is named) and waits for the end of the process. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

export interface StartOptions {
  readonly env?: Record<string, string>;
  /** A directory of the caller's, which is then left in place; by default a fresh one, removed at disposal. */
  readonly dir?: string;
  /** How many portals the configuration has; 1 if not given. */
  readonly portals?: number;
}

/** The command line that runs the program: a compiled binary or `deno run`. */
export function programCommand(args: readonly string[]): [command: string, args: string[]] {
  const binary = Deno.env.get("SCST_BIN");
  if (binary !== undefined && binary !== "") return [binary, [...args]];
  const main = new URL("../../main.ts", import.meta.url).pathname;
  return [Deno.execPath(), ["run", "--quiet", "--no-prompt", ...PERMISSIONS, main, ...args]];
}

/** Reads `listening on HOST:PORT`; IPv6 hosts stand in brackets and are returned without them. */
function parsePortal(line: string): Portal | undefined {
  const match = /^listening on (?:\[(.+)\]|([^:]+)):(\d+)$/.exec(line);
  const host = match?.[1] ?? match?.[2];
  return match === null || host === undefined ? undefined : { host, port: Number(match[3]) };
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
  const removeDir = async () => {
    if (options.dir === undefined) await Deno.remove(dir, { recursive: true });
  };
  const config = `${dir}/scst.yaml`;
  await Deno.writeTextFile(config, typeof yaml === "string" ? yaml : yaml(dir));

  const [command, args] = programCommand(["serve", "--config", config, "--state", dir]);
  const child = new Deno.Command(command, {
    args,
    env: options.env ?? {},
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  let stderr = "";
  const portals: Portal[] = [];
  const wanted = options.portals ?? 1;
  const ready = Promise.withResolvers<void>();
  const output = (async () => {
    for await (
      const line of child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(
        new TextLineStream(),
      )
    ) {
      const portal = parsePortal(line);
      if (portal !== undefined && portals.push(portal) === wanted) ready.resolve();
    }
  })();
  const errors = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) stderr += text;
  })();
  const ended = Promise.all([child.status, output, errors]).then(([status]) => status);

  try {
    const exit = ended.then((status) => {
      throw new Error(`Server exited with code ${status.code} before it listened: ${stderr}`);
    });
    await within(
      Promise.race([ready.promise, exit]),
      START_LIMIT_MS,
      () => new Error(`Server did not listen within ${START_LIMIT_MS} ms: ${stderr}`),
    );
  } catch (error) {
    if (portals.length < wanted) {
      try {
        child.kill("SIGKILL");
      } catch { /* it has exited already */ }
      await ended;
    }
    await removeDir();
    throw error;
  }

  let stopped = false;
  const stop = async (signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> => {
    stopped = true;
    try {
      child.kill(signal);
    } catch { /* it has exited already; its status is still to be had */ }
    try {
      return await within(
        ended,
        STOP_LIMIT_MS,
        () => new Error(`Server did not stop within ${STOP_LIMIT_MS} ms of ${signal}: ${stderr}`),
      );
    } catch (error) {
      child.kill("SIGKILL");
      await ended;
      throw error;
    }
  };

  const [first] = portals;
  if (first === undefined) throw new Error("Server announced no portal");
  return {
    ...first,
    portals,
    pid: child.pid,
    dir,
    stderr: () => stderr,
    stop,
    async [Symbol.asyncDispose]() {
      try {
        if (stopped) return;
        const status = await stop();
        if (status.code !== 0) {
          throw new Error(`Server ended with code ${status.code} instead of 0: ${stderr}`);
        }
      } finally {
        await removeDir();
      }
    },
  };
}
