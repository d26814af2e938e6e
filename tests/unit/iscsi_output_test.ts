/** The bytes on their way out: nothing is lost, doubled or put in another order, and memory comes back. */
import assert from "node:assert/strict";
import { IoVector } from "../../ffi/iovec.ts";
import { copyFrom, MemoryPool } from "../../ffi/memory.ts";
import { Output } from "../../lib/iscsi/output.ts";
import { entriesOf } from "../harness/iovec_entries.ts";
import { Random, testSeed } from "../harness/random.ts";

const BLOCK = 256 * 1024;

class Scene {
  readonly pool = new MemoryPool(0);
  touched = 0;
  readonly output = new Output(this.pool, () => this.touched++);

  /** Writes bytes as an answer does. */
  write(bytes: Uint8Array): void {
    const { memory, end } = this.output.reserveBytes(bytes.length);
    memory.bytes.set(bytes, end);
    this.output.commitBytes(bytes.length);
  }

  /** Takes in a block that was filled elsewhere. */
  append(bytes: Uint8Array): void {
    const memory = this.pool.take(bytes.length);
    memory.bytes.set(bytes);
    this.output.append(memory, bytes.length);
  }

  /** What one send would be given. */
  next(): number[] {
    const iov = new IoVector();
    this.output.fill(iov);
    return entriesOf(iov).flatMap(({ address, length }) => [...copyFrom(address, length)]);
  }
}

const count = (from: number, length: number) =>
  Uint8Array.from({ length }, (_, index) => from + index);

Deno.test("Output gathers small answers in one block, and goes on behind what was sent", () => {
  const scene = new Scene();
  scene.write(count(0, 10));
  scene.write(count(10, 5));
  assert.deepEqual([scene.output.blockCount, scene.output.length, scene.touched], [1, 15, 2]);
  scene.output.advance(12);
  scene.write(count(15, 2));
  assert.deepEqual([scene.output.blockCount, scene.output.firstLength], [1, 5]);
  assert.deepEqual([...copyFrom(scene.output.firstAddress, 5)], [12, 13, 14, 15, 16]);
  assert.deepEqual([...scene.output.takeBytes()], [12, 13, 14, 15, 16]);
  assert.deepEqual([scene.output.blockCount, scene.output.length, scene.pool.lent], [0, 0, 0]);
});

Deno.test("Output puts nothing behind a block that was filled elsewhere", () => {
  const scene = new Scene();
  scene.write(count(0, 2));
  scene.append(count(2, 3));
  scene.write(count(5, 1));
  assert.equal(scene.output.blockCount, 3);
  assert.deepEqual(scene.next(), [0, 1, 2, 3, 4, 5]);
  scene.output.advance(4);
  assert.deepEqual(scene.next(), [4, 5]);
  scene.output.advance(2);
  assert.equal(scene.pool.lent, 0);
});

Deno.test("Output begins another block when one is full, and takes what is larger than a block", () => {
  const scene = new Scene();
  scene.write(new Uint8Array(BLOCK - 1));
  scene.write(new Uint8Array(1));
  assert.equal(scene.output.blockCount, 1);
  scene.write(new Uint8Array(1));
  assert.equal(scene.output.blockCount, 2);
  scene.write(new Uint8Array(3 * BLOCK));
  assert.deepEqual([scene.output.blockCount, scene.output.length], [3, 4 * BLOCK + 1]);
  scene.output.advance(4 * BLOCK + 1);
  assert.equal(scene.pool.lent, 0);
});

Deno.test("release() gives back a block that was made for it, and no other", () => {
  const scene = new Scene();
  scene.output.reserveBytes(100);
  assert.equal(scene.pool.lent, BLOCK);
  scene.output.release();
  assert.deepEqual([scene.pool.lent, scene.output.blockCount], [0, 0]);
  scene.write(count(7, 3));
  scene.output.reserveBytes(100);
  scene.output.release();
  assert.deepEqual([...scene.output.takeBytes()], [7, 8, 9]);
  scene.write(count(7, 3));
  scene.output.reserveBytes(BLOCK);
  scene.output.release();
  assert.deepEqual([scene.output.blockCount, scene.next()], [1, [7, 8, 9]]);
});

Deno.test("fill() lists 64 blocks at most", () => {
  const scene = new Scene();
  for (let index = 0; index < 70; index++) scene.append(Uint8Array.of(index));
  assert.deepEqual(scene.next(), [...count(0, 64)]);
  scene.output.advance(64);
  assert.deepEqual(scene.next(), [...count(64, 6)]);
});

Deno.test("discard() gives all memory back, and the output may be used again", () => {
  const scene = new Scene();
  scene.write(count(0, 9));
  scene.append(count(0, 9));
  scene.output.discard();
  assert.deepEqual([scene.output.length, scene.output.blockCount, scene.pool.lent], [0, 0, 0]);
  scene.write(count(3, 1));
  assert.deepEqual([...scene.output.takeBytes()], [3]);
});

Deno.test("Output does what a list of bytes does", () => {
  const seed = testSeed();
  const random = new Random(seed);
  const scene = new Scene();
  let model: number[] = [];
  for (let turn = 0; turn < 2000; turn++) {
    const bytes = random.bytes(random.below(3) === 0 ? random.below(20_000) + 1 : 48);
    switch (random.below(5)) {
      case 0:
      case 1:
        scene.write(bytes);
        model.push(...bytes);
        break;
      case 2:
        scene.append(bytes);
        model.push(...bytes);
        break;
      case 3:
        scene.output.reserveBytes(bytes.length);
        scene.output.release();
        break;
      default: {
        const sent = random.below(Math.min(model.length, scene.next().length) + 1);
        assert.deepEqual(scene.next().slice(0, sent), model.slice(0, sent), `seed ${seed}`);
        scene.output.advance(sent);
        model = model.slice(sent);
      }
    }
    assert.equal(scene.output.length, model.length, `SCST_TEST_SEED=${seed}`);
    if (model.length > 100_000) {
      assert.deepEqual([...scene.output.takeBytes()], model, `SCST_TEST_SEED=${seed}`);
      model = [];
    }
  }
  scene.output.discard();
  assert.equal(scene.pool.lent, 0);
});
