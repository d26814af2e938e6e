/** max_tgt_dev_commands: how many commands one initiator may have under way at a device. */
import assert from "node:assert/strict";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { exchange, exchangeGood, exchangeManagement } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { StuckPool } from "../harness/stuck_pool.ts";
import { inquiry, read10, testUnitReady } from "../initiator/cdb.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

const TASK_SET_FULL = 0x28;
const BUSY = 0x08;
const ABORT_TASK_SET = 2;

/** Sends READs; returns the statuses of those that were answered at once. */
function readMany(peer: Peer, count: number): number[] {
  const fields = { cdb: read10(0, 1), flags: FINAL | READ | 1, expectedLength: 512 };
  return Array.from({ length: count }, () => peer.send(peer.command(fields)))
    .flatMap((answers: Pdu[]) => answers.map((answer) => answer.u8(Field.status)));
}

Deno.test("what comes beyond the limit gets TASK SET FULL, and only of whoever is over it", () => {
  for (const tst of [0, 1] as const) {
    using rig = new Rig({ maxCommands: 4, tst });
    const [greedy, other] = [rig.login(1), rig.login(2)];
    rig.store.hanging = true;
    assert.deepEqual(readMany(greedy, 7), [TASK_SET_FULL, TASK_SET_FULL, TASK_SET_FULL]);
    assert.equal(rig.store.held.length, 4);
    assert.equal(exchange(greedy, testUnitReady()).status, TASK_SET_FULL);
    exchangeGood(other, testUnitReady());
    assert.deepEqual(readMany(other, 3), []);
    rig.store.release(1);
    assert.equal(greedy.take().length, 1);
    exchangeGood(greedy, testUnitReady());
    assert.deepEqual(readMany(greedy, 2), [TASK_SET_FULL]);
    rig.store.hanging = false;
    rig.store.release();
    assert.equal(greedy.take().length, 4);
    exchangeGood(greedy, read10(0, 1), { read: 512 });
  }
});

Deno.test("what the store is asked for says whose it is", () => {
  using rig = new Rig();
  const [one, other] = [rig.login(1), rig.login(2)];
  rig.store.hanging = true;
  readMany(one, 2);
  readMany(other, 1);
  const sources = rig.store.held.map(({ source }) => source);
  assert.equal(new Set(sources).size, 2);
  assert.equal(sources[0], sources[1]);
  rig.store.hanging = false;
  rig.store.release();
});

Deno.test("commands that were aborted do not count, and a nexus without any hears BUSY", () => {
  using rig = new Rig({ maxCommands: 2 });
  const peer = rig.login(1);
  rig.store.hanging = true;
  assert.deepEqual(readMany(peer, 3), [TASK_SET_FULL]);
  assert.equal(exchangeManagement(peer, ABORT_TASK_SET), 0);
  assert.deepEqual(readMany(peer, 2), []);
  rig.store.hanging = false;
  rig.store.release();
  using shut = new Rig({ maxCommands: 0 });
  const none = shut.connect();
  none.login(1);
  assert.equal(exchange(none, inquiry(36), { read: 36 }).status, BUSY);
  assert.equal(exchange(none, inquiry(36), { read: 36 }).status, BUSY);
});

Deno.test("a device has SCST's limit of 64, and another one from the moment that it is changed", () => {
  using pool = new StuckPool();
  using rig = new DeviceRig(pool);
  const model = deviceModel("a", { filename: rig.file(2 ** 20) });
  resultOf((done) => rig.devices.add(model, done));
  rig.set("0=a");
  const { disk } = rig.devices.deviceOf("a");
  assert.equal(disk.settings.maxCommands, 64);
  const served = rig.devices.get("a");
  const changed = resultOf((done) => served.change({ ...model, maxCommands: 1 }, done));
  assert.equal(changed.state, "done");
  const peer = rig.login(1);
  pool.isStuck = true;
  const sync = { cdb: Uint8Array.of(0x35, ...Array(15).fill(0)) };
  assert.deepEqual(peer.send(peer.command(sync)), []);
  assert.equal(exchange(peer, testUnitReady()).status, TASK_SET_FULL);
  pool.free();
  assert.equal(peer.take().length, 1);
  exchangeGood(peer, testUnitReady());
});
