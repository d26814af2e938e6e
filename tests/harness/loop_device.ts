/** A loop device over a sparse file, for what needs a block device. */

function losetup(args: readonly string[]): string {
  const { code, stdout, stderr } = new Deno.Command("losetup", { args: [...args] }).outputSync();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`losetup ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).trim();
}

/** Why there is no loop device here; undefined if there is one. A container may have none. */
export function missingLoop(): string | undefined {
  try {
    losetup(["-f"]);
    return undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? "losetup missing: apt-get install mount"
      : "no loop device for this user";
  }
}

export class LoopDevice implements Disposable {
  /** `/dev/loop0` */
  readonly path: string;
  #backing: string;
  #isOwn: boolean;

  /**
   * A device of `size` bytes with sectors of `sector` bytes. Its blocks are in a file of its own, in `dir` if
   * that is said, or in the file `backing`.
   */
  constructor(size: number, sector = 512, dir?: string, backing?: string) {
    const place = dir === undefined ? {} : { dir };
    this.#isOwn = backing === undefined;
    this.#backing = backing ?? Deno.makeTempFileSync({ prefix: "scst_loop_", ...place });
    if (this.#isOwn) Deno.truncateSync(this.#backing, size);
    this.path = losetup(["-f", "--show", "-b", String(sector), this.#backing]);
  }

  /** Bytes that its blocks take. */
  get bytesTaken(): number {
    return Deno.statSync(this.#backing).blocks! * 512;
  }

  /** Makes it as long as so many bytes, as an administrator does with a volume. */
  resize(size: number): void {
    Deno.truncateSync(this.#backing, size);
    losetup(["-c", this.path]);
  }

  [Symbol.dispose](): void {
    losetup(["-d", this.path]);
    if (this.#isOwn) Deno.removeSync(this.#backing);
  }
}
