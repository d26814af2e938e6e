/**
 * Files whose storage is slow, or can be made to hang: qemu-storage-daemon shows them through FUSE, and
 * takes its time, or is stopped.
 */
import { runTool } from "./tools.ts";

const START_LIMIT_MS = 20_000;

/** Why there is no FUSE here; undefined if there is. */
export function missingFuse(): string | undefined {
  try {
    Deno.openSync("/dev/fuse", { read: true, write: true }).close();
    return undefined;
  } catch {
    return "no /dev/fuse for this user";
  }
}

export class SlowFiles implements AsyncDisposable {
  readonly paths: readonly string[];
  #dir: string;
  #daemon: Deno.ChildProcess;
  /** Whether the daemon need not keep anything, and would take long to end. */
  #isNull: boolean;
  #ended = false;

  private constructor(
    dir: string,
    paths: readonly string[],
    daemon: Deno.ChildProcess,
    isNull: boolean,
  ) {
    this.#dir = dir;
    this.paths = paths;
    this.#daemon = daemon;
    this.#isNull = isNull;
  }

  /**
   * So many sparse files of `size` bytes, with storage that answers at once. With `seconds` they are
   * all zeros, and every call takes that long.
   */
  static async create(count: number, size: number, seconds = 0): Promise<SlowFiles> {
    const dir = await Deno.makeTempDir({ prefix: "scst_slow_" });
    const args: string[] = [];
    const paths = Array.from({ length: count }, (_, index) => `${dir}/disk${index}`);
    for (const [index, path] of paths.entries()) {
      await Deno.writeFile(path, new Uint8Array());
      const node = `node${index}`;
      if (seconds > 0) {
        const latency = `read-zeroes=on,size=${size},latency-ns=${seconds * 1e9}`;
        args.push("--blockdev", `null-co,node-name=${node},${latency}`);
      } else {
        await Deno.writeFile(`${path}.backing`, new Uint8Array());
        await Deno.truncate(`${path}.backing`, size);
        args.push("--blockdev", `file,node-name=${node},filename=${path}.backing`);
      }
      args.push("--export", `fuse,id=${node},node-name=${node},mountpoint=${path},writable=on`);
    }
    const command = new Deno.Command("qemu-storage-daemon", { args, stdin: "null" });
    const files = new SlowFiles(dir, paths, command.spawn(), seconds > 0);
    const deadline = performance.now() + START_LIMIT_MS;
    for (const path of paths) {
      while ((await Deno.stat(path)).size !== size) {
        if (performance.now() > deadline) throw new Error("qemu-storage-daemon shows no files");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    return files;
  }

  /** From now on nothing that uses the storage ends. */
  hang(): void {
    this.#daemon.kill("SIGSTOP");
  }

  /** Everything goes on. */
  goOn(): void {
    this.#daemon.kill("SIGCONT");
  }

  /** Ends the storage: what still uses it fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.goOn();
    this.#daemon.kill(this.#isNull ? "SIGKILL" : "SIGTERM");
    await this.#daemon.status;
    // As a rule these are gone by now.
    for (const path of this.paths) await runTool("fusermount3", ["-u", "-z", path]);
    await Deno.remove(this.#dir, { recursive: true });
  }
}
