/**
 * What the directories of sessions are called: the name of the initiator, and a number behind it where it
 * has several. A session keeps its name, so that what is written to it reaches no other one.
 */
import type { SessionView } from "./engine.ts";

/** Characters of the longest name that a directory may have (NAME_MAX). */
const NAME_MOST = 255;

export class SessionNames {
  /** By target, then by name: SessionView.sid. */
  #sids = new Map<string, ReadonlyMap<string, string>>();

  /** The sessions of a target, by their names. */
  of(target: string, sessions: readonly SessionView[]): ReadonlyMap<string, SessionView> {
    const left = new Map(sessions.map((session) => [session.sid, session]));
    const named = new Map<string, SessionView>();
    for (const [name, sid] of this.#sids.get(target) ?? []) {
      const session = left.get(sid);
      if (session === undefined) continue;
      named.set(name, session);
      left.delete(sid);
    }
    for (const session of left.values()) {
      let name = nameOf(session.initiator, "");
      for (let number = 1; named.has(name); number++) {
        name = nameOf(session.initiator, `_${number}`);
      }
      named.set(name, session);
    }
    if (named.size === 0) this.#sids.delete(target);
    else this.#sids.set(target, new Map(Array.from(named, ([name, { sid }]) => [name, sid])));
    return named;
  }

  /** The session of a name; who looks up thousands one by one has no names made for all each time. */
  find(target: string, name: string, sessions: readonly SessionView[]): SessionView | undefined {
    const sid = this.#sids.get(target)?.get(name);
    const known = sid === undefined ? undefined : sessions.find((session) => session.sid === sid);
    return known ?? this.of(target, sessions).get(name);
  }
}

/** With the address of a portal (per_portal_acl) the name of an initiator can be too long. */
function nameOf(initiator: string, end: string): string {
  return initiator.slice(0, NAME_MOST - end.length) + end;
}
