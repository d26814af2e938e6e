/** What the directories of sessions are called. */
import assert from "node:assert/strict";
import { SessionNames } from "../../lib/admin/session_names.ts";
import { sessionView } from "../harness/session_view.ts";

const TARGET = "iqn.2026-11.org.example:a";

Deno.test("a session keeps its name when one of the same initiator ends, and a new one gets that", () => {
  const names = new SessionNames();
  const initiator = "iqn.2026-11.org.example:host";
  const session = (sid: string) => ({ ...sessionView(initiator, TARGET), sid });
  const [a, b, c, d] = ["1", "2", "3", "4"].map(session);
  const shown = (...sessions: (typeof a)[]) =>
    [...names.of(TARGET, sessions.map((one) => one!))].map(([name, { sid }]) =>
      `${name.slice(initiator.length)}=${sid}`
    );
  assert.deepEqual(shown(a, b), ["=1", "_1=2"]);
  assert.deepEqual(shown(b), ["_1=2"]);
  assert.deepEqual(shown(b, c, d), ["_1=2", "=3", "_2=4"]);
  assert.deepEqual(shown(), []);
  assert.deepEqual(shown(d), ["=4"]);
});
