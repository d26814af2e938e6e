/** Both pollers do the same: every behaviour is tested with each of them, on pipes. */
import assert from "node:assert/strict";
import { EpollPoller } from "../../ffi/epoll.ts";
import { closeFile } from "../../ffi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { PollPoller } from "../../ffi/poll.ts";
import { BROKEN, type Poller, READABLE, WRITABLE } from "../../ffi/poller.ts";
import { Wake } from "../../ffi/wake.ts";
import { Pipes } from "../harness/pipes.ts";
import { Random, testSeed } from "../harness/random.ts";

const POLLERS: [name: string, make: () => Poller][] = [["PollPoller", () => new PollPoller()]];
if (Deno.build.os === "linux") POLLERS.unshift(["EpollPoller", () => new EpollPoller()]);

for (const [name, make] of POLLERS) {
  Deno.test(`${name} waits as long as it is told when there is nothing`, () => {
    using pipes = new Pipes(make, 1);
    assert.equal(pipes.poller.wait(0), 0);
    pipes.poller.add(pipes.readFd(0), 1, READABLE);
    const began = performance.now();
    assert.equal(pipes.poller.wait(40), 0);
    const took = performance.now() - began;
    assert(took >= 39, `${took} ms`);
    pipes.wakes[0]!.wake();
    assert.equal(pipes.poller.wait(10_000), 1);
    assert(performance.now() - began < 5_000);
  });

  Deno.test(`${name} finds what is ready again and again, until it is dealt with`, () => {
    using pipes = new Pipes(make, 2);
    pipes.poller.add(pipes.readFd(0), 7, READABLE);
    pipes.poller.add(pipes.readFd(1), 2 ** 31 - 1, READABLE);
    pipes.wakes[1]!.wake();
    for (let turn = 0; turn < 3; turn++) {
      assert.deepEqual(pipes.found(), new Map([[2 ** 31 - 1, READABLE]]));
    }
    pipes.wakes[1]!.acknowledge();
    assert.deepEqual(pipes.found(), new Map());
  });

  Deno.test(`${name} finds what it is asked for, with the token that was given last`, () => {
    using pipes = new Pipes(make, 1);
    const [reader, writer] = [pipes.readFd(0), pipes.writeFd(0)];
    pipes.poller.add(reader, 1, 0);
    pipes.poller.add(writer, 2, READABLE);
    pipes.wakes[0]!.wake();
    assert.deepEqual(pipes.found(), new Map());
    pipes.poller.modify(writer, 3, WRITABLE);
    assert.deepEqual(pipes.found(), new Map([[3, WRITABLE]]));
    pipes.poller.modify(reader, 4, READABLE | WRITABLE);
    assert.deepEqual(pipes.found(), new Map([[3, WRITABLE], [4, READABLE]]));
    const filler = new Memory(65536);
    while (libc.write(writer, filler.address, filler.length) > 0) { /* until it is full */ }
    assert.deepEqual(pipes.found(), new Map([[4, READABLE]]));
    pipes.poller.modify(reader, 4, WRITABLE);
    assert.deepEqual(pipes.found(), new Map());
  });

  Deno.test(`${name} forgets what was removed, and takes it again`, () => {
    using pipes = new Pipes(make, 3);
    for (let index = 0; index < 3; index++) {
      pipes.poller.add(pipes.readFd(index), index, READABLE);
      pipes.wakes[index]!.wake();
    }
    pipes.poller.remove(pipes.readFd(0));
    assert.deepEqual([...pipes.found().keys()].sort(), [1, 2]);
    pipes.poller.remove(pipes.readFd(2));
    pipes.poller.add(pipes.readFd(0), 10, READABLE);
    assert.deepEqual([...pipes.found().keys()].sort((a, b) => a - b), [1, 10]);
    pipes.poller.remove(pipes.readFd(1));
    pipes.poller.remove(pipes.readFd(0));
    assert.deepEqual(pipes.found(), new Map());
  });

  Deno.test(`${name} refuses what is watched twice or not at all`, () => {
    using pipes = new Pipes(make, 2);
    const [fd, other] = [pipes.readFd(0), pipes.readFd(1)];
    pipes.poller.add(fd, 1, READABLE);
    assert.throws(() => pipes.poller.add(fd, 2, READABLE), /^Error: Cannot watch descriptor/);
    assert.throws(() => pipes.poller.modify(other, 2, READABLE), /^Error: Cannot .* descriptor/);
    assert.throws(() => pipes.poller.remove(other), /^Error: Cannot .* descriptor/);
    pipes.wakes[0]!.wake();
    assert.deepEqual(pipes.found(), new Map([[1, READABLE]]));
  });

  Deno.test(`${name} keeps what it has found while descriptors are removed and added`, () => {
    using pipes = new Pipes(make, 6);
    for (let index = 0; index < 5; index++) {
      pipes.poller.add(pipes.readFd(index), index, READABLE);
      if (index !== 2) pipes.wakes[index]!.wake();
    }
    assert.equal(pipes.poller.wait(0), 4);
    const first = pipes.poller.token(0);
    const seen = [first];
    for (let index = 0; index < 5; index++) {
      if (index !== first) pipes.poller.remove(pipes.readFd(index));
    }
    pipes.poller.add(pipes.readFd(5), 5, READABLE);
    for (let index = 1; index < 4; index++) {
      seen.push(pipes.poller.token(index));
      assert.equal(pipes.poller.found(index), READABLE);
    }
    assert.deepEqual(seen.sort(), [0, 1, 3, 4]);
    assert.deepEqual(pipes.found(), new Map([[first, READABLE]]));
  });

  Deno.test(`${name} finds an end whose other end is gone`, () => {
    using pipes = new Pipes(make, 2);
    const [reader, writer] = [pipes.readFd(0), pipes.writeFd(1)];
    pipes.poller.add(reader, 1, 0);
    pipes.poller.add(writer, 2, 0);
    assert.deepEqual(pipes.found(), new Map());
    closeFile(pipes.writeFd(0));
    closeFile(pipes.readFd(1));
    assert.deepEqual(pipes.found(), new Map([[1, BROKEN], [2, BROKEN]]));
    pipes.poller.remove(reader);
    pipes.poller.remove(writer);
    pipes.wakes.length = 0;
    closeFile(reader);
    closeFile(writer);
  });

  Deno.test(`${name} watches hundreds of descriptors`, () => {
    const COUNT = 300;
    using pipes = new Pipes(make, COUNT);
    for (let index = 0; index < COUNT; index++) {
      pipes.poller.add(pipes.readFd(index), index, READABLE);
      pipes.wakes[index]!.wake();
    }
    const seen = new Set<number>();
    // One wait may find a part of them; the others come next.
    for (let turn = 0; turn < 3; turn++) for (const token of pipes.found().keys()) seen.add(token);
    assert.equal(seen.size, COUNT);
  });

  Deno.test(`${name} does what a model does`, () => {
    const seed = testSeed();
    const random = new Random(seed);
    const COUNT = 100;
    using pipes = new Pipes(make, COUNT);
    const watched = new Map<number, { token: number; interest: number }>();
    const ready = new Set<number>();
    for (let turn = 0; turn < 3000; turn++) {
      const index = random.below(COUNT);
      const fd = pipes.readFd(index);
      const entry = { token: turn, interest: random.pick([0, READABLE, READABLE | WRITABLE]) };
      if (random.below(3) === 0) {
        if (!ready.delete(index)) {
          ready.add(index);
          pipes.wakes[index]!.wake();
        } else pipes.wakes[index]!.acknowledge();
      } else if (!watched.has(index)) {
        pipes.poller.add(fd, entry.token, entry.interest);
        watched.set(index, entry);
      } else if (random.below(2) === 0) {
        pipes.poller.modify(fd, entry.token, entry.interest);
        watched.set(index, entry);
      } else {
        pipes.poller.remove(fd);
        watched.delete(index);
      }
      const expected = [...watched]
        .filter(([watching, { interest }]) => ready.has(watching) && (interest & READABLE) !== 0)
        .map(([, { token }]) => token);
      const found = [...pipes.found()];
      const why = `SCST_TEST_SEED=${seed} turn ${turn}`;
      assert.deepEqual(found.map(([token]) => token).sort(), expected.sort(), why);
      assert(found.every(([, bits]) => bits === READABLE), why);
    }
  });
}

Deno.test("Wake puts one byte into the pipe, however often it wakes, and another one after that", () => {
  using pipes = new Pipes(() => new PollPoller(), 1);
  const [wake] = pipes.wakes;
  const memory = new Memory(64);
  for (let turn = 0; turn < 3; turn++) {
    for (let count = 0; count < 5; count++) new Wake(pipes.handles[0]!).wake();
    assert.equal(libc.read(wake!.readFd, memory.address, 64), 1);
    wake!.acknowledge();
    assert.equal(libc.read(wake!.readFd, memory.address, 64), -1);
  }
});
