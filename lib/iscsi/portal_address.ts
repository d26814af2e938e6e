/** Addresses of portals, as they are compared and written (RFC 7143 13.8). */
import type { SocketAddress } from "../../ffi/socket.ts";

/** A portal that connections are accepted on. */
export interface ListeningPortal extends SocketAddress {
  /** Whether it takes IPv4 connections though its address is the IPv6 one for all. */
  readonly takesIPv4: boolean;
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function formatAddress({ hostname, port }: SocketAddress): string {
  return `${isIPv6(hostname) ? `[${hostname}]` : hostname}:${port}`;
}

export function isIPv6(hostname: string): boolean {
  return hostname.includes(":");
}

/** Whether it holds on one link only (RFC 4291 2.5.6): fe80::/10. */
export function isLinkLocal(hostname: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(hostname);
}

/** Whether it is that of the machine for itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === "::1" || hostname.startsWith("127.");
}

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * The address by which an initiator that reached `local` also reaches `portal`. A portal for all
 * addresses is reached by the same one; undefined where the initiator may not get there: at an
 * address of the other family, or one that the machine has for itself.
 */
export function addressSeenFrom(
  local: SocketAddress,
  portal: ListeningPortal,
): SocketAddress | undefined {
  const { hostname, port, takesIPv4 } = portal;
  if (WILDCARDS.has(hostname)) {
    const reaches = isIPv6(local.hostname) ? isIPv6(hostname) : !isIPv6(hostname) || takesIPv4;
    return reaches ? { hostname: local.hostname, port } : undefined;
  }
  if (isIPv6(hostname) !== isIPv6(local.hostname)) return undefined;
  return isLoopback(hostname) && !isLoopback(local.hostname) ? undefined : { hostname, port };
}
