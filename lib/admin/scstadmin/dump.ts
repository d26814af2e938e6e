/** `-dumpAttrs`: every file of the management tree with the first line of what it says. */
import type { TreeClient } from "../tree_client.ts";
import { readAttributes } from "./attributes.ts";
import { directories } from "./running.ts";

/** The lines, `PATH = VALUE`. Rejects with a TreeError. */
export async function* dumpedLines(client: TreeClient, path = ""): AsyncGenerator<string> {
  const prefix = path === "" ? "" : `${path}/`;
  for (const { instances } of (await readAttributes(client, path)).values()) {
    for (const { file, value } of instances) yield `${prefix}${file} = ${value}`;
  }
  for (const name of directories(await client.list(path))) {
    yield* dumpedLines(client, `${prefix}${name}`);
  }
}
