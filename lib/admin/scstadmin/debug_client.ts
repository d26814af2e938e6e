/** A management tree that can only be looked at, and that shows what would be written to it. */
import type { TreeClient } from "../tree_client.ts";

/** `client`, but that writes are given to `show`, one line each, and go nowhere. */
export function debugClient(client: TreeClient, show: (line: string) => void): TreeClient {
  return {
    list: (path) => client.list(path),
    read: (path) => client.read(path),
    subtree: (path, query) => client.subtree(path, query),
    write: (path, text) => {
      show(`DEBUG: '${text.replaceAll("\n", "\\n")}' -> ${path}`);
      return Promise.resolve();
    },
    refresh: () => client.refresh?.(),
  };
}
