/** SendTargets (RFC 7143 appendix C): which targets there are, and where. */
import type { SocketAddress } from "../../ffi/socket.ts";
import type { Node } from "./node.ts";
import { PORTAL_GROUP_TAG } from "./parameters.ts";

const WILDCARDS = ["0.0.0.0", "::"];

/** Writes an address as RFC 7143 13.8 does: IPv6 in brackets, the port, the portal group tag. */
function formatTargetAddress(address: SocketAddress): string {
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port},${PORTAL_GROUP_TAG}`;
}

/** Whether an address holds on one link only (RFC 4291 2.5.6): fe80::/10. */
function isLinkLocal(hostname: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(hostname);
}

/**
 * The addresses that are told to an initiator. A portal on a wildcard address is known to it by the
 * address that it reached itself.
 */
function targetAddresses(node: Node, local: SocketAddress): string[] {
  const addresses = node.portals.map((portal) =>
    WILDCARDS.includes(portal.hostname) ? { hostname: local.hostname, port: portal.port } : portal
  );
  const told = node.driver.linkLocal
    ? addresses
    : addresses.filter(({ hostname }) => !isLinkLocal(hostname));
  return [...new Set(told.map(formatTargetAddress))];
}

/**
 * The answer to SendTargets. `value` is "All" (in a discovery session only), a target's name, or
 * empty for the target of the session; undefined when it may not be asked here.
 */
export function sendTargets(
  node: Node,
  local: SocketAddress,
  value: string,
  sessionTarget: string | undefined,
): [string, string][] | undefined {
  let names: string[];
  if (value === "All") {
    if (sessionTarget !== undefined) return undefined;
    names = [...node.targets].map((target) => target.name);
  } else {
    const name = value === "" ? sessionTarget : value;
    if (name === undefined) return undefined;
    const target = node.findTarget(name);
    names = target === undefined ? [] : [target.name];
  }
  const addresses = targetAddresses(node, local);
  return names.flatMap((name): [string, string][] => [
    ["TargetName", name],
    ...addresses.map((address): [string, string] => ["TargetAddress", address]),
  ]);
}
