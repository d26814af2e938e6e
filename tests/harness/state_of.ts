/** What commands can change, as a value: to see that one which fails has changed nothing. */
import { createHash } from "node:crypto";
import type { Rig } from "./rig.ts";

/** The content of a rig's disk, and everything about it that other commands can see. */
export function stateOf(rig: Rig): unknown {
  const { modes, hasMedium, tray, upkeep, failure } = rig.disk;
  const { reservations, information, clock, tokens, users, group } = rig.device;
  return {
    content: createHash("sha1").update(Deno.readFileSync(rig.path)).digest("hex"),
    modes: [modes.current, modes.saved],
    medium: [hasMedium, tray.preventers.size, upkeep.sense, failure],
    reservations: [reservations.state, reservations.reservedBy?.id],
    information: [0, 2].map((type) => information.get(type)),
    clock: clock.origin,
    tokens: !tokens.isEmpty,
    access: group?.targetGroups.map(({ state, preferred }) => [state.name, preferred]),
    users: Array.from(users, ({ hasAttention, copies }) => [hasAttention, copies.isFull]),
  };
}
