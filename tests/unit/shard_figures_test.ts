/** What a shard tells of thousands of sessions and LUNs: all of it, but only so much in a turn of its loop. */
import assert from "node:assert/strict";
import { sidOf } from "../../lib/iscsi/session_view.ts";
import type { ShardFigures, ShardHead } from "../../lib/shard/figures.ts";
import { type FiguresPart, joinFigures } from "../../lib/shard/figures.ts";
import { FIGURES_LENGTH } from "../../lib/scst/command_figures.ts";
import { FiguresWalk, LOOKS_MOST } from "../../lib/shard/figures_walk.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { type Peer, Rig, TARGET } from "../harness/rig.ts";
import { read10 } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

const HEAD: ShardHead = {
  loopDelay: 0,
  worstLoopDelay: 0,
  memory: { lent: 0, kept: 0 },
  connections: 0,
  storageRequests: 0,
  storageThreads: 0,
  loginsAccepted: 0,
  loginsRefused: {},
};

/** Sessions that have read a block of LUN 0 each, beyond the command of their login. */
function crowd(rig: Rig, count: number): Peer[] {
  const peers = Array.from({ length: count }, (_, index) => {
    const peer = rig.login(index + 1, { InitiatorName: `iqn.2026-11.org.scst.test:peer${index}` });
    exchangeGood(peer, read10(0, 1), { read: 512 });
    return peer;
  });
  rig.node.tally.settle(); // as at the end of a turn
  return peers;
}

/** Walks through all of it; `between` happens behind each part. */
function walk(rig: Rig, between: (part: number) => void = () => {}): [FiguresPart[], ShardFigures] {
  const figures = new FiguresWalk(rig.node);
  const parts: FiguresPart[] = [];
  for (let part = figures.next(); part !== undefined; part = figures.next()) {
    parts.push(structuredClone(part));
    between(parts.length);
  }
  return [parts, joinFigures(parts, HEAD)];
}

/** READs of all that is told. */
function readsOf({ sessions, ended }: ShardFigures): number {
  return [...sessions.flatMap(({ luns }) => luns), ...ended]
    .reduce((sum, { figures }) => sum + figures.read.commands, 0);
}

Deno.test("what a thousand sessions did is told in parts that are small, and nothing is missing", () => {
  using rig = new Rig();
  crowd(rig, 1000);
  const [parts, figures] = walk(rig);
  for (const { sessions, units, values } of parts) {
    assert(sessions.length + units.length <= LOOKS_MOST);
    assert.equal(values.length, units.length * FIGURES_LENGTH);
  }
  assert.equal(parts.length, Math.ceil(2000 / LOOKS_MOST));
  assert.equal(figures.sessions.length, 1000);
  for (const [index, { initiator, target, commands, luns }] of figures.sessions.entries()) {
    assert.equal(initiator, `iqn.2026-11.org.scst.test:peer${index}`);
    assert.deepEqual([target, commands, luns.length], [TARGET, 0, 1]);
    const { lun, device, figures: { read, none, failed } } = luns[0]!;
    assert.deepEqual([lun, device], [0, "rig"]);
    assert.deepEqual([read.commands, read.bytes, none.commands], [1, 512, 1]);
    assert.equal(read.classes.reduce((sum, count) => sum + count, 0), 1);
    assert.deepEqual(failed, { unit_attention: 1 });
  }
  assert.deepEqual(figures.ended, []);
});

Deno.test("LUNs count as well, those that a session does not use too", () => {
  using rig = new Rig();
  const { luns } = rig.node.findTarget(TARGET)!;
  for (let lun = 1; lun < 1000; lun++) luns.add(lun, rig.device);
  const peer = rig.login(1);
  const used = [0, 500, 999];
  for (const lun of used) {
    peer.run({ cdb: read10(0, 1), lun, flags: FINAL | READ | 1, expectedLength: 512 });
  }
  const [parts, { sessions: [session, ...others] }] = walk(rig);
  assert.deepEqual(others, []);
  assert.deepEqual(session!.luns.map(({ lun }) => lun), used);
  assert(parts.length >= Math.floor(1000 / LOOKS_MOST), `${parts.length} parts`);
});

Deno.test("what ends between two parts is counted once, be it told before or not", () => {
  for (const first of [0, 60, 120, 199]) {
    using rig = new Rig();
    const peers = crowd(rig, 200);
    const [parts, figures] = walk(rig, (part) => {
      // Some of them were told of by then, others will not be.
      for (const index of [first, (first + 100 + part) % 200]) peers[index]!.connection.close();
    });
    assert(parts.length > 3);
    assert.equal(readsOf(figures), 200, `with the session ${first}`);
    assert.equal(figures.ended.length, 1);
    const live = new Set([...rig.node.sessions].map((session) => sidOf(session)));
    for (const { sid, luns } of figures.sessions) assert(luns.length === 1 || !live.has(sid), sid);
    assert(figures.sessions.length >= live.size);
  }
});

Deno.test("a LUN that is taken away between two parts is counted once", () => {
  using rig = new Rig();
  crowd(rig, 200);
  const target = rig.node.findTarget(TARGET)!;
  const model = {
    name: TARGET,
    relTgtId: 1,
    attributes: target.attributes,
    incomingUsers: [],
    luns: [],
    groups: [],
  };
  const [, figures] = walk(rig, (part) => {
    if (part === 3) rig.node.setTarget(model, () => rig.device);
  });
  assert.equal(readsOf(figures), 200);
  assert.equal(figures.sessions.length, 200);
});

Deno.test("a command that outlives its session is counted with those that have ended, be it the first", () => {
  using rig = new Rig();
  const { luns } = rig.node.findTarget(TARGET)!;
  luns.add(7, rig.device);
  const peer = rig.login(1);
  const unit = [...rig.node.sessions][0]!.nexus!.units.get(7)!;
  unit.takeAttention();
  rig.store.hanging = true;
  const read = { cdb: read10(0, 1), lun: 7, flags: FINAL | READ | 1, expectedLength: 512 };
  assert.deepEqual(peer.send(peer.command(read)), []);
  peer.connection.close();
  const failedAt = (lun: number) =>
    walk(rig)[1].ended.find((one) => one.lun === lun)?.figures.failed;
  assert.equal(failedAt(7), undefined, "nothing has ended there");
  rig.store.hanging = false;
  rig.store.release();
  assert.deepEqual(failedAt(7), { aborted: 1 });
});

Deno.test("what has ended at many LUNs is told in small parts too, and what ends meanwhile once", () => {
  const luns = 300;
  using rig = new Rig();
  const target = rig.node.findTarget(TARGET)!;
  for (let lun = 1; lun < luns; lun++) target.luns.add(lun, rig.device);
  const readAll = (peer: Peer) => {
    for (const { lun } of target.luns.entries) {
      [...rig.node.sessions].at(-1)!.nexus!.units.get(lun)!.takeAttention();
      const flags = FINAL | READ | 1;
      peer.run({ cdb: read10(0, 1), lun, flags, expectedLength: 512 });
    }
  };
  const [gone, there] = [1, 2].map((isid) => {
    const peer = rig.login(isid);
    readAll(peer);
    return peer;
  });
  rig.node.tally.settle();
  gone!.connection.close();
  const whenTold: number[] = [];
  const [parts, figures] = walk(rig, (part) => {
    // In the middle of what has ended: some of it has been told without this session, some has not.
    if (part === 7) there!.connection.close();
  });
  for (const { ended, units, sessions } of parts) {
    assert(ended.length + units.length + sessions.length <= LOOKS_MOST);
    whenTold.push(ended.length);
  }
  assert(whenTold.slice(0, 7).some((count) => count > 0), `${whenTold}`);
  assert(whenTold.slice(7).some((count) => count > 0), `${whenTold}`);
  assert.equal(readsOf(figures), 2 * luns);
});
