/**
 * Numbers that SCST gives its objects when they are made, counts up, and never gives again: they tell
 * objects apart as long as the server runs, and mean nothing after that.
 */
import type { GroupModel, LunModel, ServerModel, TargetModel } from "../scst/model.ts";
import { Instances } from "./instances.ts";

/** A LUN of a device, by the directory that it has in the tree. */
export interface Export {
  readonly number: number;
  /** From the root of the tree, as in `targets/iscsi/iqn.x/luns/0`. */
  readonly path: string;
}

/** The number of each thing that is there, by a text that names it. */
class Counter {
  #next: number;
  #numbers = new Map<string, number>();

  constructor(first: number) {
    this.#next = first;
  }

  /** Has exactly the things of these names have numbers; the new ones get the next. */
  follow(names: ReadonlySet<string>): void {
    for (const name of this.#numbers.keys()) if (!names.has(name)) this.#numbers.delete(name);
    for (const name of names) if (!this.#numbers.has(name)) this.#numbers.set(name, this.#next++);
  }

  get(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  get entries(): Iterable<[string, number]> {
    return this.#numbers;
  }
}

/** The LUNs of a target with their directories below `targets/iscsi`. */
function* lunPaths({ name, luns, groups }: TargetModel): Iterable<[LunModel, string]> {
  for (const entry of luns) yield [entry, `targets/iscsi/${name}/luns/${entry.lun}`];
  for (const group of groups) yield* groupPaths(name, group);
}

function* groupPaths(target: string, { name, luns }: GroupModel): Iterable<[LunModel, string]> {
  for (const entry of luns) {
    yield [entry, `targets/iscsi/${target}/ini_groups/${name}/luns/${entry.lun}`];
  }
}

export class Numbers {
  #instances = new Instances();
  #targets = new Counter(1);
  /** What the copy manager calls each device. */
  #copies = new Counter(0);
  /** The same by number, once somebody wants to know. */
  #copyLuns: ReadonlyMap<number, string> | undefined = undefined;
  /** By device; a device keeps its counter as long as it is there. */
  #exports = new Map<string, Counter>();
  #model: ServerModel | undefined = undefined;
  /** A model that was not gone through yet: nobody has asked for a number since. */
  #next: ServerModel | undefined = undefined;
  /** The paths of the LUNs of each device, once somebody wants to know. */
  #paths: ReadonlyMap<string, ReadonlySet<string>> | undefined = undefined;

  /**
   * Gives numbers to what is new in the model, and takes them from what is gone. As long as nothing goes
   * and nobody asks that can wait: thousands of targets come one by one.
   */
  follow(model: ServerModel): void {
    const last = this.#next ?? this.#model;
    const shrinks = last !== undefined &&
      (model.targets.length < last.targets.length || model.devices.length < last.devices.length);
    if (shrinks) this.#settle();
    this.#next = model;
    if (shrinks || this.#instances.isWishing) this.#settle();
  }

  /** What the values of attributes are called that have several. */
  get instances(): Instances {
    this.#settle();
    return this.#instances;
  }

  #settle(): void {
    const model = this.#next;
    if (model === undefined) return;
    this.#next = undefined;
    const { targets, devices } = model;
    const old = this.#model;
    if (old?.targets !== targets) this.#targets.follow(new Set(targets.map(({ name }) => name)));
    if (old?.devices !== devices) {
      const names = new Set(devices.map(({ name }) => name));
      this.#copies.follow(names);
      this.#copyLuns = undefined;
      for (const name of this.#exports.keys()) if (!names.has(name)) this.#exports.delete(name);
    }
    if (old?.targets !== targets || old?.devices !== devices) this.#paths = undefined;
    this.#instances.follow(model);
    this.#model = model;
  }

  /** `tid` of a target. */
  targetId(name: string): number {
    this.#settle();
    return this.#targets.get(name) ?? 0;
  }

  /** The devices that the copy manager has, by the LUNs that it has them under. */
  get copyLuns(): ReadonlyMap<number, string> {
    this.#settle();
    this.#copyLuns ??= new Map(
      Array.from(this.#copies.entries, ([name, number]) => [number, name]),
    );
    return this.#copyLuns;
  }

  /** The LUNs of a device. */
  exportsOf(device: string): Export[] {
    this.#settle();
    this.#paths ??= this.#allPaths();
    const counter = this.#exports.get(device) ?? new Counter(0);
    this.#exports.set(device, counter);
    counter.follow(this.#paths.get(device) ?? new Set());
    return Array.from(counter.entries, ([path, number]) => ({ number, path }));
  }

  #allPaths(): ReadonlyMap<string, ReadonlySet<string>> {
    const paths = new Map<string, Set<string>>();
    for (const [name, number] of this.#copies.entries) paths.set(name, new Set([copyPath(number)]));
    for (const target of this.#model?.targets ?? []) {
      for (const [{ device }, path] of lunPaths(target)) paths.get(device)?.add(path);
    }
    return paths;
  }
}

function copyPath(number: number): string {
  return `targets/copy_manager/copy_manager_tgt/luns/${number}`;
}
