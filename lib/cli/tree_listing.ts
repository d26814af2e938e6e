/** Directories of the management tree, as ls would show them. */
import type { Subtree } from "../admin/tree_client.ts";

const TYPES = { directory: "d", file: "-", link: "l" } as const;
/** The mode of what has none of its own in the tree. */
const MODES = { directory: 0o755, file: 0o444, link: 0o777 } as const;

/** One line for each entry; `isLong` shows type, permissions and the texts of links too. */
export function listingText(entries: readonly Subtree[], isLong: boolean): string {
  return entries.map((entry) => isLong ? longLine(entry) : entry.name).join("\n");
}

/** All levels, each directory under its path, as `ls -R` has them. */
export function recursiveText(path: string, entries: readonly Subtree[], isLong: boolean): string {
  const blocks = [[`${path === "" ? "/" : path}:`, listingText(entries, isLong)]];
  const rest = entries.flatMap((entry) => {
    if (entry.entries === undefined) return [];
    const below = path === "" ? entry.name : `${path}/${entry.name}`;
    return [recursiveText(below, entry.entries, isLong)];
  });
  const first = blocks.map((lines) => lines.filter((line) => line !== "").join("\n"));
  return [...first, ...rest].join("\n\n");
}

/** `-rw-r--r-- NAME`, or `lrwxrwxrwx NAME -> TEXT`. */
function longLine({ kind, mode, name, target }: Subtree): string {
  const bits = mode === undefined ? MODES[kind] : parseInt(mode, 8);
  const letters = [..."rwxrwxrwx"].map((letter, at) => bits & 0o400 >> at ? letter : "-");
  return `${TYPES[kind]}${letters.join("")} ${name}${target === undefined ? "" : ` -> ${target}`}`;
}
