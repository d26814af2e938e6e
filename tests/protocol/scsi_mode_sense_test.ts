/** MODE SENSE 6 and 10 (SPC-4 6.11, 6.12, 7.5; SBC-3 6.5). */
import assert from "node:assert/strict";
import { assertGood, assertSense } from "../harness/block_io.ts";
import { backingFile, diskYaml } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { modeSense10, modeSense6, type ModeSenseOptions } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const MIB = 1 << 20;
const PLAIN = 0;
const LARGE_BLOCKS = 1;
const READ_ONLY = 2;
const HUGE = 3;
const WP = 0x80;
const DPOFUA = 0x10;
const ALL_PAGES = 0x3f;
/** Page codes and PAGE LENGTHs. */
const PAGES = [
  [0x01, 0x0a],
  [0x02, 0x0e],
  [0x03, 0x16],
  [0x04, 0x16],
  [0x08, 0x12],
  [0x0a, 0x0a],
  [0x1c, 0x0a],
] as const;

function yaml(dir: string): string {
  return diskYaml([
    { filename: backingFile(dir, "plain", 4 * MIB) },
    { filename: backingFile(dir, "large", 4 * MIB), blocksize: 4096 },
    { filename: backingFile(dir, "readonly", MIB), readOnly: true },
    {},
  ]);
}

interface ModeData {
  readonly deviceSpecific: number;
  readonly blockDescriptor: DataView;
  readonly pages: ReadonlyMap<number, Uint8Array>;
  readonly order: readonly number[];
}

/** Takes mode parameters apart, checking every length. */
function parse(data: Uint8Array, long: boolean): ModeData {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const length = long ? view.getUint16(0) + 2 : view.getUint8(0) + 1;
  assert.equal(length, data.length, "MODE DATA LENGTH");
  const headerLength = long ? 8 : 4;
  const descriptorLength = long ? view.getUint16(6) : view.getUint8(3);
  const pages = new Map<number, Uint8Array>();
  const order: number[] = [];
  let at = headerLength + descriptorLength;
  while (at < length) {
    const code = view.getUint8(at) & 0x3f;
    const end = at + 2 + view.getUint8(at + 1);
    assert.equal(view.getUint8(at) & 0x40, 0, "no subpage format");
    const readOnly = (view.getUint8(long ? 3 : 2) & WP) !== 0;
    const savable = code === 0x0a || code === 0x08 && !readOnly;
    assert.equal(view.getUint8(at) & 0x80, savable ? 0x80 : 0, "PS");
    pages.set(code, data.slice(at, end));
    order.push(code);
    at = end;
  }
  assert.equal(at, length, "the last page ends with the data");
  return {
    deviceSpecific: view.getUint8(long ? 3 : 2),
    blockDescriptor: new DataView(data.buffer, data.byteOffset + headerLength, descriptorLength),
    pages,
    order,
  };
}

async function sense(
  session: Session,
  lun: number,
  long: boolean,
  code: number,
  options: ModeSenseOptions = {},
): Promise<ModeData> {
  const cdb = (long ? modeSense10 : modeSense6)(code, 255, options);
  const result = await session.command(cdb, { lun, read: 255 });
  assertGood(result, `MODE SENSE of page ${code.toString(16)}`);
  return parse(result.data, long);
}

suite("MODE SENSE", yaml, {
  "every page, by itself and among all, in both CDB lengths": async (server) => {
    await using session = await openReady(server);
    for (const long of [false, true]) {
      const all = await sense(session, PLAIN, long, ALL_PAGES);
      assert.deepEqual(all.order, PAGES.map(([code]) => code), "ascending order");
      for (const [code, length] of PAGES) {
        const { order, pages } = await sense(session, PLAIN, long, code);
        assert.deepEqual(order, [code]);
        const page = pages.get(code);
        assert.equal(page?.[1], length, `PAGE LENGTH of ${code.toString(16)}`);
        assert.deepEqual(page, all.pages.get(code));
      }
    }
  },

  "Caching says that writes are cached": async (server) => {
    await using session = await openReady(server);
    const page = (await sense(session, PLAIN, false, 0x08)).pages.get(0x08);
    assert.equal((page?.[2] ?? 0) & 0x04, 0x04, "WCE");
  },

  "Control says that sense comes in fixed format": async (server) => {
    await using session = await openReady(server);
    const page = (await sense(session, PLAIN, false, 0x0a)).pages.get(0x0a);
    assert.equal((page?.[2] ?? 0) & 0x04, 0, "D_SENSE");
    const result = await session.command(new Uint8Array(16).fill(0xff, 0, 1));
    assert.equal(result.sense?.format, "fixed");
  },

  "DPO and FUA are supported; WP stands for a read-only disk": async (server) => {
    await using session = await openReady(server, [PLAIN, READ_ONLY]);
    for (const long of [false, true]) {
      const plain = await sense(session, PLAIN, long, ALL_PAGES);
      assert.equal(plain.deviceSpecific & (DPOFUA | WP), DPOFUA);
      const readOnly = await sense(session, READ_ONLY, long, ALL_PAGES);
      assert.equal(readOnly.deviceSpecific & WP, WP);
    }
  },

  "the block descriptor tells number and length of blocks": async (server) => {
    await using session = await openReady(server, [PLAIN, LARGE_BLOCKS, HUGE]);
    for (
      const [lun, blocks, length] of [
        [PLAIN, 4 * MIB / 512, 512],
        [LARGE_BLOCKS, 4 * MIB / 4096, 4096],
        [HUGE, 0xffffffff, 512],
      ] as const
    ) {
      for (const long of [false, true]) {
        const { blockDescriptor } = await sense(session, lun, long, 0x08);
        assert.equal(blockDescriptor.byteLength, 8);
        assert.equal(blockDescriptor.getUint32(0), blocks);
        assert.equal(blockDescriptor.getUint32(4) & 0xffffff, length);
      }
    }
  },

  "DBD leaves the block descriptor out": async (server) => {
    await using session = await openReady(server);
    for (const long of [false, true]) {
      const options = { disableBlockDescriptors: true };
      const { blockDescriptor, order } = await sense(session, PLAIN, long, 0x08, options);
      assert.equal(blockDescriptor.byteLength, 0);
      assert.deepEqual(order, [0x08]);
    }
  },

  "LLBAA allows the long block descriptor": async (server) => {
    await using session = await openReady(server, [HUGE]);
    const { blockDescriptor } = await sense(session, HUGE, true, 0x08, { longLba: true });
    if (blockDescriptor.byteLength === 8) return;
    assert.equal(blockDescriptor.byteLength, 16);
    assert.equal(blockDescriptor.getBigUint64(0), 5n * 2n ** 39n / 512n);
    assert.equal(blockDescriptor.getUint32(12), 512);
  },

  "changeable values are a mask of the same length": async (server) => {
    await using session = await openReady(server);
    for (const [code, length] of PAGES) {
      const { pages } = await sense(session, PLAIN, false, code, { control: 1 });
      assert.equal(pages.get(code)?.length, length + 2);
    }
  },

  "default values are those of the start": async (server) => {
    await using session = await openReady(server);
    for (const [code] of PAGES) {
      const current = await sense(session, PLAIN, false, code);
      const byDefault = await sense(session, PLAIN, false, code, { control: 2 });
      assert.deepEqual(byDefault.pages, current.pages);
    }
  },

  "saved values are those of the start": async (server) => {
    await using session = await openReady(server);
    for (const [code] of PAGES) {
      const current = await sense(session, PLAIN, false, code);
      const saved = await sense(session, PLAIN, false, code, { control: 3 });
      assert.deepEqual(saved.pages, current.pages);
    }
  },

  "an unknown page or subpage is an invalid field": async (server) => {
    await using session = await openReady(server);
    for (const build of [modeSense6, modeSense10]) {
      const unknown = await session.command(build(0x2a, 255), { read: 255 });
      assertSense(unknown, "05/24/00");
      assert.equal(unknown.sense?.fieldPointer?.byte, 2);
      const subpage = await session.command(build(0x08, 255, { subpage: 5 }), { read: 255 });
      assertSense(subpage, "05/24/00");
      assert.equal(subpage.sense?.fieldPointer?.byte, 3);
    }
  },

  "data is cut off at the allocation length, and MODE DATA LENGTH is not": async (server) => {
    await using session = await openReady(server);
    const whole = (await session.command(modeSense6(ALL_PAGES, 255), { read: 255 })).data;
    for (const length of [0, 1, 4, 12, 20]) {
      const { data } = await session.command(modeSense6(ALL_PAGES, length), { read: 255 });
      assert.deepEqual([...data], [...whole.subarray(0, length)]);
    }
  },
});
