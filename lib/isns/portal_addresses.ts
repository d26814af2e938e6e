/** Under which addresses portals are registered: those by which other machines reach them. */
import { isLinkLocal, isLoopback, type ListeningPortal } from "../iscsi/portal_address.ts";
import { isForAll, isIPv6, type PortalModel } from "../scst/model.ts";

/** More than so many are not registered. */
export const ADDRESSES_MOST = 256;

/**
 * The addresses of portals; one for all addresses is at each of `machine`, those of this machine.
 * Those that the machine has for itself are told only to a server on it, which is reached from
 * `local`; link-local ones to nobody, as a link cannot be told with them (RFC 4171 6.3.1).
 */
export function addressesOf(
  portals: readonly ListeningPortal[],
  machine: readonly string[],
  local: string,
): PortalModel[] {
  const found = new Map<string, PortalModel>();
  for (const { hostname, port, takesIPv4 } of portals) {
    const hostnames = isForAll(hostname)
      ? machine.filter((one) => isIPv6(one) ? isIPv6(hostname) : !isIPv6(hostname) || takesIPv4)
      : [hostname];
    for (const one of hostnames) {
      if (isLinkLocal(one) || isLoopback(one) && !isLoopback(local)) continue;
      if (found.size < ADDRESSES_MOST) found.set(`${one} ${port}`, { hostname: one, port });
    }
  }
  return [...found.values()];
}

/** The addresses of this machine in their canonical form. */
export function machineAddresses(): string[] {
  return Deno.networkInterfaces().map(({ family, address }) =>
    family === "IPv6"
      ? new URL(`http://[${address.split("%")[0]}]/`).hostname.slice(1, -1)
      : address
  );
}
