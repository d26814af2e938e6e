/**
 * The test tree, mounted, and programs that use it. Whoever serves a mount must not touch it himself:
 * everything goes through child processes with a time limit, and no mount is left behind.
 */
import { type FuseDoor, openFuseDoor } from "../../lib/admin/fuse/door.ts";
import { TestTree } from "./fuse_tree.ts";
import { type RunningProgram, spawnProgram } from "./program.ts";
import { runTool, type ToolResult } from "./tools.ts";

const SERVER = new URL("fuse_server.ts", import.meta.url).pathname;
const PERMISSIONS = ["ffi", "net", "read", "write", "env", "sys"].map((name) => `--allow-${name}`);
const CLIENT_LIMIT_MS = 20_000;

/** The user that ordinary users are played by. */
export const NOBODY = 65534;

/** Arguments of setpriv(1). */
function asUser(id: number): string[] {
  return [`--reuid=${id}`, `--regid=${id}`, "--clear-groups"];
}

/** Lets a server of nobody's read the sources and Deno, wherever they are. */
const MAY_READ = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];

/** Why nothing can be mounted here; undefined where it can. */
export function missingFuse(): string | undefined {
  try {
    Deno.statSync("/dev/fuse");
    return undefined;
  } catch {
    return "no /dev/fuse here";
  }
}

/** Why a test cannot play several users here. */
export function missingUsers(): string | undefined {
  return missingFuse() ?? (Deno.uid() === 0 ? undefined : "not root");
}

/** A directory of a test with a mount point in it. */
export class FusePlace implements AsyncDisposable {
  readonly dir: string;
  readonly point: string;
  #deviceMode: number | undefined;

  /** `isNobodys`: for servers of nobody's; /dev/fuse is for everybody meanwhile, as udev makes it. */
  constructor(isNobodys = false) {
    this.dir = Deno.makeTempDirSync({ prefix: "scst_fuse_" });
    this.point = `${this.dir}/tree`;
    Deno.chmodSync(this.dir, 0o755);
    Deno.mkdirSync(this.point);
    if (!isNobodys) return;
    Deno.chownSync(this.point, NOBODY, NOBODY);
    Deno.chownSync(this.dir, NOBODY, NOBODY);
    this.#deviceMode = Deno.statSync("/dev/fuse").mode! & 0o777;
    Deno.chmodSync("/dev/fuse", 0o666);
  }

  /** Runs a script of bash's; `$M` is the mount point. */
  sh(script: string, options: { user?: number; limitMs?: number } = {}): Promise<ToolResult> {
    const bash = ["bash", "-c", `M=${this.point}; export LC_ALL=C; ${script}`];
    const command = options.user === undefined
      ? bash
      : ["setpriv", ...asUser(options.user), ...bash];
    return runTool(command[0]!, command.slice(1), options.limitMs ?? CLIENT_LIMIT_MS);
  }

  /** Starts a server of its own process; `prefix` runs it. */
  serve(
    args: readonly string[] = [],
    prefix: readonly string[] = [],
    point = this.point,
  ): RunningProgram {
    const deno = [Deno.execPath(), "run", "--quiet", "--no-prompt", "--no-check"];
    const [file = "", ...rest] = [...prefix, ...deno, ...PERMISSIONS, SERVER, point, ...args];
    return spawnProgram([], { env: { LC_ALL: "C" } }, [file, rest]);
  }

  /** The same as nobody. */
  serveAsNobody(args: readonly string[] = [], env: readonly string[] = []): RunningProgram {
    const home = [`HOME=${this.dir}`, `DENO_DIR=${this.dir}/deno`];
    return this.serve(args, ["setpriv", ...asUser(NOBODY), ...MAY_READ, "env", ...home, ...env]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#deviceMode !== undefined) Deno.chmodSync("/dev/fuse", this.#deviceMode);
    const { stdout } = await runTool("cat", ["/proc/self/mounts"]);
    const left = stdout.split("\n").filter((line) => line.includes(` ${this.dir}/`)).length;
    const unmount = Deno.uid() === 0 ? ["umount", "-l"] : ["fusermount3", "-u", "-z"];
    for (let count = 0; count < left; count++) {
      await runTool(unmount[0]!, [...unmount.slice(1), this.point]);
    }
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** The test tree, served by this process. */
export class FuseMount extends FusePlace {
  readonly test = new TestTree();
  readonly lines: string[] = [];
  door!: FuseDoor;

  static async open(): Promise<FuseMount> {
    const mount = new FuseMount();
    try {
      mount.door = await openFuseDoor(mount.test.root, {
        mountPoint: mount.point,
        allowOther: false,
        report: (level, line) => void mount.lines.push(`${level} ${line}`),
      });
      return mount;
    } catch (error) {
      await mount[Symbol.asyncDispose]();
      throw error;
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.test.letGo();
    await this.door?.close();
    await super[Symbol.asyncDispose]();
  }
}
