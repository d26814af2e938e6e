/** Faults that a store makes by rules, and what becomes of the device that wants them. */
import assert from "node:assert/strict";
import { parseFaults } from "../../lib/config/fault_rule.ts";
import type { DeviceModel } from "../../lib/scst/model.ts";
import { FaultPlan } from "../../lib/store/fault_plan.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { deviceModel, DeviceRig, openDescriptors, resultOf } from "../harness/device_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { BLOCK, type Peer } from "../harness/rig.ts";
import { read10, synchronizeCache10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

const SIZE = 2 ** 20;
const { READ: READS, WRITE, WRITE_DURABLE, SYNC } = IoOperation;

/** At which of so many operations the faults of a plan are made. */
function struck(text: string, count: number, operation: number = READS): number[] {
  const plan = new FaultPlan(parseFaults(text)!, BLOCK);
  const numbers = Array.from({ length: count }, (_, number) => number);
  return numbers.filter((number) => plan.decide(operation, number * BLOCK, BLOCK) !== undefined);
}

Deno.test("FaultPlan makes faults where, when and as often as the rules say", () => {
  assert.deepEqual(struck("read EIO", 3), [0, 1, 2]);
  assert.deepEqual(struck("write EIO", 3), []);
  assert.deepEqual(struck("write EIO", 2, WRITE_DURABLE), [0, 1]);
  assert.deepEqual(struck("read EIO after=2 count=3", 9), [2, 3, 4]);
  assert.deepEqual(struck("read EIO lba=4-5", 9), [4, 5]);
  assert.deepEqual(struck("read EIO lba=4-5 after=1", 9), [5]);
  assert.deepEqual(struck("any EIO", 1, SYNC), [0]);
  assert.deepEqual(struck("any EIO lba=7", 1, SYNC), [], "a flush is of no block");
});

Deno.test("FaultPlan throws the same dice for the same seed, and as often as the chance says", () => {
  const one = struck("read EIO chance=0.1", 10_000);
  assert.deepEqual(struck("read EIO chance=0.1 seed=1", 10_000), one);
  assert.notDeepEqual(struck("read EIO chance=0.1 seed=2", 10_000), one);
  assert(one.length > 850 && one.length < 1150, `${one.length} of 10000`);
});

Deno.test("FaultPlan takes the first rule that makes a fault", () => {
  const plan = new FaultPlan(parseFaults("read EIO count=1; read hang lba=0; any EROFS")!, BLOCK);
  const kinds = [0, 0, 1].map((lba) => plan.decide(READS, lba * BLOCK, BLOCK));
  assert.deepEqual(kinds, [
    { kind: "error", errno: "EIO" },
    { kind: "hang" },
    { kind: "error", errno: "EROFS" },
  ]);
  assert.equal(plan.made, 3);
  assert.equal(plan.covers(WRITE, 0, BLOCK), true);
});

class Scene implements Disposable {
  readonly rig = new DeviceRig();
  readonly model: DeviceModel;
  readonly peer: Peer;

  constructor(text: string) {
    const filename = this.rig.file(SIZE);
    this.model = deviceModel("a", { filename, faults: parseFaults(text)! });
    resultOf((done) => this.rig.devices.add(this.model, done));
    this.rig.set("0=a");
    this.peer = this.rig.login(1);
  }

  /** Has other faults, or none. */
  change(text: string | undefined, values: Partial<DeviceModel> = {}): string {
    const { faults: _, ...model } = this.model;
    const faults = text === undefined ? {} : { faults: parseFaults(text)! };
    const served = this.rig.devices.get("a");
    return resultOf((done) => served.change({ ...model, ...faults, ...values }, done)).state;
  }

  /** Sends a READ that is not answered at once. */
  hang(): void {
    const fields = { cdb: read10(0, 1), flags: FINAL | READ | 1, expectedLength: BLOCK };
    assert.deepEqual(this.peer.send(this.peer.command(fields)), []);
  }

  statuses(): number[] {
    return this.peer.take().map((answer) => answer.u8(Field.status));
  }

  warnings(): string[] {
    return this.rig.log.splice(0).filter((line) => line.startsWith("warning"));
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
  }
}

const ONE = { write: new Uint8Array(BLOCK).fill(5) };
const TWO = { write: new Uint8Array(2 * BLOCK).fill(5) };

Deno.test("a device makes the faults that its configuration names, and says so", () => {
  using scene = new Scene("read EIO lba=8-9; write ENOSPC after=1 count=1; sync EIO after=1");
  assert.deepEqual(scene.warnings(), [
    "warning device 'a' makes FAULTS ON PURPOSE: " +
    "read EIO lba=8-9; write ENOSPC after=1 count=1; sync EIO after=1",
  ]);
  const { peer } = scene;
  exchangeGood(peer, read10(0, 8), { read: 8 * BLOCK });
  exchangeSense(peer, read10(7, 2), "03/11/00", { read: 2 * BLOCK });
  exchangeGood(peer, write10(0, 1), ONE);
  exchangeSense(peer, write10(0, 1), "07/27/07", ONE);
  exchangeGood(peer, write10(0, 1), ONE);
  exchangeGood(peer, synchronizeCache10(0, 0));
  exchangeSense(peer, synchronizeCache10(0, 0), "03/0C/00");
  const { counts, failures } = scene.rig.devices.deviceOf("a").disk.errors;
  assert.deepEqual([counts.io, counts.no_space, failures], [2, 1, 1]);
});

Deno.test("a short transfer writes its first bytes, and is an error", () => {
  using scene = new Scene("write short=700");
  const { peer } = scene;
  exchangeSense(peer, write10(4, 2), "03/0C/00", TWO);
  const content = Deno.readFileSync(scene.model.filename!).subarray(4 * BLOCK, 6 * BLOCK);
  assert.deepEqual(content.subarray(0, 700), TWO.write.subarray(0, 700));
  assert(content.subarray(700).every((byte) => byte === 0));
  scene.change("read short=0; write short=8000");
  exchangeSense(peer, read10(4, 2), "03/11/00", { read: 2 * BLOCK });
  exchangeSense(peer, write10(4, 2), "03/0C/00", TWO);
  assert.equal(scene.rig.devices.deviceOf("a").disk.errors.counts.short, 3);
});

Deno.test("what is late ends then, or when there are no faults any more, and only once", () => {
  using scene = new Scene("read delay=300ms");
  scene.hang();
  scene.hang();
  exchangeGood(scene.peer, testUnitReady());
  const { timers } = scene.rig;
  assert.deepEqual(timers.map(([milliseconds]) => milliseconds), [300, 300]);
  timers[0]![1]();
  assert.deepEqual(scene.statuses(), [0]);
  assert.equal(scene.change(undefined), "done");
  assert.deepEqual(scene.statuses(), [0]);
  timers[1]![1]();
  assert.deepEqual(scene.statuses(), []);
  exchangeGood(scene.peer, read10(0, 1), { read: BLOCK });
  assert.equal(timers.length, 2);
});

Deno.test("a delay that was cut short does not end what comes later", () => {
  using scene = new Scene("read delay=300ms");
  const { timers } = scene.rig;
  scene.hang();
  assert.equal(scene.change("read delay=600ms"), "done");
  assert.deepEqual(scene.statuses(), [0]);
  scene.hang(); // with the request of the first one
  assert.deepEqual(timers.map(([milliseconds]) => milliseconds), [300, 600]);
  timers[0]![1]();
  assert.deepEqual(scene.statuses(), []);
  timers[1]![1]();
  assert.deepEqual(scene.statuses(), [0]);
});

Deno.test("faults come and go while the device is used, and what hangs goes on then", () => {
  using scene = new Scene("");
  const { peer } = scene;
  scene.warnings();
  exchangeGood(peer, read10(0, 1), { read: BLOCK });
  assert.equal(scene.change("read hang"), "done");
  scene.hang();
  exchangeGood(peer, write10(0, 1), ONE);
  assert.equal(scene.change("read EIO"), "done");
  assert.deepEqual(scene.statuses(), [0]);
  assert.equal(exchange(peer, read10(0, 1), { read: BLOCK }).status, 2);
  assert.equal(scene.change(undefined), "done");
  exchangeGood(peer, read10(0, 1), { read: BLOCK });
  assert.deepEqual(scene.warnings(), [
    "warning device 'a' makes FAULTS ON PURPOSE: read hang",
    "warning device 'a' makes FAULTS ON PURPOSE: read EIO",
    "warning device 'a' makes no faults any more; it has made 1",
  ]);
});

Deno.test("what hangs on purpose holds up neither the end of the store nor that of the server", () => {
  {
    using scene = new Scene("any hang");
    scene.hang();
    assert.equal(scene.change("any hang", { active: false }), "done");
    assert.equal(openDescriptors(new RegExp(scene.model.filename!)), 0);
    assert.deepEqual(scene.statuses(), [0]);
    assert.equal(scene.change("read EIO", { active: true }), "done");
    exchangeSense(scene.peer, testUnitReady(), "06/28/00");
    exchangeSense(scene.peer, read10(0, 1), "03/11/00", { read: BLOCK });
  }
  using scene = new Scene("any hang");
  scene.hang();
  const finished: (string | undefined)[] = [];
  scene.rig.devices.finish((error) => finished.push(error));
  assert.deepEqual(finished, [undefined]);
});
