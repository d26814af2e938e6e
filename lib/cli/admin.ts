/** `scst admin`: the options of scstadmin, for the server that runs. */
import { runScstadmin } from "../admin/scstadmin/run.ts";
import type { Caller } from "../admin/scstadmin/session.ts";
import { SnapshotClient } from "../admin/scstadmin/snapshot_client.ts";
import { COMPANIONS } from "../admin/scstadmin/operation.ts";
import { OPERATIONS, SWITCHES } from "../admin/scstadmin/options.ts";
import type { TreeClient } from "../admin/tree_client.ts";
import { readText, reason } from "../config/read_text.ts";
import { saveText } from "../config/save_text.ts";
import { SocketTreeClient } from "./connect_tree.ts";
import { controlPath, SOCKET_OPTION } from "./control_path.ts";
import { UsageError } from "./failure.ts";
import { print, printRaw } from "./output.ts";
import { absolutePath } from "./state_dir.ts";
import type { VerbatimVerb } from "./verb.ts";

/** More is no configuration. */
const MAX_BYTES = 1024 * 1024;

/** An answer to a question is not longer than this. */
const MAX_ANSWER = 256;

/** Does what `args` ask for of the server that `connect` leads to; returns the exit code. */
export function runAdmin(
  args: readonly string[],
  connect: () => Promise<TreeClient>,
): Promise<number> {
  return runScstadmin(args, connect, TERMINAL);
}

const TERMINAL: Caller = {
  print,
  confirm: (question) => {
    print(question);
    return /^y(es)?$/i.test(readAnswer());
  },
  readFile: (path) => readText(path, MAX_BYTES),
  writeFile,
};

/** A line of standard input; empty where nobody answers. */
function readAnswer(): string {
  const bytes = new Uint8Array(MAX_ANSWER);
  let length = 0;
  while (length < bytes.length) {
    const count = Deno.stdin.readSync(bytes.subarray(length, length + 1));
    if (count === null || bytes[length] === 0x0a) break;
    length += count;
  }
  return new TextDecoder().decode(bytes.subarray(0, length)).trim();
}

/** There may be secrets in it: a new file is for its owner only. */
function writeFile(path: string, text: string): void {
  // Deno keeps /dev to itself.
  if (path === "/dev/stdout") return printRaw(text);
  try {
    // What is behind a symbolic link is replaced, not the link; a pipe is written to.
    const place = isThere(path) ? Deno.realPathSync(path) : absolutePath(path);
    if (isThere(place) && !Deno.statSync(place).isFile) Deno.writeTextFileSync(place, text);
    else saveText(place, text);
  } catch (error) {
    throw new Error(`Cannot write ${path}: ${reason(error)}`, { cause: error });
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const SOCKET = /^--?socket(?:=([\s\S]*))?$/;

/** Takes the option `--socket` out of `words`. Throws UsageError. */
function withoutSocket(words: readonly string[]): { socket: string | undefined; rest: string[] } {
  const index = words.findIndex((word) => SOCKET.test(word));
  if (index < 0) return { socket: undefined, rest: [...words] };
  const joined = SOCKET.exec(words[index]!)![1];
  const socket = joined ?? words[index + 1];
  if (!socket) throw new UsageError("--socket needs the path of a control socket");
  return { socket, rest: words.toSpliced(index, joined === undefined ? 2 : 1) };
}

export const ADMIN: VerbatimVerb = {
  name: "admin",
  summary: "administer a running server with the options of scstadmin",
  words: [
    { text: `--${SOCKET_OPTION.name}`, description: SOCKET_OPTION.description },
    ...OPERATIONS.map(({ option, help }) => ({ text: `-${option}`, description: help })),
    ...Object.entries(COMPANIONS).map(([name, value]) => ({
      text: `-${name}`,
      description: value,
    })),
    ...Object.entries(SWITCHES).map(([name, help]) => ({ text: `-${name}`, description: help })),
  ],
  help: "-h",
  runWords: async (words) => {
    const { socket, rest } = withoutSocket(words);
    const connect = () => new SnapshotClient(new SocketTreeClient(controlPath(socket)));
    // What controlPath() throws is to reject.
    return await runAdmin(rest, () => Promise.resolve().then(connect));
  },
};
