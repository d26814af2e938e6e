/**
 * A helper program with descriptors of ours. Deno.Command passes none, and would have to be let run
 * any program; here the child gets what it is given and nothing else.
 */
import { check, libc } from "./libc.ts";
import { closeFile, cString } from "./file.ts";
import { mainLibc } from "./libc_main.ts";
import { Memory } from "./memory.ts";
import { ReadableWait } from "./await_readable.ts";
import { SYSTEM } from "./platform.ts";

const ACTIONS_SIZE = 128; // posix_spawn_file_actions_t: 80 bytes on Linux, a pointer on FreeBSD
const O_RDWR = 2;
const CLOEXEC = { linux: 0o2000000, freebsd: 0x100000 }[SYSTEM];
/** What a child says beyond this is read and dropped. */
const MOST_SAID = 4096;
/** How long to listen before looking whether it still lives. */
const LISTEN_MS = 200;

/** The array of pointers that exec wants, with the strings that it points to. */
function pointers(texts: readonly string[]): { memory: Memory; owners: Memory[] } {
  const owners = texts.map((text) => {
    const bytes = cString(text);
    const owner = new Memory(bytes.length);
    owner.bytes.set(bytes);
    return owner;
  });
  const memory = new Memory((owners.length + 1) * 8);
  owners.forEach(({ address }, index) => {
    memory.view.setBigUint64(index * 8, BigInt(address), true);
  });
  return { memory, owners };
}

/** A child process that was started. */
export class Child {
  readonly #pid: number;
  readonly #stderr: number;

  constructor(pid: number, stderr: number) {
    this.#pid = pid;
    this.#stderr = stderr;
  }

  /** Waits for the end: the exit code (128 and the signal's number after a signal), and its words. */
  async ended(): Promise<{ code: number; stderr: string }> {
    const status = new Int32Array(1);
    let hasEnded = false;
    const end = mainLibc.waitpidAside(this.#pid, new Uint8Array(status.buffer), 0)
      .finally(() => hasEnded = true);
    const stderr = await this.#words(() => hasEnded);
    // Nobody is there to tell of: SIGCHLD may be ignored here, as it was where the program was started.
    if (await end !== this.#pid) return { code: 255, stderr };
    const signal = status[0]! & 0x7f;
    return { code: signal === 0 ? status[0]! >> 8 & 0xff : 128 + signal, stderr };
  }

  /** What it writes to its standard error until its end; children of its own may write on. */
  async #words(hasEnded: () => boolean): Promise<string> {
    const memory = new Memory(MOST_SAID);
    const wait = new ReadableWait([this.#stderr]);
    let text = "";
    for (;;) {
      const isOver = hasEnded();
      if (await wait.wait(isOver ? 0 : LISTEN_MS)) {
        const count = check(libc.read(this.#stderr, memory.address, memory.length));
        if (count <= 0) break;
        text += new TextDecoder().decode(memory.bytes.subarray(0, count));
        text = text.slice(0, MOST_SAID);
      } else if (isOver) break;
    }
    closeFile(this.#stderr);
    return text.trim();
  }
}

/**
 * Starts `program`, which is looked for on the PATH, with `descriptor` of ours as its descriptor 3.
 * Its standard input and output are /dev/null, its environment is `env` and the PATH.
 *
 * @returns the child, or -errno: -ENOENT where there is no such program
 */
export function startChild(
  program: string,
  args: readonly string[],
  options: { readonly descriptor?: number; readonly env?: Readonly<Record<string, string>> } = {},
): Child | number {
  const ends = new Int32Array(2);
  const piped = check(libc.pipe2(new Uint8Array(ends.buffer), CLOEXEC));
  if (piped < 0) return piped;
  const [readEnd, writeEnd] = [ends[0]!, ends[1]!];
  const env = { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", LC_ALL: "C", ...options.env };
  const argv = pointers([program, ...args]);
  const envp = pointers(Object.entries(env).map(([name, value]) => `${name}=${value}`));
  const actions = new Uint8Array(ACTIONS_SIZE);
  const pid = new Int32Array(1);
  mainLibc.posix_spawn_file_actions_init(actions);
  for (const fd of [0, 1]) {
    mainLibc.posix_spawn_file_actions_addopen(actions, fd, cString("/dev/null"), O_RDWR, 0);
  }
  // The pipe first: its end may be descriptor 3, where the other one goes.
  mainLibc.posix_spawn_file_actions_adddup2(actions, writeEnd, 2);
  if (options.descriptor !== undefined) {
    mainLibc.posix_spawn_file_actions_adddup2(actions, options.descriptor, 3);
  }
  const failure = mainLibc.posix_spawnp(
    new Uint8Array(pid.buffer),
    cString(program),
    actions,
    0,
    argv.memory.bytes,
    envp.memory.bytes,
  );
  mainLibc.posix_spawn_file_actions_destroy(actions);
  closeFile(writeEnd);
  if (failure === 0) return new Child(pid[0]!, readEnd);
  closeFile(readEnd);
  return -failure;
}
