/** A disk in memory: it takes what is written, no more than its size, and keeps nothing. */
import assert from "node:assert/strict";
import { PORTABLE } from "../../ffi/platform.ts";
import type { DeviceModel } from "../../lib/scst/model.ts";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { BLOCK } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  getLbaStatus16,
  inquiry,
  read10,
  readCapacity16,
  synchronizeCache10,
  unmap,
  unmapList,
  write10,
} from "../initiator/cdb.ts";

const SIZE = 64 * 2 ** 20;
const PAGE = 4096;

function ramModel(values: Partial<DeviceModel> = {}): DeviceModel {
  return deviceModel("r", { handler: "vdisk_ram", size: SIZE, thinProvisioned: true, ...values });
}

/** Bytes of memory that each disk of this process takes. */
function memoryTaken(): number[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      const path = `/proc/self/fd/${name}`;
      return Deno.readLinkSync(path).startsWith("/memfd:scst")
        ? [Deno.statSync(path).blocks! * 512]
        : [];
    } catch {
      return []; // the descriptor that reads the directory
    }
  });
}

Deno.test("vdisk_ram takes memory as it is written, and gives it back", () => {
  using rig = new DeviceRig();
  const model = ramModel();
  assert.equal(resultOf((done) => rig.devices.add(model, done)).state, "done");
  assert.deepEqual(rig.log, [
    "warning device 'r': what is written is in memory, and gone when the server ends",
  ]);
  rig.set("0=r");
  const peer = rig.login(1);
  assert.deepEqual(memoryTaken(), [0]);
  const vendor = exchangeGood(peer, inquiry(36), { read: 36 }).subarray(8, 16);
  assert.equal(new TextDecoder().decode(vendor), "SCST_RAM");
  const capacity = exchangeGood(peer, readCapacity16(32), { read: 32 });
  assert.equal(new DataView(capacity.buffer).getUint32(4), SIZE / BLOCK - 1);

  const write = patternBytes(4 * PAGE, 1);
  const blocks = write.length / BLOCK;
  const last = SIZE / BLOCK - blocks;
  for (const lba of [8, last]) exchangeGood(peer, write10(lba, blocks), { write });
  exchangeGood(peer, synchronizeCache10(0, 0));
  assert.deepEqual(exchangeGood(peer, read10(last, blocks), { read: write.length }), write);
  const before = exchangeGood(peer, read10(last - 8, 8), { read: PAGE });
  assert(before.every((byte) => byte === 0), "what was never written is zeros");
  assert.deepEqual(memoryTaken(), [8 * PAGE]);
  exchangeSense(peer, write10(last + 1, blocks), "05/21/00", { write });

  const list = unmapList([{ lba: last, blocks }]);
  exchangeGood(peer, unmap(list.length), { write: list });
  const gone = exchangeGood(peer, read10(last, blocks), { read: write.length });
  assert(gone.every((byte) => byte === 0));
  if (!PORTABLE) {
    assert.deepEqual(memoryTaken(), [4 * PAGE]);
    const status = exchangeGood(peer, getLbaStatus16(8 + blocks, 24), { read: 24 });
    const view = new DataView(status.buffer);
    assert.deepEqual([view.getUint32(16), view.getUint8(20)], [SIZE / BLOCK - 8 - blocks, 1]);
  }
  const change = resultOf((done) =>
    rig.devices.get("r").change({ ...model, size: SIZE * 2 }, done)
  );
  assert.equal(change.error, "Cannot change size: that needs the device to be made anew");

  rig.set("");
  assert.equal(resultOf((done) => rig.devices.remove("r", done)).state, "done");
  assert.deepEqual(memoryTaken(), []);
});

Deno.test("two disks in memory are two, and a new one is empty", () => {
  using rig = new DeviceRig();
  for (const name of ["r", "s"]) {
    const model = { ...ramModel(), name, ids: { usn: name } };
    assert.equal(resultOf((done) => rig.devices.add(model, done)).state, "done");
  }
  rig.set("0=r 1=s");
  const peer = rig.login(1, [0, 1]);
  const write = patternBytes(BLOCK, 1);
  exchangeGood(peer, write10(0, 1), { write });
  const other = exchangeGood(peer, read10(0, 1), { read: BLOCK, lun: 1 });
  assert(other.every((byte) => byte === 0));
  rig.set("1=s");
  assert.equal(resultOf((done) => rig.devices.remove("r", done)).state, "done");
  assert.equal(resultOf((done) => rig.devices.add(ramModel(), done)).state, "done");
  rig.set("0=r 1=s");
  const next = rig.login(2, [0, 1]);
  const read = exchangeGood(next, read10(0, 1), { read: BLOCK });
  assert(read.every((byte) => byte === 0));
});
