/** Who shares a discovery domain with the targets, as far as a server has said so. */
import { log } from "../log.ts";
import type { Channel } from "./channel.ts";
import { IsnsStatus, nameOfStatus } from "./function_id.ts";
import { INITIATOR_TYPES, initiatorsIn, inquireDomains, type StorageNode } from "./registration.ts";

/** Initiators that share a domain with one target; whoever comes beyond is not let in. */
export const INITIATORS_MOST = 4096;

/** Hears which initiators share a domain with a target, in lower case, when that has changed. */
export type OnDomain = (target: string, initiators: readonly string[]) => void;

export class Domains {
  readonly #name: string;
  readonly #onDomain: OnDomain;
  /** What was told, by target. */
  #told = new Map<string, ReadonlySet<string>>();
  /** The targets that were complained about. */
  #unheard = new Set<string>();

  /** `name` is that of the server for the log. */
  constructor(name: string, onDomain: OnDomain) {
    this.#name = name;
    this.#onDomain = onDomain;
  }

  /** Asks for the domains of all `nodes`; where there is no answer, the last one holds. */
  async ask(channel: Channel, nodes: readonly StorageNode[]): Promise<void> {
    const current = new Set(nodes.map(({ name }) => name));
    for (const name of this.#told.keys()) if (!current.has(name)) this.#told.delete(name);
    const changed: string[] = [];
    for (const { name } of nodes) {
      const found = await this.#initiatorsOf(channel, name);
      if (found === undefined || isSame(found, this.#told.get(name))) continue;
      this.#told.set(name, found);
      this.#onDomain(name, [...found]);
      const what = found.size === 1 ? "1 initiator shares" : `${found.size} initiators share`;
      changed.push(`${what} a discovery domain with target=${name}`);
    }
    const [first, ...more] = changed;
    if (first === undefined) return;
    const others = more.length === 0 ? "" : `, and the same has changed for ${more.length} more`;
    log("info", `${this.#name}: ${first}${others}`);
  }

  async #initiatorsOf(channel: Channel, target: string): Promise<Set<string> | undefined> {
    const found = new Set<string>();
    for (const type of INITIATOR_TYPES) {
      const { status, attributes } = await channel.request(inquireDomains(target, type));
      // Some servers have this for a query that nothing matches.
      if (status === IsnsStatus.NO_SUCH_ENTRY) continue;
      if (status !== IsnsStatus.SUCCESSFUL) return this.#complain(target, nameOfStatus(status!));
      for (const name of initiatorsIn(attributes)) found.add(name);
    }
    if (found.size <= INITIATORS_MOST) {
      this.#unheard.delete(target);
      return found;
    }
    this.#complain(target, `${found.size} initiators, of which ${INITIATORS_MOST} count`);
    return new Set([...found].slice(0, INITIATORS_MOST));
  }

  #complain(target: string, what: string): undefined {
    if (this.#unheard.has(target)) return;
    this.#unheard.add(target);
    log(
      "warning",
      `${this.#name} answers for the discovery domains with ${what}: target=${target}`,
    );
  }
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string> | undefined): boolean {
  return one.size === other?.size && [...one].every((name) => other.has(name));
}
