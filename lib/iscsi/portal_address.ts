/** By which addresses portals are reached. */
import type { SocketAddress } from "../../ffi/socket.ts";
import { isForAll, isIPv6 } from "../scst/model.ts";

/** A portal that connections are accepted on. */
export interface ListeningPortal extends SocketAddress {
  /** Whether it takes IPv4 connections though its address is the IPv6 one for all. */
  readonly takesIPv4: boolean;
}

/** Whether it holds on one link only (RFC 4291 2.5.6): fe80::/10. */
export function isLinkLocal(hostname: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(hostname);
}

/** Whether it is that of the machine for itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === "::1" || hostname.startsWith("127.");
}

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
  if (isForAll(hostname)) {
    const reaches = isIPv6(local.hostname) ? isIPv6(hostname) : !isIPv6(hostname) || takesIPv4;
    return reaches ? { hostname: local.hostname, port } : undefined;
  }
  if (isIPv6(hostname) !== isIPv6(local.hostname)) return undefined;
  return isLoopback(hostname) && !isLoopback(local.hostname) ? undefined : { hostname, port };
}
