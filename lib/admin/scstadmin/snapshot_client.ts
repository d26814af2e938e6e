/**
 * The management tree as it was when somebody looked at it: one request tells all of it, where scstadmin
 * opens each file. What a write may have changed is asked for anew; who reads what another administrator
 * is changing meanwhile sees either, as with files.
 */
import { namesOf } from "../local_client.ts";
import { TreeError } from "../tree.ts";
import type { Subtree, SubtreeQuery, TreeClient, TreeEntry } from "../tree_client.ts";
import { entryOfTold } from "../tree_entries.ts";

/** A directory of the snapshot, by the names of its entries. */
type Level = ReadonlyMap<string, Subtree>;

/** The commands that only add an object to the directory of their `mgmt`: nothing else is gone then. */
const ADDING = ["add", "add_device", "add_target", "create"];

/** What shows in other places that a device was added. */
const DEVICE_PLACES = ["devices", "targets/copy_manager/copy_manager_tgt/luns"];

/** Directories that change by themselves, or by writes elsewhere. */
const RESTLESS = /(^|\/)(sessions|exported)(\/|$)/;

export class SnapshotClient implements TreeClient {
  readonly #client: TreeClient;
  #root: Level | undefined = undefined;
  /** Whether the next look takes a snapshot. */
  #isDue = true;
  /** Directories whose own entries may be otherwise by now; undefined as long as nothing was written. */
  #changed: Set<string> | undefined = undefined;
  readonly #levels = new WeakMap<readonly Subtree[], Level>();

  constructor(client: TreeClient) {
    this.#client = client;
  }

  async list(path: string): Promise<readonly TreeEntry[]> {
    const level = await this.#level(path);
    return level === undefined
      ? await this.#client.list(path)
      : Array.from(level.values(), entryOfTold);
  }

  async subtree(path: string, query: SubtreeQuery): Promise<readonly Subtree[]> {
    const isKnown = query.depth === 1 && query.contents;
    const level = isKnown ? await this.#level(path) : undefined;
    if (level === undefined) return await this.#client.subtree(path, query);
    return Array.from(level.values(), ({ entries: _, ...entry }) => entry);
  }

  async read(path: string): Promise<string> {
    const { directory, name } = split(path);
    // What a mgmt says is help, which does not change.
    const level = await this.#level(directory, name === "mgmt");
    return level?.get(name)?.content ?? await this.#client.read(path);
  }

  async write(path: string, text: string): Promise<void> {
    try {
      await this.#client.write(path, text);
    } finally {
      this.#note(path, text);
    }
  }

  refresh(): void {
    if (this.#changed === undefined) return;
    this.#root = undefined;
    this.#isDue = true;
    this.#changed = undefined;
  }

  /** Takes note of what a write may have changed. */
  #note(path: string, text: string): void {
    // The root tells the result of the last write.
    this.#changed ??= new Set([""]);
    const { directory, name } = split(path);
    const [command = ""] = text.trim().toLowerCase().split(/\s+/);
    if (name === "mgmt" && !ADDING.includes(command)) {
      this.#root = undefined;
      return;
    }
    this.#changed.add(directory);
    if (command === "add_device") { for (const place of DEVICE_PLACES) this.#changed.add(place); }
  }

  /** The entries of a directory; undefined where they have to be asked for. */
  async #level(path: string, isConstant = false): Promise<Level | undefined> {
    if (this.#isDue) await this.#take();
    const names = namesOf(path);
    const normal = names.join("/");
    if (this.#changed !== undefined && RESTLESS.test(normal)) return undefined;
    if (!isConstant && this.#changed?.has(normal)) return undefined;
    let level = this.#root;
    for (const name of names) {
      const { entries } = level?.get(name) ?? {};
      level = entries && this.#levelOf(entries);
    }
    return level;
  }

  async #take(): Promise<void> {
    this.#isDue = false;
    try {
      const entries = await this.#client.subtree("", { depth: "all", contents: true });
      this.#root = this.#levelOf(entries);
    } catch (error) {
      // There is too much for one answer: then each directory is asked for.
      if (!(error instanceof TreeError) || error.errno !== "E2BIG") throw error;
    }
  }

  #levelOf(entries: readonly Subtree[]): Level {
    let level = this.#levels.get(entries);
    if (level === undefined) {
      level = new Map(entries.map((entry) => [entry.name, entry]));
      this.#levels.set(entries, level);
    }
    return level;
  }
}

function split(path: string): { readonly directory: string; readonly name: string } {
  const names = namesOf(path);
  return { directory: names.slice(0, -1).join("/"), name: names.at(-1) ?? "" };
}
