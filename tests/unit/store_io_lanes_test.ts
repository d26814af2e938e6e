/** How stores share the I/O workers. The tests play the workers. */
import assert from "node:assert/strict";
import { IoLane } from "../../lib/store/io_lane.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { WORKERS_MOST } from "../../lib/store/io_ring.ts";
import { PoolScene } from "../harness/pool_scene.ts";

/** Milliseconds after which the pool takes workers for stuck, with some to spare. */
const STUCK = 20;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("a store that hangs leaves workers to others, however much it wants", () => {
  using scene = new PoolScene(4);
  const [a, b] = [new IoLane(), new IoLane()];
  scene.submit(a, "A", 10);
  const hanging = scene.begin();
  assert.deepEqual(hanging, ["A0", "A1"]);
  for (let round = 0; round < 5; round++) {
    scene.submit(b, `B${round}`, 1);
    assert.deepEqual(scene.begin(), [`B${round}0`]);
    scene.end(`B${round}0`);
    assert.deepEqual(scene.begin(), [], "the worker is kept for the others");
  }
});

Deno.test("stores take turns, and each of them keeps its order", () => {
  using scene = new PoolScene(1);
  const [a, b, c] = [new IoLane(), new IoLane(), new IoLane()];
  scene.submit(a, "A", 3);
  scene.submit(b, "B", 2);
  scene.submit(c, "C", 1);
  const order: string[] = [];
  for (let [name] = scene.begin(); name !== undefined; [name] = scene.begin()) {
    order.push(name);
    scene.end(name);
  }
  assert.deepEqual(order, ["A0", "A1", "B0", "C0", "A2", "B1"]);
  assert.equal(scene.pool.pending, 0);
});

Deno.test("sessions take turns at a store: one request goes before all but the next of a hundred", () => {
  using scene = new PoolScene(1);
  const lane = new IoLane();
  const [greedy, patient, other] = [{}, {}, {}];
  scene.submit(lane, "G", 100, greedy);
  assert.deepEqual(scene.begin(), ["G0"]);
  scene.submit(lane, "P", 1, patient);
  scene.submit(lane, "O", 2, other);
  const order: string[] = [];
  for (let last = "G0"; last !== ""; last = scene.begin()[0] ?? "") {
    order.push(last);
    scene.end(last);
    if (last === "P0") scene.submit(lane, "Q", 1, patient); // it has its answer, and asks again
  }
  assert.deepEqual(order.slice(0, 8), ["G0", "G1", "P0", "O0", "G2", "O1", "Q0", "G3"]);
  assert.deepEqual(order.slice(8), Array.from({ length: 96 }, (_, index) => `G${index + 4}`));
});

Deno.test("workers that are stuck are helped: one for each store that has none, and one to spare", async () => {
  using scene = new PoolScene(2);
  const lanes = Array.from({ length: 5 }, () => new IoLane());
  await pause(STUCK);
  lanes.forEach((lane, index) => scene.submit(lane, `S${index}`, 2));
  assert.deepEqual(scene.begin(), ["S00", "S10"]);
  await pause(STUCK);
  scene.pool.look();
  assert.equal(scene.wanted, 3);
  await pause(STUCK);
  scene.pool.look();
  assert.equal(scene.wanted, 3, "they are on their way");
  scene.arrive(3);
  assert.deepEqual(scene.begin(), ["S20", "S30", "S40"]);
  await pause(STUCK);
  scene.pool.look();
  assert.equal(scene.wanted, 4);
  scene.arrive(1);
  assert.deepEqual(scene.begin(), [], "it is for whoever comes");
  await pause(STUCK);
  scene.pool.look();
  assert.equal(scene.wanted, 4);
});

Deno.test("a look at a store waits for the one worker: nobody waits for what it finds", () => {
  using scene = new PoolScene(1);
  const [a, b, c] = [new IoLane(), new IoLane(), new IoLane()];
  scene.submit(a, "A", 1, undefined, IoOperation.SIZE);
  scene.submit(b, "B", 1, undefined, IoOperation.STANDING);
  assert.deepEqual(scene.begin(), ["A0"]);
  assert.equal(scene.wanted, 0);
  scene.end("A0");
  assert.deepEqual(scene.begin(), ["B0"]);
  scene.submit(c, "C", 1);
  assert.equal(scene.wanted, 1, "somebody waits behind a look");
});

Deno.test("a store that is slow and gets on has more workers in time, up to the most", async () => {
  using scene = new PoolScene(2);
  const lane = new IoLane();
  const sleep = 5000;
  scene.submit(lane, "A", 1000);
  for (let round = 0; round < 60; round++) {
    scene.begin();
    const [oldest] = scene.begun.values();
    scene.end(oldest!, sleep);
    await pause(6);
    scene.pool.look();
    scene.arrive(scene.ring.expected - scene.ring.workers);
  }
  assert.equal(scene.ring.workers, WORKERS_MOST);
  assert(
    lane.underWay > WORKERS_MOST / 2 && lane.underWay < WORKERS_MOST,
    `${lane.underWay} under way`,
  );
});

Deno.test("calls that sleep bring more workers though some call ends all the time", async () => {
  using scene = new PoolScene(2);
  scene.submit(new IoLane(), "A", 1000);
  for (let round = 0; round < 120; round++) {
    scene.begin();
    const [oldest] = scene.begun.values();
    scene.end(oldest!, 300);
    await pause(1);
    scene.pool.look();
    scene.arrive(scene.ring.expected - scene.ring.workers);
  }
  assert(scene.ring.workers > 8, `${scene.ring.workers} workers`);
});

Deno.test("a store whose calls do not sleep has no more workers than there are", async () => {
  using scene = new PoolScene(2);
  const lane = new IoLane();
  scene.submit(lane, "A", 100);
  for (let round = 0; round < 10; round++) {
    scene.begin();
    await pause(6);
    scene.pool.look();
    const [oldest] = scene.begun.values();
    scene.end(oldest!, 5);
  }
  assert.equal(scene.wanted, 0);
});

Deno.test("a worker takes leave only when there are others, and nothing is queued for it", () => {
  using scene = new PoolScene(3);
  const lane = new IoLane();
  scene.submit(lane, "A", 1);
  assert.equal(scene.ring.leave(2), false, "A0 is queued");
  scene.begin();
  assert.equal(scene.ring.leave(2), true);
  assert.equal(scene.ring.leave(2), false, "two stay");
  assert.deepEqual([scene.ring.workers, scene.ring.expected], [2, 2]);
  scene.end("A0");
});

Deno.test("the pool has another worker when one left with the last request queued", () => {
  using scene = new PoolScene(1);
  const [a, b] = [new IoLane(), new IoLane()];
  scene.submit(a, "A", 1);
  assert.deepEqual(scene.begin(), ["A0"]);
  assert.equal(scene.ring.leave(0), true);
  scene.submit(b, "B", 1);
  assert.equal(scene.wanted, 1);
  scene.arrive(1);
  assert.equal(scene.ring.workers, 1);
});
