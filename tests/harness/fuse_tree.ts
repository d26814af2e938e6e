/** A small management tree in memory, with what a file system test wants to meet. */
import {
  type TreeDirectory,
  type TreeErrno,
  TreeError,
  type TreeFile,
  type TreeLink,
  type TreeNode,
} from "../../lib/admin/tree.ts";

export class MemoryDirectory implements TreeDirectory {
  readonly kind = "directory";
  readonly entries = new Map<string, TreeNode>();

  constructor(entries: Readonly<Record<string, TreeNode>> = {}) {
    for (const [name, node] of Object.entries(entries)) this.entries.set(name, node);
  }

  names(): Iterable<string> {
    return this.entries.keys();
  }

  lookup(name: string): TreeNode | undefined {
    return this.entries.get(name);
  }
}

export function constant(text: string, mode = 0o444): TreeFile {
  return { kind: "file", mode, read: () => text };
}

export function link(target: string): TreeLink {
  return { kind: "link", target };
}

/**
 * The tree of the tests:
 *
 *     version value secret write_only long empty text late counter last fail hold go
 *     devices/{mgmt, disk1/{type, handler -> ../../handlers/vdisk}}
 *     handlers/vdisk/{type, disk1 -> ../../devices/disk1}
 *
 * `devices/mgmt` takes `add NAME` and `del NAME`; a write of an errno's name to `fail` fails with it;
 * a write to `hold` waits until something is written to `go`.
 */
export class TestTree {
  readonly root: MemoryDirectory;
  readonly devices = new MemoryDirectory();
  /** Every text that was stored, in order, with the name of its file. */
  readonly stored: [name: string, text: string][] = [];
  #held: (() => void)[] = [];
  #reads = 0;
  #value = "default\n";

  constructor() {
    const store = (name: string) => (text: string) => void this.stored.push([name, text]);
    const value: TreeFile = {
      kind: "file",
      mode: 0o644,
      read: () => this.#value,
      write: (text) => {
        store("value")(text);
        this.#value = text;
      },
    };
    const mgmt: TreeFile = {
      kind: "file",
      mode: 0o644,
      read: () => 'Usage: echo "add|del NAME" >mgmt\n',
      write: (text) => this.#manage(text),
    };
    this.devices.entries.set("mgmt", mgmt);
    this.#manage("add disk1");
    this.root = new MemoryDirectory({
      version: constant("3.11.0\n"),
      value,
      secret: { ...value, mode: 0o600 },
      write_only: { kind: "file", mode: 0o200, write: store("write_only") },
      long: constant("0123456789".repeat(500)),
      empty: constant(""),
      text: constant("Z\u00fcrich \u2713\n"),
      late: { kind: "file", mode: 0o444, read: () => later("late\n", 300) },
      counter: { kind: "file", mode: 0o444, read: () => `read ${++this.#reads}\n` },
      last: { kind: "file", mode: 0o444, read: () => Promise.reject(refusal("EAGAIN")) },
      fail: {
        kind: "file",
        mode: 0o200,
        write: (text) => Promise.reject(refusal(text.trim() as TreeErrno)),
      },
      hold: {
        kind: "file",
        mode: 0o200,
        write: async (text) => {
          await new Promise<void>((resolve) => this.#held.push(resolve));
          store("hold")(text);
        },
      },
      go: { kind: "file", mode: 0o200, write: () => this.letGo() },
      devices: this.devices,
      handlers: new MemoryDirectory({
        vdisk: new MemoryDirectory({
          type: constant("0 - Direct-access device\n"),
          disk1: link("../../devices/disk1"),
        }),
      }),
    });
  }

  /** How many writes to `hold` are waiting. */
  get held(): number {
    return this.#held.length;
  }

  /** Lets the writes to `hold` end. */
  letGo(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }

  #manage(text: string): void {
    const [verb, name = ""] = text.trim().split(" ");
    if (verb === "add" && !this.devices.entries.has(name)) {
      const device = new MemoryDirectory({
        type: constant("0 - Direct-access device\n"),
        handler: link("../../handlers/vdisk"),
      });
      this.devices.entries.set(name, device);
    } else if (verb === "del" && name !== "mgmt" && this.devices.entries.delete(name)) {
      return;
    } else throw refusal(verb === "add" ? "EEXIST" : "EINVAL");
  }
}

function refusal(errno: TreeErrno): TreeError {
  return new TreeError(errno, `the test wants ${errno}`);
}

async function later(text: string, ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return text;
}
