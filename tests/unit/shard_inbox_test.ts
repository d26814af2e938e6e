/** Many operations that main asks for at once: each turn of the loop does some of them, in their order. */
import assert from "node:assert/strict";
import { READABLE } from "../../ffi/poller.ts";
import { createWake, Wake } from "../../ffi/wake.ts";
import { Inbox, OPERATIONS_MOST } from "../../lib/shard/inbox.ts";
import { Loop } from "../../lib/shard/loop.ts";
import type { Request } from "../../lib/shard/messages.ts";
import { rethrow } from "../harness/rethrow.ts";

for (const count of [0, 1, OPERATIONS_MOST, OPERATIONS_MOST + 1, 1000]) {
  Deno.test(`${count} operations are done, ${OPERATIONS_MOST} in a turn at most`, () => {
    const { port1, port2 } = new MessageChannel();
    const [shards, mains] = [createWake()].flatMap((handle) => [
      new Wake(handle),
      new Wake(handle),
    ]);
    let ticks = 0;
    // It would never end where nobody wakes it for the rest.
    const loop = new Loop(() => ++ticks < 20 || loop.stop(), rethrow);
    let turn = 0;
    const turnOf: number[] = [];
    const inbox = new Inbox(port2, shards!, ({ id }: Request) => {
      assert.equal(id, turnOf.length);
      turnOf.push(turn);
      if (turnOf.length === count) loop.stop();
    });
    const ready = () => {
      turn++;
      inbox.ready();
    };
    loop.watch(shards!.readFd, READABLE, { ready });
    for (let id = 0; id < count; id++) {
      port1.postMessage({ id, operation: { kind: "memory" } });
      mains!.wake();
    }
    if (count === 0) {
      mains!.wake();
      loop.after(0, () => loop.stop());
    }
    loop.run();
    assert.equal(turnOf.length, count);
    for (const turn of new Set(turnOf)) {
      const done = turnOf.filter((one) => one === turn).length;
      assert(done <= OPERATIONS_MOST, `${done} in one turn`);
    }
    for (const port of [port1, port2]) port.close();
    shards!.close();
  });
}
