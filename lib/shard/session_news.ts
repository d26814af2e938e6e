/** What main is told of sessions: those that begin, change or end, once for each turn of the loop. */
import type { Session } from "../iscsi/session.ts";
import { type SessionView, sidOf, viewOfSession } from "../iscsi/session_view.ts";
import type { Loop, Settler } from "./loop.ts";

/** Sessions as they are now, and the identifiers of those that are gone. */
export interface SessionNews {
  readonly live: readonly SessionView[];
  readonly ended: readonly string[];
}

export class SessionNewsletter implements Settler {
  #loop: Loop;
  #send: (news: SessionNews) => void;
  #changed = new Set<Session>();

  constructor(loop: Loop, send: (news: SessionNews) => void) {
    this.#loop = loop;
    this.#send = send;
  }

  /** Something has become of a session. A discovery session is none that can be administered. */
  changed(session: Session): void {
    if (session.isDiscovery) return;
    if (this.#changed.size === 0) this.#loop.settleLater(this);
    this.#changed.add(session);
  }

  settle(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    this.#send({
      live: changed.filter(({ isEnded }) => !isEnded).map(viewOfSession),
      ended: changed.filter(({ isEnded }) => isEnded).map(sidOf),
    });
  }
}
