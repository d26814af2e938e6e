/** Devices that come, change and go while initiators use them. */
import assert from "node:assert/strict";
import type { DeviceModel } from "../../lib/scst/model.ts";
import type { SizeChange } from "../../lib/shard/size_watch.ts";
import { deviceModel, DeviceRig, openDescriptors, resultOf } from "../harness/device_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { eventsIn } from "../harness/regroup_rig.ts";
import { BLOCK, type Peer } from "../harness/rig.ts";
import {
  inquiry,
  read10,
  readCapacity10,
  readCapacity16,
  synchronizeCache10,
  testUnitReady,
  write10,
} from "../initiator/cdb.ts";

const SIZE = 2 ** 20;
const BLOCKS = SIZE / BLOCK;

function add(rig: DeviceRig, model: DeviceModel): void {
  assert.deepEqual(resultOf((done) => rig.devices.add(model, done)).state, "done");
}

function change(rig: DeviceRig, model: DeviceModel): string | undefined {
  const result = resultOf((done) => rig.devices.get(model.name).change(model, done));
  assert.notEqual(result.state, "pending");
  return result.error;
}

function resync(rig: DeviceRig, name: string, force = false) {
  return resultOf<SizeChange>((done) => rig.devices.get(name).resyncSize(force, done));
}

function remove(rig: DeviceRig, name: string) {
  return resultOf((done) => rig.devices.remove(name, done));
}

/** Blocks of the medium, by READ CAPACITY. */
function capacity(peer: Peer, lun = 0): number {
  const data = exchangeGood(peer, readCapacity10(), { read: 8, lun });
  return new DataView(data.buffer).getUint32(0) + 1;
}

/** A target with a disk over a file as LUN 0, and somebody who uses it. */
function fileRig(values: Partial<DeviceModel> = {}) {
  const rig = new DeviceRig();
  const path = rig.file(SIZE);
  const model = deviceModel("a", { filename: path, ...values });
  add(rig, model);
  rig.set("0=a");
  return { rig, path, model, peer: rig.login(1) };
}

Deno.test("add() refuses a name that is taken, and what cannot be opened leaves nothing behind", () => {
  using rig = new DeviceRig();
  add(rig, deviceModel("a"));
  const again = resultOf((done) => rig.devices.add(deviceModel("a"), done));
  assert.equal(again.error, "There is a device 'a' already");
  const missing = deviceModel("b", { filename: "/dev/shm/there/is/none" });
  const failed = resultOf((done) => rig.devices.add(missing, done));
  assert.match(failed.error!, /^Cannot open '.*' for reading and writing: /);
  assert.throws(() => rig.devices.get("b"), { message: "There is no device 'b'" });
  add(rig, deviceModel("b"));
});

Deno.test("change() refuses what initiators take for granted, and changes nothing", () => {
  const fixed: Partial<DeviceModel> = {
    blocksize: 4096,
    readOnly: true,
    thinProvisioned: true,
    rotational: true,
    removable: true,
    writeThrough: true,
    nvCache: true,
    oDirect: true,
    tst: 0,
  };
  const { rig, model, peer } = fileRig();
  using _rig = rig;
  for (const [key, value] of Object.entries(fixed)) {
    const error = change(rig, { ...model, [key]: value, texts: { prodId: "other" } });
    assert.match(error!, /^Cannot change [a-z_]+: that needs the device to be made anew$/);
  }
  const error = change(rig, { ...model, filename: rig.file(SIZE), texts: { prodId: "other" } });
  assert.equal(error, "Cannot change filename: it is active");
  assert.deepEqual(peer.take(), []);
  exchangeGood(peer, testUnitReady());
});

Deno.test("change() of identities and texts is told to everybody, once", () => {
  const { rig, model, peer } = fileRig();
  using _rig = rig;
  const other = rig.login(2);
  const shown: Partial<DeviceModel>[] = [
    { texts: { t10VendId: "ACME" } },
    { texts: { t10VendId: "ACME", prodId: "anvil" } },
    { texts: { prodId: "anvil" }, ids: { usn: "1234" } },
    { texts: { prodId: "anvil" }, ids: { usn: "1234", naaId: "6025c570000000000000000000000001" } },
    { texts: { prodId: "anvil" }, ids: { usn: "1234" }, optTransLen: 2 ** 20 },
  ];
  for (const values of shown) {
    assert.equal(change(rig, { ...model, ...values }), undefined);
    assert.equal(change(rig, { ...model, ...values }), undefined);
    for (const one of [peer, other]) {
      assert.deepEqual(eventsIn(one.take()), ["0 06/3F/03"]);
      exchangeSense(one, testUnitReady(), "06/3F/03");
      exchangeGood(one, testUnitReady());
    }
  }
  const data = exchangeGood(peer, inquiry(96), { read: 96 });
  assert.equal(new TextDecoder().decode(data.subarray(16, 21)), "anvil");
  const usn = exchangeGood(peer, inquiry(96, 0x80), { read: 96 });
  assert.equal(new TextDecoder().decode(usn.subarray(4)), "1234");
  assert.equal(change(rig, { ...model, ...shown.at(-1), kept: { threads_num: "4" } }), undefined);
  assert.deepEqual(peer.take(), [], "what only a kernel has nobody sees");
});

Deno.test("A disk that is not active is not ready, and has no file open", () => {
  const { rig, path, model, peer } = fileRig();
  using _rig = rig;
  const data = markedBlocks(1, 0, 4);
  exchangeGood(peer, write10(0, 4), { write: data });
  const open = () => openDescriptors(new RegExp(path));
  assert.equal(open(), 1);
  assert.equal(change(rig, { ...model, active: false }), undefined);
  assert.equal(open(), 0);
  for (const cdb of [testUnitReady(), read10(0, 1), readCapacity10(), synchronizeCache10(0, 0)]) {
    exchangeSense(peer, cdb, "02/04/00", cdb[0] === 0x28 ? { read: BLOCK } : {});
  }
  exchangeSense(peer, write10(0, 1), "02/04/00", { write: data.subarray(0, BLOCK) });
  exchangeGood(peer, inquiry(36), { read: 36 });
  assert.equal(resync(rig, "a").error, "Cannot take the size of its store: it is not active");

  assert.equal(change(rig, model), undefined);
  assert.equal(open(), 1);
  exchangeSense(peer, testUnitReady(), "06/28/00");
  assert.deepEqual(exchangeGood(peer, read10(0, 4), { read: data.length }), data);
});

Deno.test("A disk that is not active takes another file, and says that it has another size", () => {
  const { rig, model, peer } = fileRig();
  using _rig = rig;
  const inactive = { ...model, active: false };
  assert.equal(change(rig, inactive), undefined);
  const missing = { ...model, filename: "/dev/shm/there/is/none" };
  assert.match(change(rig, missing)!, /^Cannot open /);
  exchangeSense(peer, testUnitReady(), "02/04/00", {}, "it stays closed");
  const larger = { ...model, filename: rig.file(2 * SIZE) };
  assert.equal(change(rig, { ...larger, active: false }), undefined);
  assert.equal(change(rig, larger), undefined);
  assert.deepEqual(eventsIn(peer.take()), ["0 06/2A/09"]);
  exchangeSense(peer, testUnitReady(), "06/28/00");
  exchangeSense(peer, testUnitReady(), "06/2A/09");
  assert.equal(capacity(peer), 2 * BLOCKS);
});

Deno.test("A disk may be inactive from the beginning", () => {
  using rig = new DeviceRig();
  const model = deviceModel("a", { filename: "/dev/shm/there/is/none/yet", active: false });
  add(rig, model);
  rig.set("0=a");
  const peer = rig.login(1);
  exchangeSense(peer, testUnitReady(), "02/04/00");
  assert.equal(change(rig, { ...model, filename: rig.file(SIZE), active: true }), undefined);
  exchangeSense(peer, testUnitReady(), "06/28/00");
  assert.equal(capacity(peer), BLOCKS);
  rig.set("");
  assert.equal(remove(rig, "a").state, "done");
});

Deno.test("The size of vdisk_nullio and of a file can be changed; who uses it is told", () => {
  const { rig, model, peer } = fileRig();
  using _rig = rig;
  add(rig, deviceModel("n", { size: SIZE }));
  rig.set("0=a 1=n");
  peer.take();
  for (const lun of [0, 1]) exchange(peer, testUnitReady(), { lun });
  assert.equal(change(rig, deviceModel("n", { size: 3 * SIZE })), undefined);
  assert.deepEqual(eventsIn(peer.take()), ["1 06/2A/09"]);
  exchange(peer, testUnitReady(), { lun: 1 });
  exchange(peer, testUnitReady(), { lun: 1 });
  assert.equal(capacity(peer, 1), 3 * BLOCKS);
  assert.equal(change(rig, { ...model, size: SIZE / 2 }), undefined);
  assert.deepEqual(eventsIn(peer.take()), ["0 06/2A/09"]);
  exchangeSense(peer, testUnitReady(), "06/2A/09");
  exchangeSense(peer, read10(BLOCKS / 2, 1), "05/21/00", { read: BLOCK });
  const error = change(rig, { ...model, size: 2 * SIZE });
  assert.match(
    error!,
    /^Cannot export 2097152 bytes of device 'a': it is too small, it has 1048576/,
  );
  assert.equal(capacity(peer), BLOCKS / 2);
  assert.equal(change(rig, model), undefined);
  exchangeSense(peer, testUnitReady(), "06/2A/09");
  assert.equal(capacity(peer), BLOCKS);
});

Deno.test("resyncSize() takes what the file has by now; it shrinks only by force", () => {
  const { rig, path, peer } = fileRig();
  using _rig = rig;
  assert.deepEqual(resync(rig, "a").value, { before: SIZE, after: SIZE });
  assert.deepEqual(peer.take(), []);
  Deno.truncateSync(path, 2 * SIZE + 100);
  assert.deepEqual(resync(rig, "a").value, { before: SIZE, after: 2 * SIZE });
  assert.deepEqual(eventsIn(peer.take()), ["0 06/2A/09"]);
  exchangeSense(peer, testUnitReady(), "06/2A/09");
  assert.equal(capacity(peer), 2 * BLOCKS);
  Deno.truncateSync(path, SIZE);
  const refused = resync(rig, "a");
  assert.equal(
    refused.error,
    "Cannot take the size of the store of device 'a': it would shrink from 2097152 to 1048576 bytes; force it to",
  );
  assert.equal(capacity(peer), 2 * BLOCKS);
  exchangeSense(peer, read10(BLOCKS, 1), "03/11/00", { read: BLOCK }, "what is gone");
  assert.deepEqual(resync(rig, "a", true).value, { before: 2 * SIZE, after: SIZE });
  exchangeSense(peer, testUnitReady(), "06/2A/09");
  exchangeSense(peer, read10(BLOCKS, 1), "05/21/00", { read: BLOCK });
  Deno.truncateSync(path, 0);
  assert.match(resync(rig, "a", true).error!, /its store has not one block$/);
  Deno.truncateSync(path, SIZE);
  add(rig, deviceModel("n"));
  assert.match(resync(rig, "n").error!, /^Cannot take the size of its store: it has no file/);
});

Deno.test("A file that grows is noticed; one that shrinks is reported, once", () => {
  const { rig, path, peer } = fileRig();
  using _rig = rig;
  rig.devices.tick();
  assert.deepEqual([peer.take(), rig.log.filter((line) => !/login/.test(line))], [[], []]);
  Deno.truncateSync(path, 2 * SIZE);
  rig.devices.tick();
  assert.deepEqual(eventsIn(peer.take()), ["0 06/2A/09"]);
  exchangeSense(peer, testUnitReady(), "06/2A/09");
  assert.equal(capacity(peer), 2 * BLOCKS);
  const errors = () => rig.log.filter((line) => /^error (?!.*READ failed)/.test(line));
  const shrink = (size: number) => {
    Deno.truncateSync(path, size);
    for (let tick = 0; tick < 3; tick++) rig.devices.tick();
  };
  shrink(SIZE);
  assert.deepEqual(errors(), [
    "error the store of device 'a' has shrunk from 2097152 to 1048576 bytes: what is gone cannot be read",
    "error device 'a' has lost blocks; writes are refused until it is opened again",
  ]);
  assert.equal(capacity(peer), 2 * BLOCKS);
  // A write behind the end would make the file long again, with zeros for what it has lost.
  exchangeSense(peer, write10(2 * BLOCKS - 1, 1), "04/3E/01", { write: markedBlocks(1, 1, 1) });
  exchangeSense(peer, read10(BLOCKS, 1), "03/11/00", { read: BLOCK });
  exchangeGood(peer, read10(BLOCKS - 1, 1), { read: BLOCK });
  assert.equal(Deno.statSync(path).size, SIZE);
  shrink(SIZE / 2);
  assert.equal(errors().length, 3, "more of it is news");
  shrink(2 * SIZE);
  shrink(SIZE / 2);
  assert.equal(errors().length, 4, "as it is when it happens again");
});

Deno.test("A file of which a part is exported does not grow beyond it", () => {
  const { rig, path, peer } = fileRig({ size: SIZE / 2 });
  using _rig = rig;
  Deno.truncateSync(path, 4 * SIZE);
  rig.devices.tick();
  assert.deepEqual(resync(rig, "a").value, { before: SIZE / 2, after: SIZE / 2 });
  assert.equal(capacity(peer), BLOCKS / 2);
});

Deno.test("remove() closes file and journal, and leaves the name to another device", () => {
  const { rig, path, model, peer } = fileRig();
  using _rig = rig;
  const data = markedBlocks(1, 0, 4);
  exchangeGood(peer, write10(0, 4), { write: data });
  rig.set("");
  assert.equal(remove(rig, "a").state, "done");
  const left = [new RegExp(path), new RegExp(rig.stateDir)].map(openDescriptors);
  assert.deepEqual(left, [0, 0]);
  assert.deepEqual(Deno.readFileSync(path).subarray(0, data.length), data);
  assert.match(remove(rig, "a").error!, /There is no device 'a'/);
  add(rig, model);
  rig.set("0=a");
  exchangeSense(peer, testUnitReady(), "06/29/00");
  exchange(peer, testUnitReady());
  assert.deepEqual(exchangeGood(peer, read10(0, 4), { read: data.length }), data);
});

Deno.test("A device that is removed again and again leaves no descriptor open", () => {
  using rig = new DeviceRig();
  const models = [
    deviceModel("f", { filename: rig.file(SIZE) }),
    deviceModel("n"),
    deviceModel("c", { handler: "vcdrom", removable: true, readOnly: true, blocksize: 2048 }),
  ];
  const count = () => openDescriptors(/./);
  const before = count();
  for (let round = 0; round < 20; round++) {
    for (const model of models) add(rig, model);
    for (const { name } of models) assert.equal(remove(rig, name).state, "done");
  }
  assert.equal(count(), before);
});

Deno.test("A drive that is changed has another medium, unless somebody prevents it", () => {
  using rig = new DeviceRig();
  const model = deviceModel("c", {
    handler: "vcdrom",
    removable: true,
    readOnly: true,
    blocksize: 2048,
  });
  add(rig, model);
  rig.set("0=c");
  const peer = rig.login(1);
  exchangeSense(peer, testUnitReady(), "02/3A/00");
  assert.equal(change(rig, { ...model, filename: rig.file(SIZE) }), undefined);
  exchangeSense(peer, testUnitReady(), "06/28/00");
  exchangeGood(peer, Uint8Array.of(0x1e, 0, 0, 0, 1, 0));
  const refused = change(rig, { ...model, texts: { prodId: "other" } });
  assert.match(refused!, /^Cannot change the medium: .* prevents its removal$/);
  assert.deepEqual(peer.take(), [], "nothing of it was changed");
  exchangeGood(peer, Uint8Array.of(0x1e, 0, 0, 0, 0, 0));
  assert.equal(change(rig, model), undefined);
  exchangeSense(peer, testUnitReady(), "02/3A/00");
});

Deno.test("a dummy has a LUN and says that there is no device, and nothing can be done with it", () => {
  using rig = new DeviceRig();
  add(rig, deviceModel("a", { dummy: true }));
  rig.set("0=a");
  const peer = rig.login(1);
  assert.equal(exchangeGood(peer, inquiry(96), { read: 96 })[0], 0x3f);
  assert.equal(exchangeGood(peer, inquiry(255, 0x83), { read: 255 })[0], 0x3f);
  exchangeSense(peer, testUnitReady(), "02/04/00");
  exchangeSense(peer, read10(0, 1), "02/04/00", { read: 512 });
  exchangeSense(peer, write10(0, 1), "02/04/00", { write: new Uint8Array(512) });
  assert.match(
    change(rig, deviceModel("a")) ?? "",
    /^Cannot change dummy: that needs the device to be made anew$/,
  );
});

Deno.test("lb_per_pb_exp tells of physical blocks or not, and whoever is there hears of a change", () => {
  const { rig, model, peer } = fileRig();
  using _rig = rig;
  const exponent = () => exchangeGood(peer, readCapacity16(32), { read: 32 })[13];
  const { blocksize } = model;
  const first = exponent();
  assert.equal(blocksize << first!, 4096);
  assert.equal(change(rig, { ...model, hidesPhysicalBlocks: true }), undefined);
  exchangeSense(peer, testUnitReady(), "06/2A/09");
  assert.equal(exponent(), 0);
  assert.equal(change(rig, model), undefined);
  exchangeSense(peer, testUnitReady(), "06/2A/09");
  assert.equal(exponent(), first);
});
