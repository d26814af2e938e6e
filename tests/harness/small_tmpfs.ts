/** A file system of a few pages, for what has to fail when there is no space left. */

function run(command: string, args: readonly string[]): string | undefined {
  const { code, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  return code === 0 ? undefined : new TextDecoder().decode(stderr).trim();
}

export class SmallTmpfs implements Disposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts one of `bytes` bytes; a sentence where that cannot be. A ramfs has no limit, and no O_DIRECT. */
  static mount(bytes: number, type: "tmpfs" | "ramfs" = "tmpfs"): SmallTmpfs | string {
    const path = Deno.makeTempDirSync({ prefix: "scst_tmpfs_" });
    try {
      const problem = run("mount", ["-t", type, "-o", `size=${bytes}`, type, path]);
      if (problem === undefined) return new SmallTmpfs(path);
      Deno.removeSync(path);
      return `no ${type} for this user: ${problem}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      Deno.removeSync(path);
      return "mount missing: apt-get install mount";
    }
  }

  [Symbol.dispose](): void {
    const problem = run("umount", [this.path]);
    if (problem !== undefined) throw new Error(problem);
    Deno.removeSync(this.path);
  }
}
