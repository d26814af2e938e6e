/** Metrics of a server with more sessions than are told of one by one. */
import assert from "node:assert/strict";
import { expositionFor, expositionText } from "../../lib/metrics/exposition.ts";
import { familiesOf, SESSION_LUNS_MOST } from "../../lib/metrics/families.ts";
import type { Feed } from "../../lib/metrics/feed.ts";
import { CommandFigures, Ways } from "../../lib/scst/command_figures.ts";
import { parseExposition } from "../harness/exposition.ts";

/** Names as long as they may be (RFC 7143 4.2.7.1). */
const TARGET = `iqn.2026-11.org.example:${"t".repeat(199)}`;
const INITIATOR = `iqn.1994-05.org.example:${"i".repeat(199)}`;

/** A session that has used so many LUNs in every way. */
function sessionOf(sid: number, luns: number): Feed["sessions"][number] {
  const made = new CommandFigures();
  made.took(Ways.READ, 512, 3);
  made.took(Ways.READ, 512, 70_000);
  made.took(Ways.WRITE, 4096, 2 ** 30);
  made.took(Ways.NONE, 0, 20);
  const figures = made.view;
  return {
    sid: `${sid}`,
    target: TARGET,
    initiator: INITIATOR,
    commands: 0,
    sendWait: 1500,
    luns: Array.from({ length: luns }, (_, lun) => ({ lun, device: "d", commands: 3, figures })),
  };
}

function feedOf(sessions: Feed["sessions"]): Feed {
  return {
    version: "1",
    at: 0,
    started: 0,
    memory: { resident: 0, lent: 0, kept: 0 },
    loop: { delay: 0, worst: 0 },
    connections: 0,
    storage: { requests: 0, threads: 0 },
    logins: { accepted: 0, refused: {} },
    targets: [],
    devices: [],
    problems: [],
    risks: [],
    luns: [],
    sessions,
    events: [],
  };
}

const text = (feed: Feed) => expositionText(familiesOf(feed), expositionFor(""));

Deno.test("of more LUNs of sessions than are told of, the first are, and the others are counted", () => {
  const each = 7;
  const count = Math.ceil(SESSION_LUNS_MOST / each) + 20;
  const all = text(feedOf(Array.from({ length: count }, (_, sid) => sessionOf(sid, each))));
  const bounded = 64 * SESSION_LUNS_MOST * (TARGET.length + INITIATOR.length + 150);
  assert(all.length < bounded, `${all.length} characters`);
  const families = new Map(parseExposition(all).map((family) => [family.name, family.samples]));
  const samples = (name: string) => families.get(name)!;
  assert.deepEqual(samples("scst_session_luns_left_out").map(({ value }) => value), [
    count * each - SESSION_LUNS_MOST,
  ]);
  assert.equal(samples("scst_session_commands_under_way").length, SESSION_LUNS_MOST);
  assert.equal(samples("scst_session_commands_total").length, SESSION_LUNS_MOST * 3);
  assert.equal(samples("scst_session_send_wait_seconds_total").length, count);
  const told = new Set(samples("scst_session_bytes_total").map(({ labels }) => labels.get("sid")));
  assert.deepEqual([...told], Array.from({ length: told.size }, (_, sid) => `${sid}`));

  const few = parseExposition(text(feedOf([sessionOf(1, 3)])));
  const left = few.find(({ name }) => name === "scst_session_luns_left_out")!;
  assert.deepEqual(left.samples.map(({ value }) => value), [0]);
});

Deno.test("the buckets of a histogram have what is at most their bound, all in all the last one", () => {
  const families = parseExposition(text(feedOf([sessionOf(1, 1)])));
  const { samples } = families.find(({ name }) => name === "scst_session_latency_seconds")!;
  const of = (direction: string) =>
    samples.filter(({ labels, name }) =>
      labels.get("direction") === direction && name.endsWith("_bucket")
    ).map(({ labels, value }) => `${labels.get("le")} ${value}`);
  const bounds = [4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24].map((power) => 2 ** power / 1e6);
  const reads = [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2];
  assert.deepEqual(of("read"), [...bounds.map((le, index) => `${le} ${reads[index]}`), "+Inf 2"]);
  assert.deepEqual(of("write"), [...bounds.map((le) => `${le} 0`), "+Inf 1"]);
});
