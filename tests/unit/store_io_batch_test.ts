/** What goes to one I/O worker at one time, and what the worker does with it. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { Memory } from "../../ffi/memory.ts";
import { serveBatch } from "../../lib/store/io_batch.ts";
import { IoLane } from "../../lib/store/io_lane.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { BATCH_MOST, createRingMemory, IoRing, NO_SLOT } from "../../lib/store/io_ring.ts";
import { PoolScene } from "../harness/pool_scene.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { TestFile } from "../harness/test_file.ts";
import { patternBytes } from "../initiator/bytes.ts";

const { READ, WRITE, WRITE_DURABLE, SYNC } = IoOperation;

function gatheringLane(): IoLane {
  const lane = new IoLane();
  lane.gathers = true;
  return lane;
}

function names(name: string, from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}${from + index}`);
}

Deno.test("what waits in a lane that gathers goes to the next worker as one batch, up to the most", () => {
  using scene = new PoolScene(1);
  const lane = gatheringLane();
  scene.submit(lane, "R", 1 + BATCH_MOST + 3, undefined, READ, 512);
  assert.deepEqual(scene.beginBatches(), [["R0"]]);
  scene.end("R0", 10, 512);
  assert.deepEqual(scene.beginBatches(), [names("R", 1, BATCH_MOST)]);
  for (const name of names("R", 1, BATCH_MOST - 1)) scene.end(name, 0, 512);
  assert.deepEqual([scene.beginBatches(), lane.underWay], [[], 1], "the worker has one more to do");
  scene.end(`R${BATCH_MOST}`, 0, 512);
  assert.deepEqual(scene.beginBatches(), [names("R", BATCH_MOST + 1, 3)]);
});

Deno.test("a batch ends where bytes take longer to copy than a worker to wake", () => {
  using scene = new PoolScene(1);
  const lane = gatheringLane();
  scene.submit(lane, "R", 5, undefined, READ, 128 * 1024);
  scene.begin();
  scene.end("R0", 0, 128 * 1024);
  assert.deepEqual(scene.beginBatches(), [["R1", "R2"]]);
});

Deno.test("what ends with one flush goes together, what is no transfer alone", () => {
  using scene = new PoolScene(1);
  const lane = gatheringLane();
  const source = {};
  scene.submit(lane, "S", 1, source, SYNC);
  scene.submit(lane, "W", 2, source, WRITE, 512);
  scene.submit(lane, "D", 2, source, WRITE_DURABLE, 512);
  scene.submit(lane, "R", 2, source, READ, 512);
  scene.submit(lane, "T", 1, source, SYNC);
  const batches: string[][] = [];
  for (let [batch] = scene.beginBatches(); batch !== undefined; [batch] = scene.beginBatches()) {
    batches.push(batch);
    for (const name of batch) scene.end(name, 0, /^[ST]/.test(name) ? 0 : 512);
  }
  assert.deepEqual(batches, [["S0"], ["W0", "W1"], ["D0", "D1"], ["R0", "R1"], ["T0"]]);
});

Deno.test("a lane that does not gather gives a worker one request, as does one whose writes sleep", () => {
  for (const [gathers, slept] of [[false, 0], [true, 5000]] as const) {
    using scene = new PoolScene(1);
    const lane = new IoLane();
    lane.gathers = gathers;
    scene.submit(lane, "W", 4, undefined, WRITE, 512);
    assert.deepEqual(scene.beginBatches(), [["W0"]]);
    scene.end("W0", slept, 512);
    assert.deepEqual(scene.beginBatches(), [["W1"]]);
  }
});

Deno.test("reads that are gathered bring no more workers, however long they sleep", () => {
  using scene = new PoolScene(2);
  const lane = gatheringLane();
  scene.submit(lane, "R", 200, undefined, READ, 512);
  for (let batches = scene.beginBatches(); batches.length > 0; batches = scene.beginBatches()) {
    for (const name of batches.flat()) scene.end(name, 5000, 512);
  }
  assert.deepEqual([scene.pool.pending, scene.wanted], [0, 0]);
});

Deno.test("sessions take their turns within a batch", () => {
  using scene = new PoolScene(1);
  const lane = gatheringLane();
  scene.submit(lane, "G", 40, {}, READ, 512);
  scene.submit(lane, "P", 1, {}, READ, 512);
  scene.begin();
  scene.end("G0", 0, 512);
  assert.deepEqual(scene.beginBatches()[0]!.slice(0, 3), ["G1", "P0", "G2"]);
});

Deno.test("a transfer that came short goes on before what else its source wants", () => {
  using scene = new PoolScene(1);
  const lane = gatheringLane();
  scene.submit(lane, "R", 3, undefined, READ, 512);
  scene.begin();
  scene.end("R0", 0, 100);
  assert.deepEqual(scene.beginBatches(), [["R0", "R1", "R2"]]);
  assert.equal(scene.pool.pending, 3);
  scene.end("R0", 0, 412);
  assert.equal(scene.pool.pending, 2);
});

/** A worker's ring whose slots the test fills, and a record of what was finished at each wake. */
class Bench implements Disposable {
  readonly ring = new IoRing(createRingMemory());
  readonly file = new TestFile(undefined, patternBytes(65536, 1));
  readonly wakes: number[][] = [];
  #requests: IoRequest[] = [];

  fill(operation: number, offset: number, length: number, fd = this.file.fd): IoRequest {
    const request = new IoRequest();
    request.memory = new Memory(length);
    request.iov.push(request.memory.address, length);
    const slot = this.#requests.push(request) - 1;
    this.ring.fill(slot, operation, fd, request.iov.address, 1, offset, length);
    if (slot > 0) this.ring.link(slot - 1, slot);
    return request;
  }

  serve(): void {
    const wake = () => {
      const finished: number[] = [];
      for (let slot = this.ring.takeFinished(); slot !== NO_SLOT;) {
        finished.push(slot);
        slot = this.ring.takeFinished();
      }
      this.wakes.push(finished);
    };
    serveBatch(this.ring, { wake }, 0);
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

Deno.test("a worker does a batch in its order and tells of its ends before each call that may sleep", () => {
  using bench = new Bench();
  bench.fill(READ, 0, 4096);
  const written = bench.fill(WRITE, 4096, 4096);
  const read = bench.fill(READ, 4000, 8192);
  bench.fill(SYNC, 0, 0);
  written.memory!.bytes.fill(7);
  bench.serve();
  const expected = patternBytes(65536, 1);
  expected.fill(7, 4096, 8192);
  assertSameBytes(read.memory!.bytes, expected.subarray(4000, 12192));
  assert.deepEqual([0, 1, 2, 3].map((slot) => bench.ring.result(slot)), [4096, 4096, 8192, 0]);
  // The second read need not be told of by itself: it is in memory.
  assert.deepEqual(bench.wakes.at(0), [0]);
  assert.deepEqual(bench.wakes.flat(), [0, 1, 2, 3]);
});

Deno.test("a worker goes on behind a request of a batch that fails or comes short", () => {
  using bench = new Bench();
  bench.fill(READ, 0, 512);
  bench.fill(READ, 65000, 4096);
  bench.fill(READ, 0, 512, -1);
  const last = bench.fill(READ, 512, 512);
  bench.serve();
  assert.deepEqual([0, 1, 2, 3].map((slot) => bench.ring.result(slot)), [
    512,
    536,
    -Errno.EBADF,
    512,
  ]);
  assertSameBytes(last.memory!.bytes, patternBytes(65536, 1).subarray(512, 1024));
  assert.deepEqual(bench.wakes.flat(), [0, 1, 2, 3]);
});

Deno.test("a worker tells of durable writes when all of them are flushed, each with its own result", () => {
  using bench = new Bench();
  const readOnly = openFile(bench.file.path, false);
  const writes = [0, 1, 2].map((block) => {
    const write = bench.fill(WRITE_DURABLE, block * 4096, 4096, block === 1 ? readOnly : undefined);
    write.memory!.bytes.fill(block + 5);
    return write;
  });
  bench.serve();
  closeFile(readOnly);
  assert.deepEqual(writes.map((_, slot) => bench.ring.result(slot)), [4096, -Errno.EBADF, 4096]);
  assert.deepEqual(bench.wakes, [[0, 1, 2]]);
  const expected = patternBytes(65536, 1);
  expected.fill(5, 0, 4096);
  expected.fill(7, 8192, 12288);
  assertSameBytes(bench.file.content, expected);
});

Deno.test("a flush that fails fails every durable write of the batch that had no error of its own", () => {
  // /dev/zero takes what is written and cannot be flushed (EINVAL).
  using bench = new Bench();
  const device = openFile("/dev/zero", true);
  bench.fill(WRITE_DURABLE, 0, 512, device);
  bench.fill(WRITE_DURABLE, 512, 512, device);
  bench.fill(WRITE_DURABLE, 0, 512, -1);
  bench.serve();
  closeFile(device);
  const { EIO, EBADF } = Errno;
  assert.deepEqual([0, 1, 2].map((slot) => bench.ring.result(slot)), [-EIO, -EIO, -EBADF]);
});
