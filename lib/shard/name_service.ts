/** What a server serves, as an iSNS server is told of it, and what that one says of who may log in. */
import { isDeepStrictEqual } from "node:util";
import type { ListeningPortal } from "../iscsi/portal_address.ts";
import { IsnsClient } from "../isns/client.ts";
import type { Entries } from "../isns/registrar.ts";
import type { DriverModel, TargetModel } from "../scst/model.ts";

/** Takes the initiators in the discovery domains of a target; undefined when nobody says any more. */
export type TellDomain = (target: string, initiators: readonly string[] | undefined) => void;

/** Targets that are gone whose domains are remembered: they may come back before they are asked for. */
const GONE_MOST = 64;

export class NameService {
  readonly #tell: TellDomain;
  #driver: DriverModel | undefined = undefined;
  #targets = new Map<string, TargetModel>();
  #portals: readonly ListeningPortal[] = [];
  #client: IsnsClient | undefined = undefined;
  /** Resolves when the clients that were have ended: they have the same name for the server. */
  #replaced: Promise<void> = Promise.resolve();
  #domains = new Map<string, readonly string[]>();
  #isStopped = false;
  /** The client is about to hear of changes. */
  #isDue = false;

  /** `tell` hears of targets that are there, or just gone. */
  constructor(tell: TellDomain) {
    this.#tell = tell;
  }

  /** Has the attributes of the driver hold: which iSNS server there is, and how it is used. */
  setDriver(driver: DriverModel): void {
    const before = this.#driver;
    this.#driver = driver;
    if (isDeepStrictEqual(settingsOf(before), settingsOf(driver))) return this.#register();
    this.#replace();
  }

  /** Has a target be what the model says; the shard has it already. */
  setTarget(target: TargetModel): void {
    const isNew = !this.#targets.has(target.name);
    this.#targets.set(target.name, target);
    const initiators = this.#domains.get(target.name);
    if (isNew && initiators !== undefined) this.#tell(target.name, initiators);
    this.#register();
  }

  removeTarget(name: string): void {
    this.#targets.delete(name);
    for (const other of this.#domains.keys()) {
      if (this.#domains.size <= this.#targets.size + GONE_MOST) break;
      if (!this.#targets.has(other)) this.#domains.delete(other);
    }
    this.#register();
  }

  /** The initiators in the discovery domains of a target; undefined as long as nobody has said so. */
  domainOf(target: string): readonly string[] | undefined {
    return this.#domains.get(target);
  }

  setPortals(portals: readonly ListeningPortal[]): void {
    this.#portals = [...portals];
    this.#register();
  }

  /** Takes everything out of the iSNS server's data, as far as that can be had in a moment. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#replaced;
    await this.#client?.stop();
  }

  #replace(): void {
    const old = this.#client;
    this.#client = undefined;
    for (const target of this.#domains.keys()) this.#tell(target, undefined);
    this.#domains.clear();
    this.#replaced = this.#replaced.then(() => old?.stop()).then(() => {
      if (this.#isStopped || this.#client !== undefined) return;
      this.#client = this.#start();
      this.#register();
    });
  }

  #start(): IsnsClient | undefined {
    const { isnsServer: server, isnsEntityName = Deno.hostname().toLowerCase() } = this.#driver!;
    if (server === undefined) return undefined;
    const options = { server, entity: isnsEntityName };
    if (!server.accessControl) return new IsnsClient(options);
    const client = new IsnsClient({
      ...options,
      onDomain: (target, initiators) => {
        if (this.#client !== client) return; // of a server that is not asked any more
        this.#domains.set(target, initiators);
        this.#tell(target, initiators);
      },
    });
    return client;
  }

  /** Has the client hear of all changes of this turn at once: there may be thousands. */
  #register(): void {
    if (this.#client === undefined || this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#client?.registration(this.#entries());
    });
  }

  /** The targets that somebody may log in to, if that can be anywhere. */
  #entries(): Entries {
    const isEnabled = this.#driver?.enabled === true && this.#portals.length > 0;
    const enabled = [...this.#targets.values()]
      .filter(({ attributes }) => isEnabled && attributes.enabled);
    const nodes = enabled.map(({ name, attributes }) => ({ name, alias: attributes.alias }));
    return { portals: this.#portals, nodes };
  }
}

function settingsOf(driver: DriverModel | undefined): unknown[] {
  return [driver?.isnsServer, driver?.isnsEntityName];
}
