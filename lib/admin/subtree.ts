/** A directory and what is below it, for clients that want much of the tree in one request. */
import { type TreeDirectory, TreeError, type TreeFile } from "./tree.ts";
import type { Subtree, SubtreeQuery } from "./tree_client.ts";
import { entriesOf, entryOf, readFile } from "./tree_entries.ts";

/** Entries, and bytes of what files say, of one answer at most. */
const MAX_ENTRIES = 200_000;
const MAX_CONTENT = 32 * 2 ** 20;
/** Levels of one answer at most; SCST's tree has ten. */
export const MAX_DEPTH = 32;

/** The entries of `directory`, links not followed. Rejects with a TreeError where they are too many. */
export async function subtreeOf(
  directory: TreeDirectory,
  { depth, contents }: SubtreeQuery,
): Promise<readonly Subtree[]> {
  const left = { entries: MAX_ENTRIES, content: MAX_CONTENT };
  const spend = (what: keyof typeof left, amount: number) => {
    left[what] -= amount;
    if (left[what] < 0) throw new TreeError("E2BIG", "That is too much at once: ask for a part");
  };
  const told = async (directory: TreeDirectory, depth: number): Promise<Subtree[]> => {
    const found: Subtree[] = [];
    for (const [name, node] of entriesOf(directory)) {
      spend("entries", 1);
      const { mode, ...entry } = entryOf(name, node);
      found.push({
        ...entry,
        ...(mode === undefined ? {} : { mode: formatMode(mode) }),
        ...(node.kind === "file" && contents ? await contentOf(node, name) : {}),
        ...(node.kind === "directory" && depth > 1 ? { entries: await told(node, depth - 1) } : {}),
      });
      spend("content", found.at(-1)?.content?.length ?? 0);
    }
    return found;
  };
  return await told(directory, depth === "all" ? MAX_DEPTH : depth);
}

/** `0644`. */
function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

async function contentOf(
  file: TreeFile,
  name: string,
): Promise<Pick<Subtree, "content" | "error">> {
  try {
    return { content: new TextDecoder().decode(await readFile(file, name)) };
  } catch (error) {
    if (!(error instanceof TreeError)) throw error;
    return { error: { errno: error.errno, message: error.message } };
  }
}
