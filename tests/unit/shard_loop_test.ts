/** How long the loop sleeps: until the next tick, whatever its turns were like before. */
import assert from "node:assert/strict";
import { createPoller } from "../../ffi/create_poller.ts";
import { type Poller, READABLE } from "../../ffi/poller.ts";
import { createWake, Wake } from "../../ffi/wake.ts";
import { Loop } from "../../lib/shard/loop.ts";
import { rethrow } from "../harness/rethrow.ts";
import { StandingClock } from "../harness/standing_clock.ts";

/** Has every poller note how long it may sleep, and not sleep, until disposal. */
class Sleepless implements Disposable {
  readonly asked: number[] = [];
  #prototype: Poller;
  #wait: Poller["wait"];

  constructor() {
    const poller = createPoller();
    this.#prototype = Object.getPrototypeOf(poller);
    this.#wait = this.#prototype.wait;
    poller.close();
    const { asked } = this;
    const wait = this.#wait;
    this.#prototype.wait = function (this: Poller, milliseconds) {
      asked.push(milliseconds);
      return wait.call(this, 0);
    };
  }

  [Symbol.dispose](): void {
    this.#prototype.wait = this.#wait;
  }
}

/** Runs a loop with so many descriptors that are ready for three turns of 250 ms; how long it may sleep then. */
function patienceAfterwards(descriptors: number): number {
  using clock = new StandingClock(100);
  using sleepless = new Sleepless();
  const loop = new Loop(() => {}, rethrow);
  const wakes = Array.from({ length: descriptors }, () => new Wake(createWake()));
  let turns = 0;
  for (const [index, wake] of wakes.entries()) {
    wake.wake();
    loop.watch(wake.readFd, READABLE, {
      ready: () => {
        if (index > 0) return;
        clock.seconds += 0.25;
        if (++turns < 3) return;
        for (const one of wakes) one.acknowledge();
        sleepless.asked.length = 0;
      },
    });
  }
  loop.onHandled = () => {
    if (turns === 3 && sleepless.asked.length > 0) loop.stop();
  };
  loop.run();
  for (const wake of wakes) wake.close();
  return sleepless.asked[0]!;
}

for (const descriptors of [1, 4, 20]) {
  Deno.test(`the loop sleeps until its tick after turns with ${descriptors} descriptors`, () => {
    assert.equal(patienceAfterwards(descriptors), 250);
  });
}
