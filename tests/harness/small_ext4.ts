/** An ext4 file system of a few MiB on a loop device: a disk that can be full, or become read-only. */
import { LoopDevice, missingLoop } from "./loop_device.ts";

function run(command: string, args: readonly string[]): void {
  const { code, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  if (code === 0) return;
  throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Why there can be none here; undefined if there can. */
export function missingExt4(): string | undefined {
  const missing = missingLoop();
  if (missing !== undefined) return missing;
  try {
    new SmallExt4(4 * 2 ** 20)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? "mkfs.ext4 missing: apt-get install e2fsprogs"
      : "no ext4 for this user";
  }
}

export class SmallExt4 implements Disposable {
  readonly path: string;
  /** What it is on. */
  readonly device: LoopDevice;

  /** Makes and mounts one of `bytes` bytes, all of which anybody may use, on sectors of `sector` bytes. */
  constructor(bytes: number, sector = 512) {
    this.path = Deno.makeTempDirSync({ prefix: "scst_ext4_" });
    this.device = new LoopDevice(bytes, sector);
    try {
      run("mkfs.ext4", ["-q", "-m0", this.device.path]);
      run("mount", ["-t", "ext4", this.device.path, this.path]);
    } catch (error) {
      this.device[Symbol.dispose]();
      Deno.removeSync(this.path);
      throw error;
    }
  }

  /** As ext4 does after a fault of its own: what is open for writing cannot be written any more. */
  becomeReadOnly(): void {
    run("mount", ["-o", "remount,abort", this.path]);
  }

  [Symbol.dispose](): void {
    run("umount", [this.path]);
    this.device[Symbol.dispose]();
    Deno.removeSync(this.path);
  }
}
