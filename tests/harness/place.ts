import assert from "node:assert/strict";
import { createWake, Wake } from "../../ffi/wake.ts";
import { type FileOptions, openFileStore } from "../../lib/store/file.ts";
import { createRingMemory } from "../../lib/store/io_ring.ts";
import { StoreError } from "../../lib/store/store.ts";
import { InlinePool } from "./inline_pool.ts";

/** A directory, and a pool for the stores that are opened in it. */
export class Place implements Disposable {
  readonly dir: string;
  readonly pool: InlinePool;
  #wake = createWake();

  constructor(dir?: string) {
    this.dir = Deno.makeTempDirSync({
      prefix: "scst_store_",
      ...(dir === undefined ? {} : { dir }),
    });
    this.pool = new InlinePool({ ring: createRingMemory(), wake: this.#wake });
  }

  file(name: string, content: Uint8Array): string {
    Deno.writeFileSync(`${this.dir}/${name}`, content);
    return `${this.dir}/${name}`;
  }

  /** The sentence with which `open` refuses; no descriptor stays behind. */
  sentence(options: Partial<FileOptions> & { filename: string }, open = openFileStore): string {
    let text = "it was opened";
    try {
      open({ blocksize: 512, size: undefined, readOnly: false, ...options }, this.pool).close();
    } catch (error) {
      assert(error instanceof StoreError, String(error));
      text = error.message.replaceAll(this.dir, "DIR");
    }
    assert.deepEqual(this.#descriptors(), []);
    return text;
  }

  /** What is open in the directory. */
  #descriptors(): string[] {
    return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
      try {
        const target = Deno.readLinkSync(`/proc/self/fd/${name}`);
        return target.startsWith(this.dir) ? [target] : [];
      } catch {
        return []; // it was closed meanwhile
      }
    });
  }

  [Symbol.dispose](): void {
    new Wake(this.#wake).close();
    Deno.removeSync(this.dir, { recursive: true });
  }
}
