/** The ring between pool and workers. The tests play the worker: they claim slots and report results. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { Memory } from "../../ffi/memory.ts";
import { createWake, Wake } from "../../ffi/wake.ts";
import { IoLane } from "../../lib/store/io_lane.ts";
import { IoPool } from "../../lib/store/io_pool.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { createRingMemory, IoRing, WORKERS_MOST } from "../../lib/store/io_ring.ts";
import { Random, testSeed } from "../harness/random.ts";
import { rethrow } from "../harness/rethrow.ts";

/** Milliseconds that a worker waits: the tests know that there is something to claim. */
const PATIENCE = 1000;

/** A pool whose worker is the test. */
class Scene implements Disposable {
  readonly ended: IoRequest[] = [];
  readonly memory = createRingMemory();
  readonly worker: IoRing;
  readonly pool: IoPool;
  #wake = createWake();

  /** `counted`: how many requests there were before, as the 32-bit counters of the ring say it. */
  constructor(counted = 0) {
    new Int32Array(this.memory).fill(counted, 0, 3);
    this.worker = new IoRing(this.memory);
    for (let worker = 0; worker < WORKERS_MOST; worker++) {
      this.worker.expectWorker();
      this.worker.arrive();
    }
    const owner = {
      addWorker() {},
      lookIn() {},
      settleLater: (pool: IoPool) => pool.settle(),
      report: rethrow,
    };
    this.pool = new IoPool({ ring: this.memory, wake: this.#wake }, owner);
  }

  submit(operation: number, length: number, pieces = 1): IoRequest {
    const request = new IoRequest();
    request.memory = new Memory(length);
    Object.assign(request, { operation, fd: 5, offset: 1000, length });
    for (let piece = 0; piece < pieces; piece++) {
      request.iov.push(request.memory.address + piece * length / pieces, length / pieces);
    }
    request.finished = (finished) => this.ended.push(finished);
    this.pool.submit(request, new IoLane());
    return request;
  }

  /** What the worker is told to do next; it ends with `result`. */
  work(result: number): { fd: number; offset: number; iov: number; count: number } {
    const slot = this.worker.claim(PATIENCE);
    const told = {
      fd: this.worker.fd(slot),
      offset: this.worker.offset(slot),
      iov: this.worker.iov(slot),
      count: this.worker.count(slot),
    };
    this.worker.finish(slot, result, 1);
    this.pool.drain();
    return told;
  }

  [Symbol.dispose](): void {
    new Wake(this.#wake).close();
  }
}

Deno.test("IoPool starts again what a signal has interrupted", () => {
  for (const operation of Object.values(IoOperation)) {
    using scene = new Scene();
    const request = scene.submit(operation, 512);
    const first = scene.work(-Errno.EINTR);
    assert.deepEqual([scene.ended, scene.pool.pending], [[], 1]);
    assert.deepEqual(scene.work(operation <= IoOperation.WRITE_DURABLE ? 512 : 0), first);
    assert.deepEqual(scene.ended, [request]);
    assert.equal(request.result, 0);
    assert.equal(scene.pool.pending, 0);
  }
});

Deno.test("IoPool goes on behind a short transfer, to the byte", () => {
  using scene = new Scene();
  const request = scene.submit(IoOperation.WRITE, 400, 4);
  const { address } = request.iov;
  assert.deepEqual(scene.work(150), { fd: 5, offset: 1000, iov: address, count: 4 });
  assert.deepEqual(scene.work(50), { fd: 5, offset: 1150, iov: address + 16, count: 3 });
  assert.deepEqual(scene.work(199), { fd: 5, offset: 1200, iov: address + 32, count: 2 });
  assert.deepEqual(scene.work(1), { fd: 5, offset: 1399, iov: address + 48, count: 1 });
  assert.deepEqual([scene.ended, request.result], [[request], 0]);
});

Deno.test("IoPool ends a transfer that does not get on with ESHORT, and others with their result", () => {
  const cases: [operation: number, results: number[], expected: number][] = [
    [IoOperation.READ, [0], -Errno.ESHORT],
    [IoOperation.READ, [100, 0], -Errno.ESHORT],
    [IoOperation.READ, [100, -Errno.EBADF], -Errno.EBADF],
    [IoOperation.WRITE, [-Errno.ENOSPC], -Errno.ENOSPC],
    [IoOperation.SYNC, [-Errno.EIO], -Errno.EIO],
    [IoOperation.PUNCH, [0], 0],
  ];
  for (const [operation, results, expected] of cases) {
    using scene = new Scene();
    const request = scene.submit(operation, 512);
    for (const result of results) scene.work(result);
    assert.deepEqual([scene.ended, request.result], [[request], expected]);
  }
});

Deno.test("IoPool begins anew with a request that has been used before", () => {
  using scene = new Scene();
  const request = scene.submit(IoOperation.READ, 512);
  scene.work(512);
  request.iov.clear();
  request.iov.push(request.memory!.address, 512);
  scene.pool.submit(request);
  assert.equal(scene.work(512).offset, 1000);
  assert.deepEqual([scene.ended.length, request.result], [2, 0]);
});

Deno.test("IoRing hands slots out in their order, and takes results in any, past its counters' end", () => {
  const seed = testSeed();
  const random = new Random(seed);
  for (const counted of [0, 0x7ffffe00, -512]) {
    using scene = new Scene(counted);
    const claimed: number[] = [];
    let submitted = 0;
    let taken = 0;
    for (let turn = 0; turn < 4000; turn++) {
      if (random.below(2) === 0) {
        scene.submit(IoOperation.SYNC, 1);
        submitted++;
      }
      while (taken < submitted && claimed.length < WORKERS_MOST && random.below(2) === 0) {
        claimed.push(scene.worker.claim(PATIENCE));
        taken++;
      }
      while (claimed.length > 0 && random.below(2) === 0) {
        const [slot] = claimed.splice(random.below(claimed.length), 1);
        scene.worker.finish(slot!, 0, 1);
      }
      assert.equal(new Set(claimed).size, claimed.length, `SCST_TEST_SEED=${seed}`);
      scene.pool.drain();
      assert.equal(scene.ended.length, taken - claimed.length, `SCST_TEST_SEED=${seed}`);
    }
    while (claimed.length > 0) scene.worker.finish(claimed.pop()!, 0, 1);
    scene.pool.drain();
    while (taken++ < submitted) scene.work(0);
    assert.equal(scene.ended.length, submitted);
    assert.equal(new Set(scene.ended).size, submitted);
  }
});

Deno.test("takeFinished() finds nothing where nothing is", () => {
  using scene = new Scene();
  scene.pool.drain();
  assert.equal(scene.worker.takeFinished(), -1);
  assert.equal(scene.pool.pending, 0);
});
