/**
 * A client of an iSNS server (RFC 4171): keeps the targets registered there, and learns who shares a
 * discovery domain with them. Serving never waits for it: when the server is away or misbehaves, it
 * is tried again later, and what was last known of the domains holds.
 */
import { bugLine } from "../bug.ts";
import { log } from "../log.ts";
import { formatPortal, type PortalModel } from "../scst/model.ts";
import { Alarm } from "./alarm.ts";
import { Channel } from "./channel.ts";
import { Domains, type OnDomain } from "./domains.ts";
import type { InquiryHandlers } from "./inquiry.ts";
import { InquiryPorts } from "./inquiry_ports.ts";
import { type Entries, Registrar } from "./registrar.ts";
import { reasonOf } from "./wire.ts";

export interface IsnsOptions {
  /** Its address may be a host name. */
  readonly server: PortalModel;
  /** Entity Identifier: under which name all is registered. */
  readonly entity: string;
  /** Hears of the discovery domains of the targets; nobody asks for them without it. */
  readonly onDomain?: OnDomain;
}

/** Milliseconds until the next attempt: doubled with each that fails. */
const RETRY_FIRST = 1000;
const RETRY_MOST = 60_000;

/** A connection that lasted so many milliseconds was none that failed. */
const STEADY = 60_000;

/** Milliseconds from one round of questions to the next, whatever the server says has changed. */
const ROUND_LEAST = 1000;

/** Milliseconds after which there is one in any case; with access control as iscsi-scst has it. */
const ROUND_MOST = 200_000;
const ROUND_MOST_FOR_ACCESS = 30_000;

/** Milliseconds that the end may take. */
const STOP_TIMEOUT = 1500;

export class IsnsClient {
  readonly #server: PortalModel;
  readonly #name: string;
  readonly #handlers: InquiryHandlers;
  readonly #ports: InquiryPorts;
  readonly #registrar: Registrar;
  readonly #domains: Domains | undefined;
  readonly #alarm = new Alarm();
  readonly #running: Promise<void>;
  #entries: Entries = { portals: [], nodes: [] };
  #channel: Channel | undefined = undefined;
  #isStopping = false;
  /** There is something to do: what is to be registered, or the server's data, has changed. */
  #hasNews = false;
  /** What was last complained of; undefined when all is well. */
  #complaint: string | undefined = undefined;

  /** Begins with nothing to register. */
  constructor({ server, entity, onDomain }: IsnsOptions) {
    this.#server = server;
    this.#name = `iSNS server ${formatPortal(server)}`;
    this.#handlers = {
      entity,
      alive: () => this.#registrar.inquired(),
      changed: () => this.#tell(),
    };
    this.#ports = new InquiryPorts(this.#handlers);
    this.#registrar = new Registrar(this.#name, entity, this.#ports);
    this.#domains = onDomain === undefined ? undefined : new Domains(this.#name, onDomain);
    this.#running = this.#run().catch((error) => {
      log("error", bugLine(error, this.#name));
    });
  }

  /** Says what is to be registered from now on; the server hears of the difference. */
  registration(entries: Entries): void {
    this.#entries = entries;
    this.#tell();
  }

  /** Takes everything out of the server's data, or gives that up after STOP_TIMEOUT milliseconds. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#alarm.ring();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#channel?.close("the server stops");
      resolve();
    }, STOP_TIMEOUT);
    await Promise.race([this.#running, late]);
    clearTimeout(timer);
    this.#ports.close();
  }

  #tell(): void {
    this.#hasNews = true;
    this.#alarm.ring();
  }

  async #run(): Promise<void> {
    let delay = RETRY_FIRST;
    while (!this.#isStopping) {
      if (this.#registrar.nodes.length === 0 && this.#entries.nodes.length === 0) {
        await this.#alarm.sleep(Infinity);
        continue;
      }
      const began = performance.now();
      const why = await this.#attend();
      if (this.#isStopping || why === undefined) continue;
      // A server may end a connection on which nothing has been said for long.
      const wasSteady = performance.now() - began >= STEADY;
      if (wasSteady) delay = RETRY_FIRST;
      if (!wasSteady || this.#complaint !== undefined) this.#complain(why);
      await this.#sleepUntil(performance.now() + delay * (0.5 + Math.random() / 2));
      delay = Math.min(delay * 2, RETRY_MOST);
    }
    await this.#leave();
  }

  /** Has one connection; resolves with why it ended, or undefined when there is no more to do. */
  async #attend(): Promise<string | undefined> {
    try {
      const channel = await this.#open();
      while (!this.#isStopping) {
        const began = performance.now();
        this.#hasNews = false;
        await this.#registrar.synchronise(channel, this.#entries);
        await this.#domains?.ask(channel, this.#registrar.nodes);
        this.#complaint = undefined;
        if (this.#registrar.nodes.length === 0) {
          channel.close();
          return undefined;
        }
        await this.#pause(channel, began);
        if (!channel.isOpen) return await channel.ended;
      }
      return undefined;
    } catch (error) {
      this.#channel?.close();
      return reasonOf(error);
    }
  }

  async #open(): Promise<Channel> {
    const channel = await Channel.open(this.#server, this.#handlers);
    this.#channel = channel;
    this.#ports.server = channel.remote;
    channel.ended.then(() => this.#alarm.ring());
    return channel;
  }

  /** Waits for the time of the next round after one that began at the time `began`. */
  async #pause(channel: Channel, began: number): Promise<void> {
    await this.#sleepUntil(began + ROUND_LEAST);
    const most = this.#domains === undefined ? ROUND_MOST : ROUND_MOST_FOR_ACCESS;
    const until = began + Math.min(this.#registrar.period * 1000 / 3, most);
    for (let now = performance.now(); now < until; now = performance.now()) {
      if (this.#isStopping || this.#hasNews || !channel.isOpen) return;
      await this.#alarm.sleep(until - now);
    }
  }

  /** Sleeps until the time, whatever the server says meanwhile. */
  async #sleepUntil(time: number): Promise<void> {
    for (let now = performance.now(); now < time && !this.#isStopping; now = performance.now()) {
      await this.#alarm.sleep(time - now);
    }
  }

  async #leave(): Promise<void> {
    if (this.#registrar.nodes.length > 0) {
      try {
        await this.#registrar.leave(this.#channel?.isOpen ? this.#channel : await this.#open());
      } catch (error) {
        const what = "cannot deregister, what is registered ends with its period";
        log("warning", `${this.#name}: ${what}: ${reasonOf(error)}`);
      }
    }
    this.#channel?.close();
  }

  #complain(why: string): void {
    if (why === this.#complaint) return;
    this.#complaint = why;
    log("warning", `${this.#name}: ${why}; it is tried again, and serving goes on without it`);
  }
}
