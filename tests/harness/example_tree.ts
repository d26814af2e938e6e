/** A small management tree in memory, with what is odd in SCST's: secrets, links, what fails. */
import {
  type TreeDirectory,
  TreeError,
  type TreeFile,
  type TreeLink,
  type TreeNode,
} from "../../lib/admin/tree.ts";

/** The target of the tree; its name has colons, as names of targets do. */
export const EXAMPLE_TARGET = "iqn.2026-11.org.example:disk1";

/** A tree, and what was written to it: `PATH TEXT` of each store operation. */
export interface ExampleTree {
  readonly root: TreeDirectory;
  readonly written: readonly string[];
  /** Resolves when so many have written to `slow`; it is stored when `release` is called. */
  readonly slowBegan: (count: number) => Promise<void>;
  readonly release: () => void;
}

export function directory(entries: Readonly<Record<string, TreeNode>>): TreeDirectory {
  return {
    kind: "directory",
    names: () => Object.keys(entries),
    lookup: (name) => Object.hasOwn(entries, name) ? entries[name] : undefined,
  };
}

export function link(target: string): TreeLink {
  return { kind: "link", target };
}

function constant(text: string): TreeFile {
  return { kind: "file", mode: 0o444, read: () => text };
}

export function exampleTree(): ExampleTree {
  const written: string[] = [];
  let begun = 0;
  const watchers = new Set<() => void>();
  const slowBegan = (count: number) =>
    new Promise<void>((resolve) => {
      const watch = () => begun >= count && resolve();
      watchers.add(watch);
      watch();
    });
  const released = Promise.withResolvers<void>();
  const stored = (path: string, mode: number, first: string): TreeFile => {
    let value = first;
    return {
      kind: "file",
      mode,
      read: () => value,
      write: (text) => {
        written.push(`${path} ${text}`);
        value = text;
      },
    };
  };
  const mgmt: TreeFile = {
    kind: "file",
    mode: 0o644,
    read: () => "Usage: add NAME\n",
    write: (text) => {
      written.push(`mgmt ${text}`);
      if (text.startsWith("add disk1")) throw new TreeError("EEXIST", "There is a disk1 already");
      if (text.startsWith("del disk1")) throw new TreeError("EBUSY", "disk1 is in use");
      if (!text.startsWith("add ")) throw new TreeError("EINVAL", `Unknown command ${text.trim()}`);
    },
  };
  const slow: TreeFile = {
    kind: "file",
    mode: 0o200,
    write: async (text) => {
      begun++;
      for (const watch of watchers) watch();
      await released.promise;
      written.push(`slow ${text}`);
    },
  };
  const root = directory({
    version: constant("3.9.0\n"),
    suspend: stored("suspend", 0o644, "0\n"),
    last_sysfs_mgmt_res: {
      kind: "file",
      mode: 0o444,
      read: () => {
        throw new TreeError("EAGAIN", "A command is under way");
      },
    },
    slow,
    broken: {
      kind: "file",
      mode: 0o644,
      read: () => {
        throw new RangeError("example of a bug");
      },
    },
    long: constant("x".repeat(5000)),
    loop: link("loop"),
    outside: link("../../etc"),
    absolute: link("/etc"),
    dangling: link("devices/none"),
    handlers: directory({
      vdisk_fileio: directory({ mgmt, disk1: link("../../devices/disk1") }),
    }),
    devices: directory({
      disk1: directory({
        handler: link("../../handlers/vdisk_fileio"),
        size: constant("1048576\n[key]\n"),
        threads_num: stored("threads_num", 0o644, "8\n"),
        "odd name%": constant("odd\n"),
      }),
    }),
    targets: directory({
      iscsi: directory({
        [EXAMPLE_TARGET]: directory({
          IncomingUser: stored("IncomingUser", 0o600, "joe secret\n"),
          luns: directory({
            "0": directory({ device: link("../../../../../devices/disk1") }),
          }),
        }),
      }),
    }),
  });
  return { root, written, slowBegan, release: () => released.resolve() };
}
