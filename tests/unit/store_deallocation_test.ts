/** How space is given back: by the means that a file system or a device has, or by zeros, which is said. */
import assert from "node:assert/strict";
import { Deallocation, deallocationOf } from "../../ffi/block_device.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { openBlockStore, openFileStore } from "../../lib/store/file.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { FakeLimit } from "../harness/fake_limit.ts";
import { ForgetfulStore } from "../harness/forgetful_store.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { Place } from "../harness/place.ts";
import { Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, readCapacity16, unmap, unmapList, writeSame16 } from "../initiator/cdb.ts";

const SIZE = 2 ** 20;
const BLOCK = 512;

const noLoop = missingLoop();

function loopTest(name: string, fn: () => void): void {
  const why = noLoop === undefined ? "" : ` [${noLoop}]`;
  Deno.test({ name: `${name}${why}`, ignore: noLoop !== undefined, fn });
}

/** Opens a thin store, and does one operation on a range of it; returns what was warned of. */
function perform(
  place: Place,
  filename: string,
  operation: number,
  offset: number,
  length: number,
  open = openBlockStore,
): string[] {
  const warnings: string[] = [];
  const warn = (sentence: string) => warnings.push(sentence);
  const common = { filename, blocksize: BLOCK, size: undefined, readOnly: false, thin: true };
  const store = open({ ...common, warn }, place.pool);
  const request = new IoRequest();
  Object.assign(request, { operation, offset, length });
  store.submit(request);
  store.close();
  assert.equal(request.result, 0);
  return warnings;
}

const ZEROS = " cannot give space back: what initiators unmap is filled with zeros";

for (const sector of [512, 4096]) {
  loopTest(
    `a device with sectors of ${sector} bytes makes zeros by itself, but for parts of a sector`,
    () => {
      using place = new Place();
      using device = new LoopDevice(SIZE, sector, "/dev/shm");
      const content = patternBytes(SIZE, 1);
      for (const operation of [IoOperation.PUNCH, IoOperation.ZERO]) {
        Deno.writeFileSync(device.path, content);
        const offset = 5 * BLOCK;
        const length = 128 * 4096;
        const warnings = perform(place, device.path, operation, offset, length);
        assert.deepEqual(warnings, PORTABLE ? [`'${device.path}'${ZEROS}`] : []);
        assertSameBytes(
          Deno.readFileSync(device.path),
          content.slice().fill(0, offset, offset + length),
        );
        const kept = device.bytesTaken;
        if (operation === IoOperation.PUNCH && !PORTABLE) {
          assert(kept <= SIZE - length + 2 * 4096, `${kept} bytes are taken`);
        }
      }
    },
  );
}

for (const open of [openBlockStore, openFileStore]) {
  loopTest(
    `${open.name}: a device is told what is not needed any more, but for parts of its sectors`,
    () => {
      if (PORTABLE) return; // there is no call for it
      using place = new Place();
      using device = new LoopDevice(SIZE, 4096, "/dev/shm");
      const content = patternBytes(SIZE, 1);
      Deno.writeFileSync(device.path, content);
      perform(place, device.path, IoOperation.DISCARD, 5 * BLOCK, 64 * 4096, open);
      perform(place, device.path, IoOperation.DISCARD, SIZE - 4096 + BLOCK, 2 * BLOCK, open);
      // A loop device makes holes, which read as zeros.
      assertSameBytes(Deno.readFileSync(device.path), content.slice().fill(0, 4096, 64 * 4096));
      assert.equal(device.bytesTaken, SIZE - 63 * 4096);
    },
  );
}

const ramfs = SmallTmpfs.mount(SIZE, "ramfs");
const noRamfs = typeof ramfs === "string" ? ramfs : undefined;
if (typeof ramfs !== "string") ramfs[Symbol.dispose]();
const absent = noRamfs ?? noLoop;

Deno.test({
  name: `what cannot give space back is said, and filled with zeros${absent ? ` [${absent}]` : ""}`,
  ignore: absent !== undefined,
  fn: () => {
    using place = new Place();
    using mounted = SmallTmpfs.mount(SIZE, "ramfs") as SmallTmpfs;
    using device = new LoopDevice(SIZE, 512, mounted.path);
    const fd = openFile(device.path, false);
    assert.equal(deallocationOf(fd), Deallocation.NONE);
    closeFile(fd);
    const file = `${mounted.path}/f`;
    const content = patternBytes(SIZE, 1);
    Deno.writeFileSync(file, content);
    Deno.writeFileSync(device.path, content);
    const expected = content.slice().fill(0, BLOCK, 9 * BLOCK);
    const punch = [IoOperation.PUNCH, BLOCK, 8 * BLOCK] as const;
    assert.deepEqual(perform(place, device.path, ...punch), [`'${device.path}'${ZEROS}`]);
    assertSameBytes(Deno.readFileSync(device.path), expected);
    assert.deepEqual(perform(place, file, ...punch, openFileStore), [`'${file}'${ZEROS}`]);
    assertSameBytes(Deno.readFileSync(file), expected);
  },
});

Deno.test({
  name: `a device that takes no discards though it seemed to keeps its blocks${
    absent ? ` [${absent}]` : ""
  }`,
  ignore: absent !== undefined,
  fn: () => {
    if (PORTABLE) return; // there is no call for it
    using place = new Place();
    using mounted = SmallTmpfs.mount(SIZE, "ramfs") as SmallTmpfs;
    using device = new LoopDevice(SIZE, 512, mounted.path);
    using _limit = new FakeLimit(device, "discard_max_bytes", 4096);
    const content = patternBytes(SIZE, 1);
    Deno.writeFileSync(device.path, content);
    const warnings = perform(place, device.path, IoOperation.DISCARD, 0, SIZE / 2);
    assert.deepEqual(warnings, []);
    assertSameBytes(Deno.readFileSync(device.path), content);
  },
});

Deno.test("a disk that forgets what is unmapped does not say that it reads as zeros", () => {
  for (const forgets of [false, true]) {
    let store: ForgetfulStore | undefined;
    using rig = new Rig({
      around: (inner) => store = new ForgetfulStore(inner, forgets),
      thinProvisioned: true,
    });
    const peer = rig.login(1);
    const capacity = exchangeGood(peer, readCapacity16(32), { read: 32 });
    assert.equal(capacity[14], forgets ? 0x80 : 0xc0, "LBPME, LBPRZ");
    const page = exchangeGood(peer, inquiry(64, 0xb2), { read: 64 });
    assert.equal(page[5]! & 0x1c, forgets ? 0 : 0x04, "LBPRZ");
    const list = unmapList([{ lba: 8, blocks: 16 }]);
    exchangeGood(peer, unmap(list.length), { write: list });
    // WRITE SAME says what blocks read as, whether they take space or not.
    exchangeGood(peer, writeSame16(0, 8, 0x08), { write: new Uint8Array(BLOCK) });
    const first = forgets ? IoOperation.DISCARD : IoOperation.PUNCH;
    assert.deepEqual(store!.ranges, [[first, 8 * BLOCK, 16 * BLOCK], [IoOperation.PUNCH, 0, 4096]]);
  }
});
