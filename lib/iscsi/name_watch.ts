/** Notices two hosts that have one initiator name: each is taken for the other. */
import type { Report } from "./node.ts";
import type { Session } from "./session.ts";

/** Milliseconds in which a name is warned of once. */
const INTERVAL = 600_000;

/** Names that are remembered; whoever comes beyond may be warned of more often. */
const NAMES_MOST = 1024;

export class NameWatch {
  #report: Report;
  /** When a name was warned of; the one of longest ago stands first. */
  #warned = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  /**
   * Looks at a session that begins at the time `now` beside those that are there. `replaced` is the
   * one that it takes over: two hosts whose ISIDs are equal too end each other's sessions in turn.
   */
  look(session: Session, others: Iterable<Session>, replaced: Session | undefined, now: number) {
    const { initiator } = session.identity;
    const other = replaced !== undefined && isElsewhere(session, replaced)
      ? replaced
      : findElsewhere(session, others);
    if (other === undefined || this.#wasWarned(initiator, now)) return;
    const what = other === replaced
      ? "two hosts with one initiator name and ISID end each other's sessions, or one host has moved"
      : "two hosts have one initiator name, or one host has two addresses";
    const where = `peer=${session.connection.peer} other=${other.connection.peer}`;
    this.#report("warning", `${what}: initiator=${initiator} ${where}`);
  }

  /** Whether there was a warning of late; if not, it counts as given now. */
  #wasWarned(initiator: string, now: number): boolean {
    if (now - (this.#warned.get(initiator) ?? -Infinity) < INTERVAL) return true;
    this.#warned.delete(initiator);
    this.#warned.set(initiator, now);
    if (this.#warned.size > NAMES_MOST) this.#warned.delete(this.#warned.keys().next().value!);
    return false;
  }
}

function findElsewhere(session: Session, others: Iterable<Session>): Session | undefined {
  for (const other of others) {
    const sameName = other.identity.initiator === session.identity.initiator;
    if (sameName && !other.isDiscovery && isElsewhere(session, other)) return other;
  }
  return undefined;
}

function isElsewhere(one: Session, other: Session): boolean {
  return one.connection.remote.hostname !== other.connection.remote.hostname;
}
