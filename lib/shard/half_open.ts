/**
 * Connections that have not logged in, by where they come from: one host cannot take all places. When
 * there are too many of a host the oldest has to go, so that its own next login comes through.
 */
import { isIPv6 } from "../scst/model.ts";

/** Logins that one address may have under way. */
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

  /** A connection has logged in, or has ended. */
  leave(hostname: string, connection: T): void {
    const origin = originOf(hostname);
    const others = this.#byOrigin.get(origin);
    if (others?.delete(connection) === true && others.size === 0) this.#byOrigin.delete(origin);
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
