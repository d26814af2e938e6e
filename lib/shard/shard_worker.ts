/**
 * The data isolate. It runs the loop of its shard and never returns to an event loop: main wakes it
 * through a pipe, and the messages are taken out of the port there and then.
 */
import { type MessagePort as NodePort, receiveMessageOnPort } from "node:worker_threads";
import { READABLE } from "../../ffi/poller.ts";
import { Wake } from "../../ffi/wake.ts";
import { StoreError } from "../store/store.ts";
import { LogLimit } from "./log_limit.ts";
import type { FromShard, Request, ShardStart } from "./messages.ts";
import { Shard } from "./shard.ts";

function serve({ port, wake: wakeHandle, pool, stateDir }: ShardStart): void {
  const post = (message: FromShard) => port.postMessage(message);
  const limit = new LogLimit((level, line) => post({ kind: "log", level, line }));
  const addWorker = () => post({ kind: "addWorker" });
  const shard = new Shard(pool, stateDir, addWorker, limit.report);
  const wake = new Wake(wakeHandle);
  const answer = (id: number, error: string | undefined) => post({ kind: "result", id, error });

  const receive = () => {
    wake.acknowledge();
    for (;;) {
      const received = receiveMessageOnPort(port as unknown as NodePort);
      if (received === undefined) return;
      perform(shard, received.message as Request, answer);
    }
  };
  shard.loop.watch(wake.readFd, READABLE, { ready: receive });
  shard.loop.run();
}

function perform(
  shard: Shard,
  { id, operation }: Request,
  answer: (id: number, error: string | undefined) => void,
): void {
  try {
    switch (operation.kind) {
      case "setDriver":
        shard.setDriver(operation.driver);
        break;
      case "addDevice":
        return shard.addDevice(operation.device, (error) => answer(id, error?.message));
      case "devicesAdded":
        shard.reportLeftovers();
        break;
      case "addTarget":
        shard.addTarget(operation.target);
        break;
      case "setDomainInitiators":
        shard.setDomainInitiators(operation.target, operation.initiators);
        break;
      case "addDeviceGroup":
        shard.addDeviceGroup(operation.deviceGroup);
        break;
      case "changeTargetGroup":
        shard.changeTargetGroup(operation.deviceGroup, operation.targetGroup, operation.change);
        break;
      case "addPortal":
        shard.addPortal(operation.portal, operation.fd);
        break;
      case "setMedium":
        shard.setMedium(operation.device, operation.filename);
        break;
      case "stop":
        return shard.stop((error) => answer(id, error));
    }
    answer(id, undefined);
  } catch (error) {
    answer(id, error instanceof StoreError ? error.message : `bug: ${String(error)}`);
    if (!(error instanceof StoreError)) throw error;
  }
}

self.onmessage = (event: MessageEvent<ShardStart>) => serve(event.data);
