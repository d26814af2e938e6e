/** SendTargets (RFC 7143 appendix C): which targets there are for an initiator, and where. */
import type { SocketAddress } from "../../ffi/socket.ts";
import { formatPortal } from "../scst/model.ts";
import type { Target } from "../scst/target.ts";
import { type Caller, isVisible } from "./admission.ts";
import type { Node } from "./node.ts";
import { PORTAL_GROUP_TAG } from "./parameters.ts";
import { addressSeenFrom, isLinkLocal } from "./portal_address.ts";

type Pair = readonly [string, string];

/**
 * The answer to SendTargets of `caller`, one target after the other as they are asked for. `value` is
 * "All" (in a discovery session only), a target's name, or empty for the target of the session;
 * undefined when it may not be asked here. A normal session hears of no target but its own.
 */
export function sendTargets(
  node: Node,
  caller: Caller,
  value: string,
  sessionTarget: Target | undefined,
): Iterable<Pair> | undefined {
  if (value === "All" && sessionTarget !== undefined) return undefined;
  if (value === "" && sessionTarget === undefined) return undefined;
  if (value === "All") return records(node, caller, node.targets);
  const named = value === "" ? sessionTarget : node.findTarget(value);
  const told = sessionTarget === undefined || named === sessionTarget ? named : undefined;
  return records(node, caller, told === undefined ? [] : [told]);
}

/**
 * What there is to say of those among `targets` that the caller may see where it is: it is not told
 * what only other portals show.
 */
function* records(node: Node, caller: Caller, targets: Iterable<Target>): Generator<Pair> {
  const addresses = knownAddresses(node, caller.portal);
  for (const target of targets) {
    if (!isVisible(node.driver, target, caller)) continue;
    yield ["TargetName", target.name];
    for (const portal of addresses) {
      if (!isVisible(node.driver, target, { ...caller, portal })) continue;
      yield ["TargetAddress", `${formatPortal(portal)},${PORTAL_GROUP_TAG}`];
    }
  }
}

/** The addresses that may be told to an initiator that reached `local`: that one first, and each once. */
function knownAddresses(node: Node, local: SocketAddress): SocketAddress[] {
  const known = new Map<string, SocketAddress>();
  const seen = node.portals.map((portal) => addressSeenFrom(local, portal));
  for (const address of [local, ...seen]) {
    if (address === undefined) continue;
    if (isLinkLocal(address.hostname) && !node.driver.linkLocal) continue;
    known.set(formatPortal(address), address);
  }
  return [...known.values()];
}
