/**
 * The data isolate. It runs the loop of its shard and never returns to an event loop: main wakes it
 * through a pipe, and the messages are taken out of the port there and then.
 */
import { READABLE } from "../../ffi/poller.ts";
import { Wake } from "../../ffi/wake.ts";
import { Inbox } from "./inbox.ts";
import { LogLimit } from "./log_limit.ts";
import type { FromShard, ShardStart } from "./messages.ts";
import { perform } from "./perform.ts";
import { Shard } from "./shard.ts";

function serve({ port, wake: wakeHandle, pool, stateDir, pulse }: ShardStart): void {
  const post = (message: FromShard) => port.postMessage(message);
  const limit = new LogLimit((level, line) => post({ kind: "log", level, line }));
  const shard = new Shard(pool, stateDir, {
    addWorker: () => post({ kind: "addWorker" }),
    report: limit.report,
    sendNews: (news) => post({ kind: "sessions", news }),
    pulse: new Int32Array(pulse),
  });
  const wake = new Wake(wakeHandle);
  const inbox = new Inbox(port, wake, ({ id, operation }) =>
    perform(
      shard,
      operation,
      (error, value) => post({ kind: "result", id, error, value }),
      (part) => post({ kind: "part", id, part }),
    ));
  shard.loop.watch(wake.readFd, READABLE, inbox);
  shard.loop.run();
}

self.onmessage = (event: MessageEvent<ShardStart>) => serve(event.data);
