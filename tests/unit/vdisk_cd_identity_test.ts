/** What a drive for CDs says of itself: INQUIRY, vital product data, mode pages, capacity. */
import assert from "node:assert/strict";
import { CD_BLOCKS, CdRig } from "../harness/cd_rig.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes } from "../harness/hex.ts";
import type { Peer } from "../harness/rig.ts";
import {
  inquiry,
  modeSelect10,
  modeSense10,
  modeSense6,
  preventRemoval,
  readCapacity10,
  write10,
} from "../initiator/cdb.ts";

const DBD = { disableBlockDescriptors: true };

const bytesOf = (text: string) => [...hexBytes(text)];

/** A mode page behind the header of MODE SENSE(10). */
function page(peer: Peer, code: number, control = 0): number[] {
  const data = exchangeGood(peer, modeSense10(code, 255, { control }), { read: 255 });
  assert.deepEqual([...data.subarray(0, 8)], [0, data.length - 2, 0, 0, 0, 0, 0, 0], "header");
  return [...data.subarray(8)];
}

Deno.test("standardInquiry() is that of a CD/DVD device with a removable medium, of MMC-6", () => {
  using rig = new CdRig();
  const data = exchangeGood(rig.login(1), inquiry(96), { read: 96 });
  assert.equal(data[0], 0x05, "PERIPHERAL DEVICE TYPE");
  assert.equal(data[1], 0x80, "RMB");
  assert.equal(data[5], 0, "no 3PC");
  const versions = [0x00a0, 0x0960, 0x0460, 0x04e0, 0].flatMap((code) => [code >> 8, code & 0xff]);
  assert.deepEqual([...data.subarray(58, 68)], versions);
});

Deno.test("vpdPagesOf() are four pages; there is no volatile cache, as nothing is written", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const read = (code: number) => exchangeGood(peer, inquiry(255, code), { read: 255 });
  assert.deepEqual([...read(0x00)], bytesOf("05 00 0004 00 80 83 86"));
  assert.equal(read(0x83)[0], 0x05);
  assert.deepEqual([...read(0x86).subarray(5, 8)], [0x07, 0x00, 0x01]);
  for (const code of [0x8f, 0xb0, 0xb1, 0xb2]) {
    exchangeSense(peer, inquiry(255, code), "05/24/00", { read: 255 });
  }
});

Deno.test("modePagesOf() are those of MMC-6, without block descriptors and device-specific parameter", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const pages = [
    "01 0a 00000000000000000000",
    "8a 0a 201000000000000000 00",
    "1a 0a 00000000000000000000",
    "1c 0a 00000000000000000000",
    "1d 08 0000000000000000",
    "2a 1e 0800 0000 29 00 2100 0000 0000 2100 00000000000000000000000000000000",
  ].map(bytesOf);
  for (const expected of pages) assert.deepEqual(page(peer, expected[0]! & 0x3f), expected);
  assert.deepEqual(page(peer, 0x3f), pages.flat());
  for (const code of [0x02, 0x03, 0x04, 0x08]) {
    exchangeSense(peer, modeSense10(code, 255), "05/24/00", { read: 255 });
  }
  for (const options of [{}, DBD]) {
    const short = exchangeGood(peer, modeSense6(0x3f, 255, options), { read: 255 });
    assert.deepEqual([...short], [short.length - 1, 0, 0, 0, ...pages.flat()]);
  }
  const long = exchangeGood(peer, modeSense10(0x1c, 255, { longLba: true }), { read: 255 });
  assert.deepEqual([...long.subarray(0, 8)], [0, 18, 0, 0, 0, 0, 0, 0]);
});

Deno.test("capabilities() shows whether somebody has locked the tray", () => {
  using rig = new CdRig();
  const [one, other] = [rig.login(1), rig.login(2)];
  for (const lock of [1, 3]) {
    exchangeGood(other, preventRemoval(lock));
    assert.equal(page(one, 0x2a)[6], 0x2b);
    exchangeGood(other, preventRemoval(lock & 2));
    assert.equal(page(one, 0x2a)[6], 0x29);
  }
  assert.equal(page(one, 0x2a, 1)[6], 0, "nothing is changeable");
});

Deno.test("modeSelect() of a drive takes no block descriptor, and D_SENSE of the Control page", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const select = (text: string) => {
    const write = hexBytes(text);
    return { cdb: modeSelect10(write.length), write };
  };
  const withDescriptor = select("0000 00 00 0000 0008 0000000000000800");
  const { fieldPointer } = exchangeSense(peer, withDescriptor.cdb, "05/26/00", withDescriptor);
  assert.deepEqual(fieldPointer, { inCdb: false, byte: 6, bit: 7 });
  const control = select("0000000000000000 0a 0a 24100000000000000000");
  exchangeGood(peer, control.cdb, control);
  assert.equal(page(peer, 0x0a)[2], 0x24);
  exchangeSense(peer, write10(0, 1), "05/20/00", { write: new Uint8Array(2048) });
});

Deno.test("readCapacity10() of a drive is about the medium that is in", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const capacity = () => [...exchangeGood(peer, readCapacity10(), { read: 8 })];
  assert.deepEqual(capacity(), [0, 0, 0, CD_BLOCKS - 1, 0, 0, 8, 0]);
  rig.insert(2, 300);
  exchangeSense(peer, readCapacity10(), "06/28/00", { read: 8 });
  assert.deepEqual(capacity(), [0, 0, 1, 43, 0, 0, 8, 0]);
  rig.remove();
  exchangeSense(peer, readCapacity10(), "02/3A/00", { read: 8 });
});
