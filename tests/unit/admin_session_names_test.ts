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

Deno.test("a session is found by its name, also by who never asked for the names, and no other one by it", () => {
  const names = new SessionNames();
  const initiator = "iqn.2026-11.org.example:host";
  const [a, b, c] = ["1", "2", "3"].map((sid) => ({ ...sessionView(initiator, TARGET), sid }));
  const sidOf = (end: string, ...sessions: (typeof a)[]) =>
    names.find(TARGET, `${initiator}${end}`, sessions.map((one) => one!))?.sid;
  assert.equal(sidOf("_1", a, b), "2");
  assert.equal(sidOf("", a, b), "1");
  assert.equal(sidOf("", b), undefined, "it has ended");
  assert.equal(sidOf("_1", b), "2");
  assert.equal(sidOf("", b, c), "3", "the name is free for a new one");
  assert.equal(sidOf("_2", b, c), undefined);
});

Deno.test("a session has a name that a directory may have, however long that of the initiator is", () => {
  const names = new SessionNames();
  const address = "#fd00:1111:2222:3333:4444:5555:6666:7777";
  const initiator = `iqn.2026-11.org.example:${"x".repeat(199)}${address}`;
  const sessions = ["1", "2"].map((sid) => ({ ...sessionView(initiator, TARGET), sid }));
  const [one, other] = [...names.of(TARGET, sessions).keys()];
  assert.equal(one, initiator.slice(0, 255));
  assert.equal(other, `${initiator.slice(0, 253)}_1`);
});
