/** An ext4 file system on a block device, mounted, for what has to see a disk that is in use. */
import assert from "node:assert/strict";

function run(command: string, args: readonly string[]): void {
  const { code, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  assert.equal(code, 0, `${command}: ${new TextDecoder().decode(stderr)}`);
}

export class MountedExt4 implements Disposable {
  /** Where it is mounted. */
  readonly dir: string;

  /** Makes a file system on a device and mounts it. */
  constructor(device: string) {
    run("mkfs.ext4", ["-q", "-F", device]);
    this.dir = Deno.makeTempDirSync({ prefix: "scst_ext4_" });
    run("mount", [device, this.dir]);
  }

  [Symbol.dispose](): void {
    run("umount", [this.dir]);
    Deno.removeSync(this.dir);
  }
}
