/**
 * Connections that have not logged in to a target, by where they come from: neither one host nor many
 * can take all places. When there are too many of a host the oldest has to go, so that its own next
 * login comes through. Discovery sessions are among them, which often need no secret.
 */
import { isIPv6 } from "../scst/model.ts";

/** Such connections that one address may have. */
const HALF_OPEN_MOST = 128;

export class HalfOpen<T> {
  #byOrigin = new Map<string, Set<T>>();

  /** Takes a connection of an address in; returns the one that has to go for it. */
  enter(hostname: string, connection: T): T | undefined {
    const origin = originOf(hostname);
    const others = this.#byOrigin.get(origin) ?? new Set<T>();
    this.#byOrigin.set(origin, others);
    others.add(connection);
    const [oldest] = others;
    if (others.size <= HALF_OPEN_MOST) return undefined;
    others.delete(oldest!);
    return oldest;
  }

  /** Takes out the oldest connection of the address that has the most; undefined if there is none. */
  expel(): T | undefined {
    let most: Set<T> | undefined;
    for (const others of this.#byOrigin.values()) {
      if (others.size > (most?.size ?? 0)) most = others;
    }
    const [oldest] = most ?? [];
    if (oldest !== undefined) most!.delete(oldest);
    return oldest;
  }

  /** A connection has logged in, or has ended. */
  leave(hostname: string, connection: T): void {
    const origin = originOf(hostname);
    const others = this.#byOrigin.get(origin);
    others?.delete(connection);
    if (others?.size === 0) this.#byOrigin.delete(origin);
  }
}

/** An IPv4 address, or the /64 of an IPv6 address: who has one address of that has all of them. */
function originOf(hostname: string): string {
  if (!isIPv6(hostname)) return hostname;
  const [before = "", after] = hostname.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const groups = [...head, ...Array(Math.max(0, 8 - head.length - tail.length)).fill("0"), ...tail];
  return groups.slice(0, 4).join(":");
}
