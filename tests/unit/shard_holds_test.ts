/** Suspensions and blocks: what they wait for, and how they are taken back. */
import assert from "node:assert/strict";
import { Holds } from "../../lib/shard/holds.ts";
import type { Done } from "../../lib/shard/operation_error.ts";
import { manage } from "../harness/copy_rig.ts";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { BLOCK, type Peer } from "../harness/rig.ts";
import { StandingClock } from "../harness/standing_clock.ts";
import { StuckPool } from "../harness/stuck_pool.ts";
import { sendWaiting, statuses } from "../harness/under_way.ts";
import { synchronizeCache10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const SIMPLE = 1;
const ABORT_TASK = 1;
const FUA = 0x08;

/** Two disks, `a` as LUN 0 and `b` as LUN 1, and a clock that only moves when it is told to. */
class Scene implements Disposable {
  readonly clock = new StandingClock(1000);
  readonly pool = new StuckPool();
  readonly rig = new DeviceRig(this.pool);
  readonly holds: Holds;
  readonly peer: Peer;
  #looks: (() => void)[] = [];

  constructor() {
    const { rig } = this;
    for (const name of ["a", "b"]) this.add(name);
    rig.set("0=a 1=b");
    this.holds = new Holds({
      node: rig.node,
      devices: () => rig.devices.all,
      after: (_milliseconds, action) => this.#looks.push(action),
      report: (level, line) => rig.log.push(`${level} ${line}`),
    });
    this.peer = rig.login(1, [0, 1]);
  }

  add(name: string): void {
    const model = deviceModel(name, { filename: this.rig.file(2 ** 20) });
    assert.equal(resultOf((done) => this.rig.devices.add(model, done)).state, "done");
  }

  device(name: string) {
    return this.rig.devices.deviceOf(name);
  }

  /** A flush that the store works on; it has something to flush. */
  startFlush(lun = 0): number {
    exchangeGood(this.peer, write10(0, 1), { lun, write: markedBlocks(1, 0, 1) });
    this.pool.isStuck = true;
    const command = this.peer.command({ lun, cdb: synchronizeCache10(0, 0) });
    assert.deepEqual(this.peer.send(command), []);
    assert.equal(this.pool.held.length, 1);
    return command.itt;
  }

  /** Time passes; whoever wanted to look does. */
  pass(seconds: number): void {
    this.clock.seconds += seconds;
    for (const look of this.#looks.splice(0)) look();
  }

  block(name: string, waits = true, text = "") {
    return resultOf((done: Done) => this.holds.block(this.device(name), waits, text, done));
  }

  suspend(seconds: number) {
    return resultOf((done: Done) => this.holds.suspend(seconds, done));
  }

  [Symbol.dispose](): void {
    this.pool.free();
    this.rig[Symbol.dispose]();
    this.pool[Symbol.dispose]();
    this.clock[Symbol.dispose]();
  }
}

Deno.test("suspend() is done at once where nothing runs, and holds all devices until resume()", () => {
  using scene = new Scene();
  assert.equal(scene.suspend(0).state, "done");
  assert.equal(scene.holds.suspensions, 1);
  const waiting = [0, 1].map((lun) => {
    const command = scene.peer.command({ lun, cdb: testUnitReady() });
    assert.deepEqual(scene.peer.send(command), []);
    return `${command.itt} 0`;
  });
  scene.holds.resume();
  assert.deepEqual(statuses(scene.peer.take()), waiting);
  assert.equal(scene.holds.suspensions, 0);
  scene.holds.resume(); // which has nothing to take back
  exchangeGood(scene.peer, testUnitReady());
});

Deno.test("suspend() waits for what runs, however long where it may", () => {
  using scene = new Scene();
  const flush = scene.startFlush();
  const result = scene.suspend(0);
  scene.pass(100_000);
  assert.equal(result.state, "pending");
  scene.pool.free();
  assert.deepEqual(statuses(scene.peer.take()), [`${flush} 0`]);
  scene.pass(0);
  assert.equal(result.state, "done");
  const waits = sendWaiting(scene.peer, SIMPLE);
  scene.holds.resume();
  assert.deepEqual(statuses(scene.peer.take()), [`${waits} 0`]);
});

Deno.test("suspend() is taken back when what runs does not end in time", () => {
  using scene = new Scene();
  const flush = scene.startFlush();
  const result = scene.suspend(3);
  const waits = sendWaiting(scene.peer, SIMPLE);
  scene.pass(2.9);
  assert.equal(result.state, "pending");
  assert.deepEqual(scene.peer.take(), []);
  scene.pass(0.1);
  assert.equal(result.state, "refused");
  assert.match(result.error!, /still being executed/);
  assert.equal(scene.holds.suspensions, 0);
  assert.deepEqual(statuses(scene.peer.take()), [`${waits} 0`]);
  scene.pool.free();
  assert.deepEqual(statuses(scene.peer.take()), [`${flush} 0`]);
});

Deno.test("suspend() hears that somebody has resumed before it was done", () => {
  using scene = new Scene();
  scene.startFlush();
  const result = scene.suspend(0);
  scene.holds.resume();
  scene.pass(1);
  assert.equal(result.state, "refused");
  assert.equal(scene.holds.suspensions, 0);
  scene.pool.free();
  scene.peer.take();
});

Deno.test("an aborted write is waited for as long as the store works on it", () => {
  using scene = new Scene();
  scene.pool.isStuck = true;
  const cdb = write10(0, 1);
  cdb[1] = FUA;
  const data = markedBlocks(1, 0, 1);
  const flags = FINAL | WRITE | SIMPLE;
  const write = scene.peer.command({ cdb, flags, expectedLength: BLOCK, data });
  assert.deepEqual(scene.peer.send(write), []);
  const answers = scene.peer.send(manage(scene.peer, ABORT_TASK, { task: write.itt }));
  assert.equal(answers.length, 1);
  const result = scene.block("a");
  scene.pass(1);
  assert.equal(result.state, "pending");
  scene.pool.free();
  scene.pass(1);
  assert.equal(result.state, "done");
  scene.holds.unblock(scene.device("a"));
});

Deno.test("block() holds one device, nests, and tells what it still waits for", () => {
  using scene = new Scene();
  const device = scene.device("a");
  const flush = scene.startFlush();
  assert.equal(scene.block("a", false, "snapshot 7").state, "done");
  assert.deepEqual(scene.holds.blocksOf(device), { blocks: 1, pending: 1 });
  const waits = sendWaiting(scene.peer, SIMPLE);
  scene.pool.free();
  assert.deepEqual(statuses(scene.peer.take()), [`${flush} 0`]);
  const isBlocked = () => scene.rig.log.includes("info device 'a' is blocked: snapshot 7");
  assert(!isBlocked());
  scene.pass(1);
  assert(isBlocked());
  assert.equal(scene.block("a").state, "done");
  assert.deepEqual(scene.holds.blocksOf(device), { blocks: 2, pending: 0 });
  exchangeGood(scene.peer, testUnitReady(), { lun: 1 });
  scene.holds.unblock(device);
  assert.deepEqual(scene.peer.take(), []);
  scene.holds.unblock(device);
  assert.deepEqual(statuses(scene.peer.take()), [`${waits} 0`]);
  scene.holds.unblock(device); // which is not blocked
  assert.deepEqual(scene.holds.blocksOf(device), { blocks: 0, pending: 0 });
});

Deno.test("a device that comes while all are suspended stands still too; one that goes lets go", () => {
  using scene = new Scene();
  scene.suspend(0);
  scene.add("c");
  const device = scene.device("c");
  scene.holds.enter(device);
  assert(device.gate.isShut);
  scene.holds.resume();
  assert(!device.gate.isShut);
  scene.suspend(0);
  scene.block("c");
  assert.equal(resultOf((done) => scene.rig.devices.remove("c", done)).state, "done");
  scene.holds.leave(device);
  assert(!device.gate.isShut);
  scene.holds.resume();
  exchangeGood(scene.peer, testUnitReady());
});

Deno.test("a thousand suspensions are a runaway script", () => {
  using scene = new Scene();
  for (let count = 0; count < 1000; count++) assert.equal(scene.suspend(0).state, "done");
  const { state, error } = scene.suspend(0);
  assert.equal(state, "refused");
  assert.match(error!, /^Cannot suspend execution: that was done 1000 times/);
  for (let count = 0; count < 1000; count++) scene.holds.resume();
  assert.equal(scene.holds.suspensions, 0);
  exchangeGood(scene.peer, write10(0, 1), { write: markedBlocks(1, 0, 1) });
});
