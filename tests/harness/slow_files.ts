/** Files whose storage can be made to hang: qemu-storage-daemon shows them through FUSE, and is stopped. */
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

  private constructor(dir: string, paths: readonly string[], daemon: Deno.ChildProcess) {
    this.#dir = dir;
    this.paths = paths;
    this.#daemon = daemon;
  }

  /** So many sparse files of `size` bytes, with storage that answers at once. */
  static async create(count: number, size: number): Promise<SlowFiles> {
    const dir = await Deno.makeTempDir({ prefix: "scst_slow_" });
    const args: string[] = [];
    const paths = Array.from({ length: count }, (_, index) => `${dir}/disk${index}`);
    for (const [index, path] of paths.entries()) {
      await Deno.writeFile(path, new Uint8Array());
      await Deno.writeFile(`${path}.backing`, new Uint8Array());
      await Deno.truncate(`${path}.backing`, size);
      const node = `node${index}`;
      args.push("--blockdev", `file,node-name=${node},filename=${path}.backing`);
      args.push("--export", `fuse,id=${node},node-name=${node},mountpoint=${path},writable=on`);
    }
    const command = new Deno.Command("qemu-storage-daemon", { args, stdin: "null" });
    const files = new SlowFiles(dir, paths, command.spawn());
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.goOn();
    this.#daemon.kill("SIGTERM");
    await this.#daemon.status;
    // As a rule these are gone by now.
    for (const path of this.paths) await runTool("fusermount3", ["-u", "-z", path]);
    await Deno.remove(this.#dir, { recursive: true });
  }
}
