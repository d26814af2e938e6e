import assert from "node:assert/strict";
import { closeFile, openFile } from "../../ffi/file.ts";

/** A file that is open for reading and writing by its descriptor, and removed at the end. */
export class TestFile implements Disposable {
  readonly path: string;
  readonly fd: number;

  /** In `dir`, or where temporary files belong. */
  constructor(dir: string | undefined, content: Uint8Array) {
    this.path = Deno.makeTempFileSync({
      prefix: "scst_io_",
      ...(dir === undefined ? {} : { dir }),
    });
    Deno.writeFileSync(this.path, content);
    this.fd = openFile(this.path, true);
    assert(this.fd >= 0);
  }

  get content(): Uint8Array {
    return Deno.readFileSync(this.path);
  }

  [Symbol.dispose](): void {
    closeFile(this.fd);
    Deno.removeSync(this.path);
  }
}
