/** Keeps registered at a server what is to be, as far as the connections to it allow. */
import type { ListeningPortal } from "../iscsi/portal_address.ts";
import { log } from "../log.ts";
import { numberOf } from "./attribute.ts";
import type { Channel } from "./channel.ts";
import { FunctionId, IsnsStatus, nameOfFunction, nameOfStatus } from "./function_id.ts";
import type { InquiryPorts } from "./inquiry_ports.ts";
import type { Message } from "./message.ts";
import { addressesOf, machineAddresses } from "./portal_addresses.ts";
import {
  deregisterAll,
  inquireNode,
  isShown,
  registerAll,
  registerDifference,
  type Registration,
  REGISTRATION_PERIOD,
  type Request,
  type StorageNode,
} from "./registration.ts";
import { Tag } from "./tag.ts";

/** What is to be registered. */
export interface Entries {
  readonly portals: readonly ListeningPortal[];
  /** The targets that are enabled. */
  readonly nodes: readonly StorageNode[];
}

/** Seconds between inquiries (ESI) that the server is asked for. */
const ESI_INTERVAL = 60;

export class Registrar {
  readonly #name: string;
  readonly #entity: string;
  readonly #ports: InquiryPorts;
  /** What the server has been told; undefined when that may be anything. */
  #registered: Registration | undefined = undefined;
  #period = REGISTRATION_PERIOD;
  #wantsInquiries = true;
  /** When all was registered, and whether the server has inquired since. */
  #registeredAt = 0;
  #wasInquired = false;
  /** Whether the server shows what is registered, so that it can be seen to be gone. */
  #shows = true;
  #notifies = true;

  /** `name` is that of the server for the log, `entity` the Entity Identifier. */
  constructor(name: string, entity: string, ports: InquiryPorts) {
    this.#name = name;
    this.#entity = entity;
    this.#ports = ports;
  }

  /** Seconds for which the server keeps what is registered without a sign of life. */
  get period(): number {
    return this.#period;
  }

  /** What is registered; nothing when that is not known. */
  get nodes(): readonly StorageNode[] {
    return this.#registered?.nodes ?? [];
  }

  /** Notes that the server has inquired whether we live. */
  inquired(): void {
    this.#wasInquired = true;
  }

  /**
   * Registers what the server does not have, and takes out what it should not have any more. That is
   * a sign of life too. Throws with why it cannot be.
   */
  async synchronise(channel: Channel, entries: Entries): Promise<void> {
    const before = this.#registered;
    const wanted = this.#wanted(channel, entries);
    if (before === undefined) return await this.#registerAnew(channel, wanted);
    const changes = registerDifference(before, wanted);
    if (changes.length > 0) this.#registered = undefined; // until all of it is done
    for (const change of changes) await this.#send(channel, change);
    this.#registered = wanted;
    if (await this.#isKept(channel, wanted)) return;
    this.#registered = undefined;
    // It may have failed to get through to us, and taken that for our end.
    const hadTime = performance.now() - this.#registeredAt > 2 * ESI_INTERVAL * 1000;
    if (this.#wantsInquiries && hadTime && !this.#wasInquired) {
      this.#doWithoutInquiries("none has come");
    }
    throw new Error("it has lost what was registered");
  }

  /** Takes everything out of the server's data, if there is something. */
  async leave(channel: Channel): Promise<void> {
    const registered = this.#registered;
    this.#registered = undefined;
    if (registered === undefined || registered.nodes.length === 0) return;
    await this.#send(channel, deregisterAll(registered));
    log("info", `${this.#name}: deregistered ${this.#entity}`);
  }

  async #registerAnew(channel: Channel, wanted: Registration): Promise<void> {
    this.#registeredAt = performance.now();
    this.#wasInquired = false;
    if (wanted.nodes.length > 0) await this.#registerNodes(channel, wanted);
    this.#registered = wanted;
  }

  async #registerNodes(channel: Channel, wanted: Registration): Promise<void> {
    for (const request of registerAll(wanted)) {
      const status = await this.#send(channel, request);
      if (status !== IsnsStatus.ESI_NOT_AVAILABLE) continue;
      this.#doWithoutInquiries("it has none");
      return await this.#registerNodes(channel, withoutInquiries(wanted));
    }
    this.#registered = wanted;
    this.#shows = true;
    this.#shows = await this.#isKept(channel, wanted);
    if (!this.#shows && !await this.#isKept(channel, wanted)) {
      this.#registered = undefined;
      throw new Error("it does not know what it has registered");
    }
    const { nodes, portals } = wanted;
    const what = `${counted(nodes.length, "target")} at ${counted(portals.length, "portal")}`;
    log("info", `${this.#name}: registered ${what} as ${this.#entity}`);
  }

  #doWithoutInquiries(why: string): void {
    this.#wantsInquiries = false;
    log("info", `${this.#name}: registering without entity status inquiries, as ${why}`);
  }

  #wanted(channel: Channel, { portals, nodes }: Entries): Registration {
    const addresses = addressesOf(portals, machineAddresses(), channel.local);
    this.#ports.listenAt(
      nodes.length === 0 ? [] : [...new Set(addresses.map((one) => one.hostname))],
    );
    const registered = addresses.map((portal) => ({
      ...portal,
      inquiryPort: this.#ports.portAt(portal.hostname),
      esiInterval: this.#wantsInquiries ? ESI_INTERVAL : 0,
    }));
    return { entity: this.#entity, portals: registered, nodes };
  }

  /** Whether the server still has every node with the portals. */
  async #isKept(channel: Channel, registration: Registration): Promise<boolean> {
    for (const { name } of registration.nodes) {
      const { status, attributes } = await channel.request(inquireNode(name));
      if (status === IsnsStatus.BUSY || status === IsnsStatus.INTERNAL_ERROR) {
        throw new Error(`it answers with ${nameOfStatus(status)}`);
      }
      if (status !== IsnsStatus.SUCCESSFUL) return false;
      if (this.#shows && !isShown(registration, name, attributes)) return false;
    }
    return true;
  }

  /** Has a request done; returns a status that is no failure. Throws at others. */
  async #send(channel: Channel, request: Request): Promise<number> {
    const answer = await channel.request(request);
    const status = answer.status!;
    if (status === IsnsStatus.SUCCESSFUL) {
      this.#period = periodIn(answer) ?? this.#period;
      return status;
    }
    if (status === IsnsStatus.ESI_NOT_AVAILABLE && this.#wantsInquiries) return status;
    const what = `${nameOfFunction(request.functionId)} with ${nameOfStatus(status)}`;
    if (request.functionId !== FunctionId.SCNReg) throw new Error(`it refused ${what}`);
    if (this.#notifies) log("warning", `${this.#name} tells of no changes: it refused ${what}`);
    this.#notifies = false;
    return status;
  }
}

function withoutInquiries(registration: Registration): Registration {
  const portals = registration.portals.map((portal) => ({ ...portal, esiInterval: 0 }));
  return { ...registration, portals };
}

/** The Registration Period that a server grants (RFC 4171 6.2.6); undefined if it says nothing, or none. */
function periodIn({ attributes }: Message): number | undefined {
  const period = attributes.findLast(({ tag }) => tag === Tag.RegistrationPeriod);
  return period === undefined ? undefined : numberOf(period) || undefined;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
