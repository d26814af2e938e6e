/**
 * What the directories of sessions are called: the name of the initiator, and a number behind it where it
 * has several. A session keeps its name, so that what is written to it reaches no other one.
 */
import type { SessionView } from "./engine.ts";

/** Characters of the longest name that a directory may have (NAME_MAX). */
const NAME_MOST = 255;

export class SessionNames {
  /** By target, then by SessionView.sid. */
  #names = new Map<string, ReadonlyMap<string, string>>();

  /** The sessions of a target, by their names. */
  of(target: string, sessions: readonly SessionView[]): ReadonlyMap<string, SessionView> {
    const before = this.#names.get(target);
    const names = new Map<string, string>();
    for (const { sid } of sessions) {
      const name = before?.get(sid);
      if (name !== undefined) names.set(sid, name);
    }
    const taken = new Set(names.values());
    for (const { sid, initiator } of sessions) {
      if (names.has(sid)) continue;
      let name = nameOf(initiator, "");
      for (let number = 1; taken.has(name); number++) name = nameOf(initiator, `_${number}`);
      taken.add(name);
      names.set(sid, name);
    }
    if (names.size === 0) this.#names.delete(target);
    else this.#names.set(target, names);
    return new Map(sessions.map((session) => [names.get(session.sid)!, session]));
  }
}

/** With the address of a portal (per_portal_acl) the name of an initiator can be too long. */
function nameOf(initiator: string, end: string): string {
  return initiator.slice(0, NAME_MOST - end.length) + end;
}
