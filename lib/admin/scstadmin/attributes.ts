/** The attributes of an object: the files of its directory, and what their modes and contents say. */
import type { Subtree, TreeClient } from "../tree_client.ts";
import { TreeError } from "../tree.ts";

/** One value of an attribute, and the file that it is in. */
export interface Instance {
  readonly file: string;
  readonly value: string;
}

export interface AttributeState {
  readonly name: string;
  /** One, or several of an attribute that is to be saved; none where it can only be written. */
  readonly instances: readonly Instance[];
  /** Whether it differs from its default, and is to be saved. */
  readonly isKey: boolean;
  readonly isStatic: boolean;
}

export type Attributes = ReadonlyMap<string, AttributeState>;

/** Attributes that scstadmin takes for changeable whatever their mode says. */
const NEVER_STATIC = ["cpu_mask", "enabled", "filename", "threads_num", "threads_pool_type"];

/** Files that are no attributes. */
const NO_ATTRIBUTES = ["mgmt", "module", "uevent"];

const OWNER_READ = 0o400;
const OWNER_WRITE = 0o200;

/** The attributes of the object whose directory is `path`, by name. Rejects with a TreeError. */
export async function readAttributes(client: TreeClient, path: string): Promise<Attributes> {
  const entries = await client.subtree(path, { depth: 1, contents: true });
  const found = new Map<string, AttributeState>();
  for (const entry of entries) {
    if (entry.kind !== "file" || NO_ATTRIBUTES.includes(entry.name)) continue;
    const state = stateOf(entry);
    if (state === undefined) continue;
    const before = found.get(state.name);
    const instances = [...before?.instances ?? [], ...state.instances];
    found.set(state.name, { ...state, instances });
  }
  return found;
}

/** undefined where the attribute is gone meanwhile. Throws a TreeError. */
function stateOf(
  { name: file, mode: octal = "", content, error }: Subtree,
): AttributeState | undefined {
  const mode = parseInt(octal, 8);
  const isStatic = (mode & OWNER_WRITE) === 0 && !NEVER_STATIC.includes(file);
  if ((mode & OWNER_READ) === 0) return { name: file, instances: [], isKey: false, isStatic };
  if (content === undefined) {
    if (error === undefined || error.errno === "ENOENT") return undefined;
    throw new TreeError(error.errno, error.message);
  }
  const [value = "", mark = ""] = content.split("\n");
  const isKey = mark.includes("[key]");
  // Several values are in files with numbers behind the name.
  const name = isKey ? file.replace(/^(\D+)\d+$/, "$1") : file;
  return { name, instances: [{ file, value }], isKey, isStatic };
}

/** The first value of an attribute; undefined where there is none to read. */
export function valueOf(attributes: Attributes, name: string): string | undefined {
  return attributes.get(name)?.instances[0]?.value;
}
