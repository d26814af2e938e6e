/**
 * Files whose storage can be made to hang, or fails: qemu-storage-daemon shows them through FUSE, and is
 * stopped, or answers with an error.
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

/** What fails: the transfers that touch a sector of 512 bytes, or the flushes, with an errno. */
export interface StorageFault {
  readonly of: "read" | "write" | "flush";
  readonly errno: number;
  readonly sector?: number;
}

export class SlowFiles implements AsyncDisposable {
  readonly paths: readonly string[];
  #dir: string;
  #daemon: Deno.ChildProcess;
  #ended = false;

  private constructor(dir: string, paths: readonly string[], daemon: Deno.ChildProcess) {
    this.#dir = dir;
    this.paths = paths;
    this.#daemon = daemon;
  }

  /** So many sparse files of `size` bytes, with storage that answers at once until it hangs. */
  static async create(count: number, size: number): Promise<SlowFiles> {
    const dir = await Deno.makeTempDir({ prefix: "scst_slow_" });
    const args: string[] = [];
    const paths = Array.from({ length: count }, (_, index) => `${dir}/disk${index}`);
    for (const [index, path] of paths.entries()) {
      await Deno.writeFile(path, new Uint8Array());
      const node = `node${index}`;
      const blockdev = `${await backing(path, size)},node-name=${node}`;
      args.push("--blockdev", blockdev, ...exported(node, path));
    }
    return await SlowFiles.#start(dir, paths, args, size);
  }

  /** A sparse file of `size` bytes whose storage fails in these cases, and is well in all others. */
  static async failing(size: number, faults: readonly StorageFault[]): Promise<SlowFiles> {
    const dir = await Deno.makeTempDir({ prefix: "scst_slow_" });
    const path = `${dir}/disk`;
    await Deno.writeFile(path, new Uint8Array());
    const rules = faults.flatMap(({ of, errno, sector }, index) =>
      [
        `event=none`,
        `iotype=${of}`,
        `errno=${errno}`,
        ...(sector === undefined ? [] : [`sector=${sector}`]),
      ].map((rule) => `,inject-error.${index}.${rule}`)
    );
    const well = `${await backing(path, size)},node-name=well`;
    const ill = `blkdebug,node-name=ill,image=well${rules.join("")}`;
    const args = ["--blockdev", well, "--blockdev", ill, ...exported("ill", path)];
    return await SlowFiles.#start(dir, [path], args, size);
  }

  static async #start(
    dir: string,
    paths: readonly string[],
    args: readonly string[],
    size: number,
  ): Promise<SlowFiles> {
    const command = new Deno.Command("qemu-storage-daemon", { args: [...args], stdin: "null" });
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

  /** Ends the storage: what still uses it fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.goOn();
    this.#daemon.kill("SIGTERM");
    await this.#daemon.status;
    // As a rule these are gone by now.
    for (const path of this.paths) await runTool("fusermount3", ["-u", "-z", path]);
    await Deno.remove(this.#dir, { recursive: true });
  }
}

/** Makes a sparse file to keep what is written to `path`, and says where it is in QEMU's words. */
async function backing(path: string, size: number): Promise<string> {
  await Deno.writeFile(`${path}.backing`, new Uint8Array());
  await Deno.truncate(`${path}.backing`, size);
  return `file,filename=${path}.backing`;
}

/** The arguments that show a node as the file `path`. */
function exported(node: string, path: string): string[] {
  return ["--export", `fuse,id=${node},node-name=${node},mountpoint=${path},writable=on`];
}
