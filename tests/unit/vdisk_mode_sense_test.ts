/** MODE SENSE (SPC-5 6.13, 6.14) and the mode pages (SPC-5 7.5, SBC-4 6.5), byte by byte. */
import assert from "node:assert/strict";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { type Peer, Rig, type RigOptions } from "../harness/rig.ts";
import { modeSense10, modeSense6, type ModeSenseOptions } from "../initiator/cdb.ts";

const zeros = (count: number) => "00".repeat(count);
const golden = (...parts: string[]) => toHex(hexBytes(parts.join("")));

const ALL_PAGES = 0x3f;
const Control = { CURRENT: 0, CHANGEABLE: 1, DEFAULT: 2, SAVED: 3 } as const;

/** The pages of a disk of 1 MiB with blocks of 512 bytes that does not rotate, with their headers. */
const PAGES: ReadonlyMap<number, string> = new Map([
  [0x01, `01 0a c0 ${zeros(9)}`],
  [0x02, `02 0e ${zeros(14)}`],
  [0x03, `03 16 ${zeros(8)} 003f 0200 0001 ${zeros(4)} 40 ${zeros(3)}`],
  [0x04, `04 16 000001 ff ${zeros(14)} 0000 ${zeros(2)}`],
  [0x08, `88 12 04 ${zeros(17)}`],
  [0x0a, `8a 0a 20 10 ${zeros(8)}`],
  [0x1c, `1c 0a ${zeros(10)}`],
]);

/** What can be changed of them, behind the headers. */
const CHANGEABLE: ReadonlyMap<number, string> = new Map([
  [0x08, `04 ${zeros(17)}`],
  [0x0a, `14 06 08 40 ${zeros(6)}`],
]);

const everyPage = [...PAGES.values()].join("");

function sense6(peer: Peer, code: number, options: ModeSenseOptions = {}): string {
  return toHex(exchangeGood(peer, modeSense6(code, 255, options), { read: 255 }));
}

function sense10(peer: Peer, code: number, options: ModeSenseOptions = {}): string {
  return toHex(exchangeGood(peer, modeSense10(code, 1024, options), { read: 1024 }));
}

const disableBlockDescriptors = true;

Deno.test("modeSense() has header, block descriptor and all pages in ascending order", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const short = "00000800 00 000200";
  const long = "00000000 00000800 00000000 00000200";
  const cases: [actual: string, expected: string[]][] = [
    [sense6(peer, ALL_PAGES), ["83 00 10 08", short]],
    [sense6(peer, ALL_PAGES, { disableBlockDescriptors }), ["7b 00 10 00"]],
    [sense6(peer, ALL_PAGES, { subpage: 0xff }), ["83 00 10 08", short]],
    [sense10(peer, ALL_PAGES), ["0086 00 10 00 00 0008", short]],
    [sense10(peer, ALL_PAGES, { disableBlockDescriptors }), ["007e 00 10 00 00 0000"]],
    [sense10(peer, ALL_PAGES, { longLba: true }), ["008e 00 10 01 00 0010", long]],
    [sense10(peer, ALL_PAGES, { control: Control.DEFAULT }), ["0086 00 10 00 00 0008", short]],
    [sense10(peer, ALL_PAGES, { control: Control.SAVED }), ["0086 00 10 00 00 0008", short]],
  ];
  for (const [actual, expected] of cases) assert.equal(actual, golden(...expected, everyPage));
});

Deno.test("modeSense() has each page by itself, and tells what can be changed in it", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const [code, page] of PAGES) {
    const size = hexBytes(page).length;
    const length = (3 + size).toString(16).padStart(2, "0");
    const length10 = (6 + size).toString(16).padStart(4, "0");
    const fixed = { disableBlockDescriptors };
    assert.equal(sense6(peer, code, fixed), golden(length, "00 10 00", page));
    assert.equal(sense10(peer, code, fixed), golden(length10, "00 10 00 00 0000", page));
    const header = toHex(hexBytes(page).subarray(0, 2));
    const fields = CHANGEABLE.get(code) ?? zeros(size - 2);
    const changeable = golden(length, "00 10 00", header, fields);
    assert.equal(sense6(peer, code, { ...fixed, control: Control.CHANGEABLE }), changeable);
  }
});

Deno.test("modeSense() refuses pages and subpages that are not there", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const transfer = { read: 1024 };
  for (const sense of [modeSense6, modeSense10]) {
    for (let code = 0; code < ALL_PAGES; code++) {
      if (!PAGES.has(code)) {
        const { fieldPointer } = exchangeSense(peer, sense(code, 255), "05/24/00", transfer);
        assert.deepEqual(fieldPointer, { inCdb: true, byte: 2, bit: 5 });
      }
    }
    for (const [code, subpage] of [[0x0a, 0x01], [0x3f, 0x01], [0x3f, 0xfe]] as const) {
      const cdb = sense(code, 255, { subpage });
      const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", transfer);
      assert.deepEqual(fieldPointer, { inCdb: true, byte: 3, bit: 7 });
    }
  }
});

/** Bytes `from` to `to` of a page of a disk. */
function field(options: RigOptions, code: number, from: number, to: number): string {
  using rig = new Rig(options);
  const page = sense6(rig.login(1), code, { disableBlockDescriptors });
  return toHex(hexBytes(page).subarray(4 + from, 4 + to));
}

Deno.test("modeSense() tells block size, geometry and rotation of the disk", () => {
  assert.equal(field({ blocksize: 4096 }, 0x03, 12, 14), "1000");
  assert.equal(field({ blocksize: 65536 }, 0x03, 12, 14), "0000", "it does not fit");
  assert.equal(field({ rotational: true }, 0x04, 20, 22), "3a98");
  const geometry = (size: number) => field({ null: true, size }, 0x04, 2, 6);
  assert.equal(geometry(512 * 255 * 63 * 0x12345), "012345ff");
  assert.equal(geometry(2 ** 50), "ffffffff", "the field is full");
});

Deno.test("modeSense() says WP of a read-only disk", () => {
  using rig = new Rig({ readOnly: true });
  const peer = rig.login(1);
  assert.equal(hexBytes(sense6(peer, 0x08))[2], 0x90);
  assert.equal(hexBytes(sense10(peer, 0x08))[3], 0x90);
});

Deno.test("modeSense() describes the blocks of a disk of any size", () => {
  const descriptor = (options: RigOptions, longLba: boolean) => {
    using rig = new Rig(options);
    const bytes = hexBytes(sense10(rig.login(1), 0x1c, { longLba }));
    return toHex(bytes.subarray(8, longLba ? 24 : 16));
  };
  const large = { null: true, size: 5 * 2 ** 39 };
  assert.equal(descriptor(large, false), "ffffffff 00000200");
  assert.equal(descriptor(large, true), "00000001 40000000 00000000 00000200");
  assert.equal(descriptor({ blocksize: 4096 }, false), "00000100 00001000");
  assert.equal(descriptor({ blocksize: 65536 }, false), "00000010 00010000");
});
