/** Where the time of commands goes: what is measured of each stage, and what of what was measured is told. */
import assert from "node:assert/strict";
import {
  cellOf,
  LATENCY_SIZES,
  LATENCY_WAYS,
  LatencyFigures,
  type LatencyRow,
  TOTAL,
} from "../../lib/iscsi/latency_figures.ts";
import { SendQueue } from "../../lib/iscsi/send_queue.ts";
import type { Session } from "../../lib/iscsi/session.ts";
import { Stage, STAGES } from "../../lib/scsi/stage.ts";
import { manage } from "../harness/copy_rig.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { BLOCK, type Peer, Rig } from "../harness/rig.ts";
import { StandingClock } from "../harness/standing_clock.ts";
import { openWrite, sendWaiting } from "../harness/under_way.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

const [NONE, READS, WRITES, BOTH] = [0, 1, 2, 3];
const SIMPLE = 1;
const ORDERED = 2;
const ABORT_TASK = 1;

Deno.test("cellOf() counts a command for the largest size that it reaches", () => {
  const table: [bytes: number, size: number][] = [
    [0, 512],
    [1, 512],
    [512, 512],
    [1023, 512],
    [1024, 1024],
    [65536 + 4096, 65536],
    [524288, 524288],
    [8 * 2 ** 20, 524288],
    [0xffffffff, 524288],
  ];
  for (const [bytes, size] of table) {
    const column = LATENCY_SIZES.indexOf(size);
    assert.equal(cellOf(0, bytes), column, `${bytes}`);
    assert.equal(cellOf(3, bytes), 3 * LATENCY_SIZES.length + column);
  }
  assert.deepEqual([LATENCY_SIZES[0], LATENCY_SIZES.at(-1), LATENCY_SIZES.length], [
    512,
    524288,
    11,
  ]);
  assert.deepEqual([BOTH, LATENCY_WAYS.length], [3, 4]);
});

Deno.test("LatencyFigures tells count, least, most, mean and deviation in microseconds", () => {
  const figures = new LatencyFigures();
  for (const milliseconds of [2, 4, 4, 4, 5, 5, 7, 9]) figures.add(17, Stage.STORE, milliseconds);
  const rows = figures.rows(17);
  assert.deepEqual(rows.map(({ stage }) => stage), [...STAGES.map(({ name }) => name), "total"]);
  assert.deepEqual(rows[Stage.STORE], {
    stage: "store",
    count: 8,
    min: 2000,
    max: 9000,
    average: 5000,
    deviation: 2000,
  });
  const none = { count: 0, min: 0, max: 0, average: 0, deviation: 0 };
  assert.deepEqual(rows[TOTAL], { stage: "total", ...none });
  assert.deepEqual(figures.rows(16)[Stage.STORE], { stage: "store", ...none });
  figures.add(18, Stage.STORE, 1);
  figures.reset(17);
  assert.equal(figures.rows(17)[Stage.STORE]!.count, 0);
  assert.equal(figures.rows(18)[Stage.STORE]!.count, 1);
});

Deno.test("SendQueue lets answers go when the bytes up to them are sent, the oldest when it is full", () => {
  using clock = new StandingClock(1);
  const gone: number[][] = [];
  const queue = new SendQueue(3, (...what) => gone.push(what));
  queue.advance(1000);
  queue.add(100, 7, 500, 900);
  queue.add(150, 8, 501, 901);
  queue.advance(99);
  assert.deepEqual(gone, []);
  queue.advance(100);
  assert.deepEqual(gone.splice(0), [[7, 500, 900, 1000]]);
  for (const position of [200, 250, 300]) queue.add(position, 9, 502, 902);
  assert.deepEqual(gone.splice(0), [[8, 501, 901, 902]], "there is no room for it");
  clock.seconds = 2;
  queue.advance(250);
  assert.deepEqual(gone.splice(0), [[9, 502, 902, 2000], [9, 502, 902, 2000]]);
  queue.clear();
  queue.advance(1000);
  assert.deepEqual(gone, []);
});

/** A rig that measures, with a clock that only moves when it is told to. */
class Scene implements Disposable {
  readonly clock = new StandingClock(1000);
  readonly rig = new Rig();
  readonly peer: Peer;
  readonly session: Session;

  constructor() {
    this.peer = this.rig.login(1);
    this.session = [...this.rig.node.sessions][0]!;
    this.rig.node.measuresLatency = true;
  }

  pass(milliseconds: number): void {
    this.clock.seconds += milliseconds / 1000;
  }

  /** The answers leave. */
  send(): void {
    this.peer.take();
    this.session.connection.noteProgress();
  }

  /** Milliseconds in each row that has counted one command. */
  times(way: number, bytes: number): Record<string, number> {
    const rows: LatencyRow[] = this.session.latency!.rows(cellOf(way, bytes));
    const counted = rows.filter(({ count }) => count > 0);
    for (const { count } of counted) assert.equal(count, 1);
    return Object.fromEntries(
      counted.map(({ stage, average }) => [stage, Math.round(average / 1000)]),
    );
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
    this.clock[Symbol.dispose]();
  }
}

Deno.test("a command is measured in each stage that it comes to, and all in all", () => {
  using scene = new Scene();
  const { peer, rig } = scene;
  // An ORDERED write holds the turn; the read behind it waits for that, then for the store.
  const first = openWrite(peer, 0, patternBytes(BLOCK, 1), ORDERED);
  scene.pass(1);
  const read = peer.command({
    cdb: read10(0, 8),
    flags: FINAL | READ | SIMPLE,
    expectedLength: 8 * BLOCK,
  });
  assert.deepEqual(peer.send(read), []);
  scene.pass(20);
  rig.store.hanging = true;
  first.finish(); // it waits for the store as well
  scene.pass(300);
  rig.store.release(1);
  scene.pass(4000);
  rig.store.release();
  rig.store.hanging = false;
  scene.pass(50_000);
  scene.send();
  assert.deepEqual(scene.times(WRITES, BLOCK), {
    received: 0,
    data_wait: 21,
    turn_wait: 0,
    store: 300,
    send: 54_000,
    total: 54_321,
  });
  assert.deepEqual(scene.times(READS, 8 * BLOCK), {
    received: 0,
    turn_wait: 320,
    store: 4000,
    send: 50_000,
    total: 54_320,
  });
});

Deno.test("what waits at the gate, or is refused at once, is measured where it was", () => {
  using scene = new Scene();
  scene.rig.device.gate.shut();
  sendWaiting(scene.peer, SIMPLE);
  scene.pass(7);
  scene.rig.device.gate.open();
  scene.send();
  assert.deepEqual(scene.times(NONE, 0), {
    received: 0,
    turn_wait: 7,
    store: 0,
    send: 0,
    total: 7,
  });
  scene.session.latency!.reset(cellOf(NONE, 0));
  scene.peer.run({ cdb: testUnitReady(), lun: 5 });
  scene.session.connection.noteProgress();
  assert.deepEqual(scene.times(NONE, 0), { received: 0, send: 0, total: 0 });
});

Deno.test("an aborted command is not measured, and nothing is once it is turned off", () => {
  using scene = new Scene();
  const { peer, session, rig } = scene;
  rig.device.gate.shut();
  const itt = sendWaiting(peer, SIMPLE);
  peer.send(manage(peer, ABORT_TASK, { task: itt }));
  const later = sendWaiting(peer, SIMPLE);
  scene.send();
  assert.deepEqual(scene.times(NONE, 0), {});
  rig.node.measuresLatency = false;
  assert.equal(session.latency, undefined);
  rig.device.gate.open();
  assert.deepEqual(peer.take().map((pdu) => pdu.itt), [later], "one that began while it was on");
  rig.node.measuresLatency = true;
  assert.deepEqual(scene.times(NONE, 0), {});
  exchangeGood(peer, write10(0, 1), { write: patternBytes(BLOCK, 1) });
  session.connection.noteProgress();
  assert.equal(scene.times(WRITES, BLOCK).total, 0);
  const other = rig.login(2);
  assert.notEqual([...rig.node.sessions].at(-1)!.latency, undefined, "a session that begins");
  other.connection.close();
});
