/**
 * Reservations as SPC-4 5.12 and SPC-2 5.5 tell them, written down without regard to the program:
 * every nexus is a string, and what a command comes to is a word.
 */

export interface ModelNexus {
  /** Name of the initiator port. */
  readonly initiator: string;
  /** RELATIVE TARGET PORT IDENTIFIER, 1 or 2. */
  readonly port: number;
}

export interface ModelList {
  readonly key: bigint;
  readonly actionKey: bigint;
  readonly allTgPt: boolean;
  /** Initiator ports of SPEC_I_PT. */
  readonly named: readonly string[] | undefined;
}

const PORTS = [1, 2];
const PREEMPTED = "06/2A/03";
const RELEASED = "06/2A/04";
const REGISTRATION_PREEMPTED = "06/2A/05";

const idOf = ({ initiator, port }: ModelNexus) => `${initiator} ${port}`;
const holdByAll = (type: number) => type === 7 || type === 8;
const forRegistrants = (type: number) => type >= 5;
const forWriting = (type: number) => [1, 5, 7].includes(type);

export class PrModel {
  keys = new Map<string, bigint>();
  type: number | undefined = undefined;
  /** The holder, where not all hold the reservation. */
  holder: string | undefined = undefined;
  generation = 0;
  /** Who has the unit by RESERVE. */
  reservedBy: string | undefined = undefined;
  /** Unit attentions that wait, of everybody who was ever told. */
  told = new Map<string, string[]>();

  register(nexus: ModelNexus, list: ModelList, ignore: boolean): string {
    if (this.reservedBy !== undefined) return "CONFLICT";
    const me = idOf(nexus);
    if (list.named !== undefined && ignore) return "05/26/00";
    const fits = (id: string) => ignore || (this.keys.get(id) ?? 0n) === list.key;
    if (!fits(me)) return "CONFLICT";
    if (list.named !== undefined && this.keys.has(me)) return "05/26/00";
    const ports = list.allTgPt ? PORTS : [nexus.port];
    const mine = ports.map((port) => idOf({ ...nexus, port })).filter(fits);
    if (list.actionKey === 0n) {
      const gone = mine.filter((id) => this.keys.has(id));
      if (gone.length === 0) return "GOOD";
      const { type } = this;
      for (const id of gone) this.keys.delete(id);
      if (this.#isUnheld()) {
        if (type === 5 || type === 6) this.#tell(this.keys.keys(), RELEASED, me);
        this.#free();
      }
    } else {
      for (const id of mine) this.keys.set(id, list.actionKey);
      for (const initiator of list.named ?? []) {
        for (const port of ports) {
          const id = idOf({ initiator, port });
          if (!this.keys.has(id)) this.keys.set(id, list.actionKey);
        }
      }
    }
    this.generation++;
    return "GOOD";
  }

  reserve(nexus: ModelNexus, key: bigint, type: number): string {
    const me = idOf(nexus);
    if (this.#isStranger(me, key)) return "CONFLICT";
    if (this.type === undefined) {
      this.type = type;
      this.holder = holdByAll(type) ? undefined : me;
      return "GOOD";
    }
    return this.#holds(me) && this.type === type ? "GOOD" : "CONFLICT";
  }

  release(nexus: ModelNexus, key: bigint, type: number): string {
    const me = idOf(nexus);
    if (this.#isStranger(me, key)) return "CONFLICT";
    if (this.type === undefined || !this.#holds(me)) return "GOOD";
    if (this.type !== type) return "05/26/04";
    this.#free();
    if (forRegistrants(type)) this.#tell(this.keys.keys(), RELEASED, me);
    return "GOOD";
  }

  clear(nexus: ModelNexus, key: bigint): string {
    const me = idOf(nexus);
    if (this.#isStranger(me, key)) return "CONFLICT";
    this.#tell(this.keys.keys(), PREEMPTED, me);
    this.keys.clear();
    this.#free();
    this.generation++;
    return "GOOD";
  }

  preempt(nexus: ModelNexus, key: bigint, actionKey: bigint, type: number): string {
    const me = idOf(nexus);
    if (this.#isStranger(me, key)) return "CONFLICT";
    const all = this.type !== undefined && holdByAll(this.type);
    if (actionKey === 0n && !all) return "05/26/00";
    const withKey = [...this.keys].filter(([, one]) => one === actionKey).map(([id]) => id);
    if (actionKey !== 0n && withKey.length === 0) return "CONFLICT";
    const takesOver = actionKey === 0n || !all && this.type !== undefined &&
        this.keys.get(this.holder!) === actionKey;
    const victims = actionKey === 0n ? [...this.keys.keys()] : withKey;
    if (takesOver) {
      for (const id of victims) if (id !== me) this.keys.delete(id);
      this.#tell(victims, REGISTRATION_PREEMPTED, me);
      if (this.type !== type) this.#tell(this.keys.keys(), RELEASED, me);
      this.type = type;
      this.holder = holdByAll(type) ? undefined : me;
    } else {
      for (const id of victims) this.keys.delete(id);
      this.#tell(victims, REGISTRATION_PREEMPTED, me);
      if (this.#isUnheld()) this.#free();
    }
    this.generation++;
    return "GOOD";
  }

  move(
    nexus: ModelNexus,
    key: bigint,
    actionKey: bigint,
    to: ModelNexus,
    unreg: boolean,
  ): string {
    const me = idOf(nexus);
    if (this.#isStranger(me, key)) return "CONFLICT";
    if (this.type === undefined) return "05/24/00";
    if (holdByAll(this.type) || this.holder !== me) return "CONFLICT";
    if (actionKey === 0n || idOf(to) === me) return "05/26/00";
    this.keys.set(idOf(to), actionKey);
    if (unreg) this.keys.delete(me);
    this.holder = idOf(to);
    this.generation++;
    return "GOOD";
  }

  /** RESERVE or RELEASE of SPC-2. */
  reserveUnit(nexus: ModelNexus, release: boolean): string {
    const me = idOf(nexus);
    if (this.reservedBy !== undefined && this.reservedBy !== me) {
      return release ? "GOOD" : "CONFLICT";
    }
    if (this.keys.size > 0) {
      const entitled = this.type !== undefined &&
        (this.#holds(me) || forRegistrants(this.type) && this.keys.has(me));
      return entitled ? "GOOD" : "CONFLICT";
    }
    this.reservedBy = release ? undefined : me;
    return "GOOD";
  }

  /** The nexus is lost, or the unit reset: whose RESERVE ends is `nexus`, or whoever has it. */
  loseReserve(nexus?: ModelNexus): void {
    if (nexus === undefined || this.reservedBy === idOf(nexus)) this.reservedBy = undefined;
  }

  access(nexus: ModelNexus, writes: boolean): string {
    const me = idOf(nexus);
    if (this.reservedBy !== undefined) return this.reservedBy === me ? "GOOD" : "CONFLICT";
    if (this.type === undefined || this.#holds(me)) return "GOOD";
    if (forRegistrants(this.type) && this.keys.has(me)) return "GOOD";
    return !writes && forWriting(this.type) ? "GOOD" : "CONFLICT";
  }

  /** What READ FULL STATUS says, as a line for each registration. */
  get status(): string[] {
    return [...this.keys].map(([id, key]) => `${id} ${key} ${this.#holds(id) ? this.type : "-"}`);
  }

  #isStranger(me: string, key: bigint): boolean {
    return this.reservedBy !== undefined || this.keys.get(me) !== key;
  }

  #holds(id: string): boolean {
    if (this.type === undefined) return false;
    return holdByAll(this.type) ? this.keys.has(id) : this.holder === id;
  }

  #isUnheld(): boolean {
    return ![...this.keys.keys()].some((id) => this.#holds(id));
  }

  #free(): void {
    this.type = undefined;
    this.holder = undefined;
  }

  #tell(ids: Iterable<string>, what: string, cause: string): void {
    for (const id of ids) {
      if (id === cause) continue;
      const waiting = this.told.get(id) ?? [];
      if (!waiting.includes(what)) waiting.push(what);
      this.told.set(id, waiting);
    }
  }
}
