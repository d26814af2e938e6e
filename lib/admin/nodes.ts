/** What nodes of the tree are made of: directories of known and of found entries, and the text of attributes. */
import type { TreeDirectory, TreeFile, TreeLink, TreeNode } from "./tree.ts";

/** Entries whose names are known; each is made when it is looked up, or not if it is not there now. */
export type Entries = Readonly<Record<string, () => TreeNode | undefined>>;

/** Entries that come and go. */
export interface FoundEntries {
  names(): Iterable<string>;
  lookup(name: string): TreeNode | undefined;
}

/** A directory of entries that are known, and behind them of those that are found. */
export function directory(known: Entries, found?: FoundEntries): TreeDirectory {
  const lookup = (name: string) =>
    Object.hasOwn(known, name) ? known[name]!() : found?.lookup(name);
  return {
    kind: "directory",
    *names() {
      for (const name of Object.keys(known)) if (known[name]!() !== undefined) yield name;
      if (found !== undefined) yield* found.names();
    },
    lookup,
  };
}

/** Several kinds of found entries, one behind the other. */
export function together(...parts: readonly FoundEntries[]): FoundEntries {
  return {
    *names() {
      for (const part of parts) yield* part.names();
    },
    lookup(name) {
      for (const part of parts) {
        const node = part.lookup(name);
        if (node !== undefined) return node;
      }
      return undefined;
    },
  };
}

/** A directory that is made once, when it is looked up first. */
export function once(make: () => TreeDirectory): () => TreeDirectory {
  let made: TreeDirectory | undefined;
  return () => made ??= make();
}

/**
 * The directory of an item of the model, made when somebody looks into it. That of the last item is kept
 * for the next look-up: each step of a path is one, and who walks through a tree makes many in the same
 * directory. An item of the model never changes: there is another one in its place.
 */
export function directoryOf<T extends object>(
  make: (item: T) => TreeDirectory,
): (item: T) => TreeDirectory {
  let last: { readonly item: T; readonly made: TreeDirectory } | undefined;
  const lazy = (item: T): TreeDirectory => {
    const inner = once(() => make(item));
    return {
      kind: "directory",
      names: () => inner().names(),
      lookup: (name) => inner().lookup(name),
    };
  };
  return (item) => {
    if (last?.item !== item) last = { item, made: lazy(item) };
    return last.made;
  };
}

export function link(target: string): TreeLink {
  return { kind: "link", target };
}

type Read = NonNullable<TreeFile["read"]>;
type Write = NonNullable<TreeFile["write"]>;

/** A file that can only be read. */
export function readable(read: Read): TreeFile {
  return { kind: "file", mode: 0o444, read };
}

/** A file that can be read and written. */
export function changeable(read: Read, write: Write, mode = 0o644): TreeFile {
  return { kind: "file", mode, read, write };
}

/** A file that can only be written. */
export function writable(write: Write): TreeFile {
  return { kind: "file", mode: 0o200, write };
}

/** A value that differs from its default has a second line that says so: it is to be saved. */
const KEY = "[key]";

/** The text of an attribute: its value, and the mark where it is to be saved. */
export function valueText(value: string | number, isKey: boolean): string {
  return isKey ? `${value}\n${KEY}\n` : `${value}\n`;
}

/** The text of an attribute that SCST's daemon keeps: the mark is followed by an empty line. */
export function daemonText(value: string | number, isKey: boolean): string {
  return isKey ? `${valueText(value, true)}\n` : `${value}\n`;
}

/** A switch as the tree writes it. */
export function digit(value: boolean): string {
  return value ? "1" : "0";
}
