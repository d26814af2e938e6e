/**
 * `Name`, `Name1`, `Name2`: how the values of an attribute are called that has several. A value keeps what
 * it is called as long as it is there, and a new one gets the first name that is free.
 */
import type { ServerModel, TargetModel, UsersModel } from "../scst/model.ts";

export const INCOMING = "IncomingUser";
export const ALLOWED_PORTAL = "allowed_portal";

/** The values of one attribute of one object, with the digits behind its name for each. */
type Suffixes = ReadonlyMap<string, string>;

const NONE: Suffixes = new Map();

/** The object of the driver's own attributes; a target is called by its name. */
export const DRIVER = "";

/** What the next new value of an attribute would like to be called. */
interface Wish {
  readonly owner: string;
  readonly value: string;
  readonly suffix: string;
}

export class Instances {
  /** By the attribute and the name of the object. */
  #suffixes = new Map<string, Suffixes>();
  #wish: Wish | undefined = undefined;
  #model: ServerModel | undefined = undefined;

  /** Gives names to what is new in the model, and takes them from what is gone. */
  follow(model: ServerModel): void {
    const old = this.#model;
    this.#model = model;
    if (old?.driver !== model.driver) this.#followUsers(DRIVER, model.driver);
    if (old?.targets !== model.targets) {
      const before = new Set(old?.targets);
      for (const target of model.targets) if (!before.delete(target)) this.#followTarget(target);
      const names = new Set(model.targets.map(({ name }) => name));
      for (const { name } of before) if (!names.has(name)) this.#forget(name);
    }
    this.#wish = undefined;
  }

  /** Has a value that is about to be added to an object's attribute be called so, if that is free. */
  wish(wish: Wish): void {
    this.#wish = wish;
  }

  /** Whether the next model is to be gone through with a wish. */
  get isWishing(): boolean {
    return this.#wish !== undefined;
  }

  /** What a value is called. */
  nameOf(owner: string, attribute: string, value: string): string {
    return attribute + (this.#suffixes.get(keyOf(owner, attribute))?.get(value) ?? "");
  }

  #followTarget(target: TargetModel): void {
    this.#followUsers(target.name, target);
    this.#follow(target.name, ALLOWED_PORTAL, target.attributes.allowedPortals);
  }

  #followUsers(owner: string, { incomingUsers }: UsersModel): void {
    this.#follow(owner, INCOMING, incomingUsers.map(({ name }) => name));
  }

  #forget(owner: string): void {
    for (const attribute of [INCOMING, ALLOWED_PORTAL]) {
      this.#suffixes.delete(keyOf(owner, attribute));
    }
  }

  #follow(owner: string, attribute: string, values: readonly string[]): void {
    const key = keyOf(owner, attribute);
    if (values.length === 0) {
      this.#suffixes.delete(key);
      return;
    }
    const wish = this.#wish?.owner === owner ? this.#wish : undefined;
    this.#suffixes.set(key, follow(this.#suffixes.get(key) ?? NONE, values, wish));
  }
}

function keyOf(owner: string, attribute: string): string {
  return `${attribute} ${owner}`;
}

function follow(before: Suffixes, values: readonly string[], wish: Wish | undefined): Suffixes {
  const kept = new Map(values.map((value) => [value, before.get(value)]));
  const taken = new Set([...kept.values()].filter((suffix) => suffix !== undefined));
  // One that was written over another has its place, and is called as that was.
  const places = before.size === values.length ? [...before] : [];
  return new Map(values.map((value, index) => {
    const [former, own] = places[index] ?? [];
    const heir = former !== undefined && !kept.has(former) ? own : undefined;
    const suffix = kept.get(value) ?? heir ??
      firstFree(taken, wish?.value === value ? wish.suffix : "");
    taken.add(suffix);
    return [value, suffix];
  }));
}

/** `wanted`, or that with the lowest number behind it that is free. */
function firstFree(taken: ReadonlySet<string>, wanted: string): string {
  for (let number = 0;; number++) {
    const suffix = number === 0 ? wanted : `${wanted}${number}`;
    if (!taken.has(suffix)) return suffix;
  }
}
