/**
 * The data isolate. It runs the loop of its shard and never returns to an event loop: main wakes it
 * through a pipe, and the messages are taken out of the port there and then.
 */
import { type MessagePort as NodePort, receiveMessageOnPort } from "node:worker_threads";
import { READABLE } from "../../ffi/poller.ts";
import { Wake } from "../../ffi/wake.ts";
import { LogLimit } from "./log_limit.ts";
import type { FromShard, Request, ShardStart } from "./messages.ts";
import { perform } from "./perform.ts";
import { Shard } from "./shard.ts";

/** Operations that are done in one turn of the loop. */
const OPERATIONS_MOST = 16;

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
  const receive = () => {
    wake.acknowledge();
    for (let count = 0; count < OPERATIONS_MOST; count++) {
      const received = receiveMessageOnPort(port as unknown as NodePort);
      if (received === undefined) return;
      const { id, operation } = received.message as Request;
      perform(
        shard,
        operation,
        (error, value) => post({ kind: "result", id, error, value }),
        (part) => post({ kind: "part", id, part }),
      );
    }
    wake.wake(); // the rest has its turn behind the commands that have come meanwhile
  };
  shard.loop.watch(wake.readFd, READABLE, { ready: receive });
  shard.loop.run();
}

self.onmessage = (event: MessageEvent<ShardStart>) => serve(event.data);
