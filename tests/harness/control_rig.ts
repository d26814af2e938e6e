/** A control socket over the example tree in a directory of its own, and clients for it. */
import { type ControlDoor, openControlDoor } from "../../lib/admin/control/door.ts";
import type { ControlLimits } from "../../lib/admin/control/connection.ts";
import { type ExampleTree, exampleTree } from "./example_tree.ts";

export interface ControlRig extends AsyncDisposable {
  readonly dir: string;
  readonly path: string;
  readonly tree: ExampleTree;
  readonly door: ControlDoor;
}

/** Opens the socket; closed and removed at disposal. */
export async function controlRig(limits?: ControlLimits): Promise<ControlRig> {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  const tree = exampleTree();
  const path = `${dir}/run/control`;
  const door = await openControlDoor(tree.root, { path, ...(limits ? { limits } : {}) });
  return {
    dir,
    path,
    tree,
    door,
    async [Symbol.asyncDispose]() {
      tree.release();
      await door.close();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** A connection that says what it wants to, HTTP or not. */
export class RawClient implements Disposable {
  readonly #conn: Deno.UnixConn;

  private constructor(conn: Deno.UnixConn) {
    this.#conn = conn;
  }

  static async connect(path: string): Promise<RawClient> {
    return new RawClient(await Deno.connect({ transport: "unix", path }));
  }

  async send(bytes: string | Uint8Array): Promise<void> {
    const all = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    for (let done = 0; done < all.length;) done += await this.#conn.write(all.subarray(done));
  }

  /** Everything until the server ends the connection, or until `pattern` has come. */
  async received(pattern?: RegExp): Promise<string> {
    const into = new Uint8Array(65536);
    let text = "";
    while (pattern === undefined || !pattern.test(text)) {
      const count = await this.#conn.read(into).catch(() => null);
      if (count === null) break;
      text += new TextDecoder().decode(into.subarray(0, count));
    }
    return text;
  }

  /** Sends `bytes`, and what comes until the end of the connection. */
  async exchange(bytes: string | Uint8Array): Promise<string> {
    await this.send(bytes);
    return await this.received();
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}
