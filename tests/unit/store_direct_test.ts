/** O_DIRECT: what is taken is transferred past the page cache, whatever its place, length and memory. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { Memory } from "../../ffi/memory.ts";
import { openFileStore } from "../../lib/store/file.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { WriteOrder } from "../../lib/store/write_order.ts";
import { BLOCK, DirectRig } from "../harness/direct_rig.ts";
import { missingLoop } from "../harness/loop_device.ts";
import { Place } from "../harness/place.ts";
import { type Random, withRandom } from "../harness/random.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { missingExt4, SmallExt4 } from "../harness/small_ext4.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";
import { patternBytes } from "../initiator/bytes.ts";

const noLoop = missingLoop();

function loopTest(name: string, fn: () => void | Promise<void>): void {
  const why = noLoop === undefined ? "" : ` [${noLoop}]`;
  Deno.test({ name: `${name}${why}`, ignore: noLoop !== undefined, fn });
}

const CHANGES = [
  IoOperation.WRITE,
  IoOperation.WRITE,
  IoOperation.WRITE,
  IoOperation.WRITE_DURABLE,
  IoOperation.PUNCH,
  IoOperation.ZERO,
  IoOperation.FILL,
];

/** A change of a random range, which touches no block that another one of its time touches. */
function change(rig: DirectRig, random: Random, first: number, blocks: number): void {
  const operation = random.pick(CHANGES);
  const length = blocks * BLOCK;
  const data = random.bytes(operation === IoOperation.FILL ? Math.min(length, 3 * BLOCK) : length);
  rig.begin(operation, first * BLOCK, length, data);
}

for (const sector of [512, 4096]) {
  loopTest(`changes side by side leave what they say, on sectors of ${sector} bytes`, async () => {
    await withRandom(async (random) => {
      const size = 2 ** 20;
      using rig = new DirectRig(size, sector);
      assert.equal(rig.store.physicalBlockSize, sector);
      for (let round = 0; round < 20; round++) {
        // Neighbours: they share the sectors of 4096 bytes in which one ends and the next one begins.
        let first = random.below(16);
        while (first < size / BLOCK - 64) {
          const blocks = random.pick([1, 1, 1, 2, 3, 7, 8, 9, 16, 33]);
          change(rig, random, first, blocks);
          // More at a time would only wait, and have the pool start workers on a busy machine.
          if (rig.workers.pool.pending >= 12) await rig.workers.settle();
          first += blocks + random.pick([0, 0, 0, 1, 5, 60]);
        }
        await rig.workers.settle();
        assertSameBytes(await rig.read(0, size, 8000), rig.model);
        const at = random.below(1000) * BLOCK;
        const length = (1 + random.below(40)) * BLOCK;
        const read = await rig.read(at, length, random.pick([512, 700, 4096, 100_000]));
        assertSameBytes(read, rig.model.subarray(at, at + length));
      }
      assertSameBytes(Deno.readFileSync(rig.device.path), rig.model);
    });
  });
}

loopTest("a transfer of several MiB that is not aligned anywhere", async () => {
  const size = 8 * 2 ** 20;
  using rig = new DirectRig(size, 4096);
  const length = 5 * 2 ** 20 + BLOCK;
  const data = patternBytes(length, 3);
  rig.begin(IoOperation.WRITE, 7 * BLOCK, length, data);
  await rig.workers.settle();
  rig.begin(IoOperation.FILL, 3 * BLOCK, 3 * 2 ** 20, patternBytes(BLOCK, 5));
  await rig.workers.settle();
  rig.begin(IoOperation.ZERO, size - 2 ** 21 - BLOCK, 2 ** 21, new Uint8Array(BLOCK));
  await rig.workers.settle();
  assertSameBytes(await rig.read(0, size, 65_000), rig.model);
  // In more pieces than one call takes.
  assertSameBytes(await rig.read(BLOCK, 2 ** 20, 512), rig.model.subarray(BLOCK, BLOCK + 2 ** 20));
});

/** Pages of a file that are in the page cache. */
function cachedPages(path: string): number {
  const args = ["-b", "-n", "-o", "PAGES", path];
  const { stdout } = new Deno.Command("fincore", { args }).outputSync();
  return Number(new TextDecoder().decode(stdout));
}

/** Does one operation with the pool of a place, which does it at once. */
function perform(place: Place, filename: string, direct: boolean, operation: number): number {
  const options = { filename, blocksize: BLOCK, size: undefined, readOnly: false, direct };
  const store = openFileStore(options, place.pool);
  const request = new IoRequest();
  const length = 3 * BLOCK;
  request.memory = new Memory(length);
  request.memory.bytes.set(patternBytes(length, 9));
  request.iov.push(request.memory.address, length);
  Object.assign(request, { operation, offset: 5 * BLOCK, length });
  if (operation === IoOperation.READ && store.readNow(request.iov, 5 * BLOCK, length) === length) {
    request.result = 0;
  } else store.submit(request);
  store.close();
  return request.result;
}

Deno.test("o_direct leaves nothing in the page cache", () => {
  using place = new Place();
  const filename = place.file("f", new Uint8Array(0));
  Deno.truncateSync(filename, 2 ** 16);
  for (const operation of [IoOperation.WRITE, IoOperation.READ, IoOperation.WRITE_DURABLE]) {
    assert.equal(perform(place, filename, true, operation), 0);
    assert.equal(cachedPages(filename), 0);
  }
  assert.equal(perform(place, filename, false, IoOperation.READ), 0);
  assert(cachedPages(filename) > 0, "which tells that this is seen");
  const content = new Uint8Array(2 ** 16);
  content.set(patternBytes(3 * BLOCK, 9), 5 * BLOCK);
  assertSameBytes(Deno.readFileSync(filename), content);
});

Deno.test("a file that ends before its blocks do is not read as zeros, nor written", () => {
  using place = new Place();
  const filename = place.file("f", new Uint8Array(8192));
  const options = { filename, blocksize: BLOCK, size: undefined, readOnly: false, direct: true };
  const store = openFileStore(options, place.pool);
  Deno.truncateSync(filename, 0);
  const request = new IoRequest();
  request.memory = new Memory(BLOCK);
  request.iov.push(request.memory.address, BLOCK);
  Object.assign(request, { operation: IoOperation.READ, offset: BLOCK, length: BLOCK });
  store.submit(request);
  assert.equal(request.result, -Errno.ESHORT);
  store.close();
});

loopTest("a part of a sector that is gone is not written, and says what is wrong", async () => {
  using rig = new DirectRig(2 ** 16, 4096);
  rig.device.resize(2 ** 15);
  const request = new IoRequest();
  request.memory = new Memory(BLOCK);
  request.iov.push(request.memory.address, BLOCK);
  Object.assign(request, { operation: IoOperation.WRITE, offset: 40_960, length: BLOCK });
  rig.store.submit(request);
  await rig.workers.settle();
  assert.equal(request.result, -Errno.ESHORT);
});

const noExt4 = missingExt4();

Deno.test({
  name: "a file whose size does not go with O_DIRECT is refused, and its end is not used" +
    (noExt4 === undefined ? "" : ` [${noExt4}]`),
  ignore: noExt4 !== undefined,
  fn: () => {
    using place = new Place();
    using mounted = new SmallExt4(2 ** 24, 4096);
    const filename = `${mounted.path}/f`;
    Deno.writeFileSync(filename, new Uint8Array(9 * BLOCK));
    assert.equal(
      place.sentence({ filename, direct: true }).replace(mounted.path, "EXT4"),
      "Cannot use 'EXT4/f': its size of 4608 bytes is not a multiple of what O_DIRECT takes there, 4096",
    );
    assert.equal(place.sentence({ filename }), "it was opened");
    assert.match(
      place.sentence({ filename, direct: true, size: 9 * BLOCK }),
      /^Cannot export 4608 bytes of .*: it is too small, it has 4096 bytes$/,
    );
    Deno.truncateSync(filename, 4096);
    const options = { filename, blocksize: BLOCK, size: undefined, readOnly: false, direct: true };
    const store = openFileStore(options, place.pool);
    Deno.truncateSync(filename, 8192 + BLOCK);
    const request = new IoRequest();
    request.operation = IoOperation.SIZE;
    store.submit(request);
    assert.equal(request.result, 8192);
    store.close();
  },
});

const ramfs = SmallTmpfs.mount(2 ** 20, "ramfs");
const noRamfs = typeof ramfs === "string" ? ramfs : undefined;
if (typeof ramfs !== "string") ramfs[Symbol.dispose]();

Deno.test({
  name: `a file system without O_DIRECT is said to be one${noRamfs ? ` [${noRamfs}]` : ""}`,
  ignore: noRamfs !== undefined,
  fn: () => {
    using place = new Place();
    using mounted = SmallTmpfs.mount(2 ** 20, "ramfs") as SmallTmpfs;
    const filename = `${mounted.path}/f`;
    Deno.writeFileSync(filename, new Uint8Array(8192));
    assert.equal(
      place.sentence({ filename, direct: true }).replace(mounted.path, "RAMFS"),
      "Cannot use 'RAMFS/f': its file system does not let anybody past the page cache (O_DIRECT): EINVAL",
    );
    assert.equal(place.sentence({ filename }), "it was opened");
    // What cannot be used at all is said first.
    const wanted = "not a regular file or a block device";
    const character = place.sentence({ filename: "/dev/null", direct: true });
    assert.equal(character, `Cannot use '/dev/null': it is a character device, ${wanted}`);
  },
});

/** A request that changes `length` bytes at `offset`, and notes its end. */
function named(
  name: string,
  offset: number,
  length: number,
  ended: string[],
  operation: number = IoOperation.WRITE,
): IoRequest {
  const request = new IoRequest();
  Object.assign(request, { operation, offset, length });
  request.finished = () => ended.push(name);
  return request;
}

Deno.test("WriteOrder lets nobody into a block of which a part is written, and nobody be overtaken", () => {
  const ended: string[] = [];
  const running: IoRequest[] = [];
  const order = new WriteOrder(4096, (request) => running.push(request));
  const part = named("part", 512, 512, ended);
  const neighbour = named("neighbour", 1024, 512, ended);
  const whole = named("whole", 0, 8192, ended);
  const behind = named("behind", 4096, 4096, ended);
  const elsewhere = named("elsewhere", 8192, 512, ended);
  const read = named("read", 512, 512, ended, IoOperation.READ);
  const sync = named("sync", 0, 0, ended, IoOperation.SYNC);
  for (const request of [part, neighbour, whole, behind, elsewhere, read, sync]) {
    order.submit(request);
  }
  // `whole` waits for `neighbour`; `behind` is whole as well, and two whole ones may be side by side.
  assert.deepEqual(running, [part, behind, elsewhere, read, sync]);
  const end = (request: IoRequest) => request.finished(request);
  end(part);
  assert.deepEqual(running.slice(5), [neighbour]);
  end(neighbour);
  assert.deepEqual(running.slice(6), [whole]);
  for (const request of [whole, behind, elsewhere, read, sync]) end(request);
  const names = ["part", "neighbour", "whole", "behind", "elsewhere", "read", "sync"];
  assert.deepEqual(ended, names);
});
