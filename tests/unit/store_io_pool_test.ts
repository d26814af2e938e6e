/** The pool with real I/O workers, on files in a temporary directory and in memory. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { Memory } from "../../ffi/memory.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { IoLane } from "../../lib/store/io_lane.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { IoWorkers } from "../harness/io_workers.ts";
import { Random, testSeed } from "../harness/random.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { TestFile } from "../harness/test_file.ts";
import { patternBytes } from "../initiator/bytes.ts";

/** A request whose memory is cut into pieces of `cut()` bytes each. */
function transfer(
  operation: number,
  fd: number,
  offset: number,
  length: number,
  cut: () => number,
) {
  const request = new IoRequest();
  Object.assign(request, {
    operation,
    fd,
    offset,
    length,
    memory: new Memory(Math.max(1, length)),
  });
  for (let at = 0; at < length;) {
    const piece = Math.min(length - at, cut());
    request.iov.push(request.memory!.address + at, piece);
    at += piece;
  }
  return request;
}

function bytesOf(request: IoRequest): Uint8Array {
  return request.memory!.bytes.subarray(0, request.length);
}

/** Has requests done; every one must end exactly once. Returns their results. */
async function perform(workers: IoWorkers, ...requests: IoRequest[]): Promise<number[]> {
  return await performIn(undefined, workers, requests);
}

async function performIn(
  lane: IoLane | undefined,
  workers: IoWorkers,
  requests: readonly IoRequest[],
): Promise<number[]> {
  const ended: IoRequest[] = [];
  for (const request of requests) {
    request.finished = (finished) => ended.push(finished);
    workers.pool.submit(request, lane);
  }
  await workers.settle();
  assert.deepEqual(new Set(ended), new Set(requests));
  assert.equal(ended.length, requests.length);
  return requests.map((request) => request.result);
}

for (
  const [place, dir] of [["a temporary directory", undefined], ["/dev/shm", "/dev/shm"]] as const
) {
  Deno.test(`IoPool reads and writes as a model says, many at once, in ${place}`, async () => {
    const seed = testSeed();
    const random = new Random(seed);
    const SIZE = 2 ** 20;
    using workers = new IoWorkers();
    const lane = new IoLane();
    using file = new TestFile(dir, new Uint8Array(SIZE));
    const model = new Uint8Array(SIZE);
    for (let round = 0; round < 6; round++) {
      lane.gathers = round % 2 === 0;
      const requests: IoRequest[] = [];
      for (let at = 0; at < SIZE;) {
        const length = Math.min(SIZE - at, 1 + random.below(round < 3 ? 3000 : 60000));
        const cut = 1 + random.below(length);
        const operation = random.pick([
          IoOperation.READ,
          IoOperation.WRITE,
          IoOperation.WRITE_DURABLE,
        ]);
        const durable = operation === IoOperation.WRITE_DURABLE && random.below(20) > 0;
        const chosen = durable ? IoOperation.WRITE : operation;
        const request = transfer(chosen, file.fd, at, length, () => 1 + random.below(cut));
        if (chosen !== IoOperation.READ) request.memory!.bytes.set(random.bytes(length));
        requests.push(request);
        at += length;
      }
      const results = await performIn(lane, workers, requests);
      assert(results.every((result) => result === 0), `SCST_TEST_SEED=${seed}: ${results}`);
      for (const request of requests) {
        const { offset, length, operation } = request;
        const expected = model.subarray(offset, offset + length);
        if (operation !== IoOperation.READ) model.set(bytesOf(request), offset);
        else assertSameBytes(bytesOf(request), expected, `SCST_TEST_SEED=${seed}`);
      }
      assertSameBytes(file.content, model, `SCST_TEST_SEED=${seed}`);
    }
  });

  Deno.test(`IoPool gives zeros for PUNCH and ZERO, and space back for PUNCH, in ${place}`, async () => {
    const SIZE = 2 ** 20;
    using workers = new IoWorkers(1);
    const content = patternBytes(SIZE, 1);
    using file = new TestFile(dir, content);
    const before = Deno.statSync(file.path).blocks!;
    const range = (operation: number, offset: number, length: number) =>
      Object.assign(new IoRequest(), { operation, fd: file.fd, offset, length });
    const sync = range(IoOperation.SYNC, 0, 0);
    assert.deepEqual(await perform(workers, range(IoOperation.ZERO, 1000, 100_000), sync), [0, 0]);
    content.fill(0, 1000, 101_000);
    assertSameBytes(file.content, content);
    assert.equal(Deno.statSync(file.path).blocks, before);
    const punch = range(IoOperation.PUNCH, 262_144, 524_288);
    assert.deepEqual(await perform(workers, punch, sync), [0, 0]);
    content.fill(0, 262_144, 786_432);
    assertSameBytes(file.content, content);
    assert.equal(before - Deno.statSync(file.path).blocks!, PORTABLE ? 0 : 1024);
    assert.equal(Deno.statSync(file.path).size, SIZE);
  });
}

Deno.test("IoPool transfers more pieces than one call takes", async () => {
  using workers = new IoWorkers(2);
  using file = new TestFile(undefined, new Uint8Array(10_000));
  const sizes = [3, 1, 2];
  let turn = 0;
  const cut = () => sizes[turn++ % 3]!;
  const write = transfer(IoOperation.WRITE, file.fd, 7, 9000, cut);
  write.memory!.bytes.set(patternBytes(9000, 2));
  assert.deepEqual(await perform(workers, write), [0]);
  assertSameBytes(file.content.subarray(7, 9007), patternBytes(9000, 2));
  const read = transfer(IoOperation.READ, file.fd, 7, 9000, () => 2);
  assert.deepEqual(await perform(workers, read), [0]);
  assertSameBytes(bytesOf(read), patternBytes(9000, 2));
});

Deno.test("IoPool takes more requests than it has slots, and new ones as the old ones end", async () => {
  using workers = new IoWorkers();
  const COUNT = 1000;
  using file = new TestFile("/dev/shm", new Uint8Array(2 * COUNT));
  const writes = Array.from({ length: COUNT }, (_, index) => {
    const request = transfer(IoOperation.WRITE, file.fd, index, 1, () => 1);
    request.memory!.bytes[0] = index;
    return request;
  });
  let ended = 0;
  for (const write of writes) {
    write.finished = () => {
      ended++;
      write.finished = () => ended++;
      write.offset += COUNT;
      workers.pool.submit(write);
    };
    workers.pool.submit(write);
  }
  assert.equal(workers.pool.pending, COUNT);
  await workers.settle();
  assert.equal(ended, 2 * COUNT);
  const expected = Uint8Array.from({ length: 2 * COUNT }, (_, index) => index % COUNT);
  assertSameBytes(file.content, expected);
});

Deno.test("IoPool ends what goes wrong with its errno, and reads beyond the end with ESHORT", async () => {
  using workers = new IoWorkers(1);
  using file = new TestFile(undefined, patternBytes(1000, 3));
  const readOnly = openFile(file.path, false);
  const request = (operation: number, fd: number, offset: number) =>
    transfer(operation, fd, offset, 100, () => 100);
  const results = await perform(
    workers,
    request(IoOperation.READ, file.fd, 900),
    request(IoOperation.READ, file.fd, 901),
    request(IoOperation.READ, file.fd, 1000),
    request(IoOperation.READ, file.fd, 5000),
    request(IoOperation.READ, -1, 0),
    request(IoOperation.WRITE, readOnly, 0),
    request(IoOperation.WRITE_DURABLE, readOnly, 0),
    request(IoOperation.PUNCH, readOnly, 0),
    request(IoOperation.ZERO, readOnly, 0),
    request(IoOperation.SYNC, -1, 0),
    request(99, file.fd, 0),
  );
  const { ESHORT, EBADF, EINVAL } = Errno;
  assert.deepEqual(
    results,
    [0, -ESHORT, -ESHORT, -ESHORT, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EINVAL],
  );
  closeFile(readOnly);
  assertSameBytes(file.content, patternBytes(1000, 3));
});

Deno.test({
  name: "IoPool does all this with portable calls only (SCST_PORTABLE=1)",
  ignore: PORTABLE,
  fn: async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--quiet", "-A", new URL(import.meta.url).pathname],
      env: { SCST_PORTABLE: "1", NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(code, 0, text);
    assert.match(text, /7 passed \| 0 failed \| 1 ignored/);
  },
});
