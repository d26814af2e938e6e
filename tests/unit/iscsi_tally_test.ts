/** How long commands take: those that end in their turn, those that wait, and those that never end. */
import assert from "node:assert/strict";
import type { CommandFigures } from "../../lib/scst/command_figures.ts";
import { exchange, exchangeGood } from "../harness/exchange.ts";
import { type Peer, Rig, TARGET } from "../harness/rig.ts";
import { StandingClock } from "../harness/standing_clock.ts";
import { openWrite } from "../harness/under_way.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

const SIMPLE = 1;

function figuresOf(peer: Peer): CommandFigures {
  return peer.connection.session!.nexus!.units.get(0)!.figures!;
}

/** Commands by the time that they took, in microseconds up to the next power of two. */
function classesOf(classes: readonly number[]): Record<string, number> {
  const found = classes.map((count, index) => [2 ** index, count] as const);
  return Object.fromEntries(found.filter(([, count]) => count > 0));
}

Deno.test("commands that end in the turn in which they came take until the end of that turn", () => {
  using clock = new StandingClock(1);
  using rig = new Rig();
  const peer = rig.login(1);
  const { tally } = rig.node;
  tally.begin(performance.now());
  exchangeGood(peer, testUnitReady());
  exchangeGood(peer, read10(0, 2), { read: 1024 });
  exchangeGood(peer, write10(0, 1), { write: patternBytes(512, 1) });
  clock.seconds += 0.000_1;
  tally.settle();
  clock.seconds += 1;
  tally.settle(); // nobody waits
  const { read, write, none, failed } = figuresOf(peer).view;
  assert.deepEqual([read.commands, read.bytes], [1, 1024]);
  assert.deepEqual([write.commands, write.bytes], [1, 512]);
  assert.deepEqual([none.commands, none.bytes], [2, 0]);
  for (const way of [read, write]) assert.deepEqual(classesOf(way.classes), { 128: 1 });
  assert.deepEqual(classesOf(none.classes), { 1: 1, 128: 1 }, "the login took a unit attention");
  assert.deepEqual(failed, { unit_attention: 1 });
});

Deno.test("a command that the store works on, or that waits for data, takes until its answer", () => {
  using clock = new StandingClock(1);
  using rig = new Rig();
  const peer = rig.login(1);
  const { tally } = rig.node;
  tally.begin(performance.now());
  rig.store.hanging = true;
  const fields = { cdb: read10(0, 1), flags: FINAL | READ | SIMPLE, expectedLength: 512 };
  assert.deepEqual(peer.send(peer.command(fields)), []);
  clock.seconds += 0.25;
  tally.begin(performance.now());
  rig.store.hanging = false;
  rig.store.release();
  assert.equal(peer.take().length, 1);
  const write = openWrite(peer, 0, patternBytes(512, 1));
  clock.seconds += 2;
  tally.begin(performance.now());
  assert.equal(write.finish().length, 1);
  const view = figuresOf(peer).view;
  assert.deepEqual(classesOf(view.read.classes), { [2 ** 18]: 1 }); // 250000 us
  assert.deepEqual(classesOf(view.write.classes), { [2 ** 21]: 1 }); // 2000000 us
});

Deno.test("what fails moves no bytes, and what is aborted is counted as that alone", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  exchange(peer, read10(0xffff_fff0, 1), { read: 512 }); // beyond the end
  openWrite(peer, 0, patternBytes(512, 1));
  peer.connection.close();
  const [total] = [...rig.node.findTarget(TARGET)!.totals.all];
  const { read, write, failed } = total!.figures.view;
  assert.deepEqual([read.commands, read.bytes], [1, 0]);
  assert.equal(write.commands, 0);
  assert.deepEqual(failed, { unit_attention: 1, illegal_request: 1, aborted: 1 });
});

Deno.test("what sessions did stays with the LUN of the target when they end", () => {
  using rig = new Rig();
  for (const isid of [1, 2]) {
    const peer = rig.login(isid);
    exchangeGood(peer, read10(0, 1), { read: 512 });
    peer.connection.close();
  }
  rig.node.tally.settle();
  const totals = [...rig.node.findTarget(TARGET)!.totals.all];
  assert.deepEqual(totals.map(({ lun, device }) => [lun, device]), [[0, "rig"]]);
  const { read } = totals[0]!.figures.view;
  assert.deepEqual([read.commands, read.bytes], [2, 1024]);
  assert.equal(read.classes.reduce((sum, count) => sum + count, 0), 2, "each has its time");
});
