/** VPD page 8Fh (SPC-4 7.8.17): what it promises, the opcode table has. */
import assert from "node:assert/strict";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { inquiry } from "../initiator/cdb.ts";

/** The descriptors of the page, by type. */
function descriptorsOf(page: Uint8Array): Map<number, DataView> {
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  assert.equal(view.getUint8(1), 0x8f);
  assert.equal(view.getUint16(2), page.length - 4);
  const found = new Map<number, DataView>();
  for (let at = 4; at < page.length;) {
    const length = view.getUint16(at + 2);
    assert.equal(length % 4, 0, "padded");
    found.set(view.getUint16(at), new DataView(page.buffer, page.byteOffset + at, 4 + length));
    at += 4 + length;
  }
  return found;
}

Deno.test("VPD page 8Fh lists the third-party copy commands of the opcode table", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const page = exchangeGood(peer, inquiry(1024, 0x8f), { read: 1024 });
  const descriptors = descriptorsOf(page);
  const types = [...descriptors.keys()];
  assert.deepEqual(types, types.toSorted((a, b) => a - b));

  const commands = descriptors.get(0x0001)!;
  const listed: number[] = [];
  for (let at = 5; at < 5 + commands.getUint8(4);) {
    const count = commands.getUint8(at + 1);
    for (let index = 0; index < count; index++) {
      listed.push(commands.getUint8(at) << 8 | commands.getUint8(at + 2 + index));
    }
    at += 2 + count;
  }
  const rows = OPERATION_TABLE.rows.filter((row) => row.code === 0x83 || row.code === 0x84);
  assert.deepEqual(listed, rows.map((row) => row.code << 8 | row.serviceAction!));

  assert.deepEqual(types, [0x0000, 0x0001, 0x0004, 0x0008, 0x0106, 0x0108, 0x8001]);
  const limits = descriptors.get(0x0000)!;
  assert.equal(limits.byteLength, 36);
  assert.equal(limits.getUint16(10), 64);
  assert.equal(limits.getUint32(12), 3600);
  assert.equal(limits.getUint32(16), 300);
  assert.equal(limits.getBigUint64(20), 2n ** 30n / 512n);
  assert.equal(limits.getBigUint64(28), 2n ** 26n / 512n);
  const parameters = descriptors.get(0x0004)!;
  assert.equal(parameters.byteLength, 32);
  assert.equal(parameters.getUint16(8), 5);
  assert.equal(parameters.getUint16(10), 64);
  assert.equal(parameters.getUint32(12), 5 * 32 + 64 * 28);
  assert.equal(descriptors.get(0x0008)!.getUint8(4), 2);
  assert.equal(descriptors.get(0x0008)!.getUint16(5), 0x02e4);
  const features = descriptors.get(0x0106)!;
  assert.equal(features.byteLength, 48 + 48);
  assert.equal(features.getUint16(46), 48);
  const rods = descriptors.get(0x0108)!;
  assert.equal(rods.getUint16(6), 128);
  assert.deepEqual([rods.getUint32(8), rods.getUint8(12)], [0x00800001, 3]);
  assert.deepEqual([rods.getUint32(72), rods.getUint8(76)], [0xffff0001, 2]);
  assert.equal(descriptors.get(0x8001)!.byteLength, 36);
  assert.equal(descriptors.get(0x8001)!.getUint32(12), 256 * 2 ** 20);
});

Deno.test("INQUIRY says that third-party copies are done (3PC)", () => {
  using rig = new Rig();
  const standard = exchangeGood(rig.login(1), inquiry(96), { read: 96 });
  assert.equal(standard[5]! & 0x08, 0x08);
});
