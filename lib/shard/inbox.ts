/** The operations that main asks for: a few of them in each turn of the loop, however many there are. */
import { type MessagePort as NodePort, receiveMessageOnPort } from "node:worker_threads";
import type { Wake } from "../../ffi/wake.ts";
import type { Handler } from "./loop.ts";
import type { Request } from "./messages.ts";

/** Operations that are done in one turn. */
export const OPERATIONS_MOST = 16;

export class Inbox implements Handler {
  #port: NodePort;
  #wake: Wake;
  #take: (request: Request) => void;

  /** `wake` is woken after something was posted to `port`; the loop watches its descriptor. */
  constructor(port: MessagePort, wake: Wake, take: (request: Request) => void) {
    this.#port = port as unknown as NodePort;
    this.#wake = wake;
    this.#take = take;
  }

  ready(): void {
    this.#wake.acknowledge();
    for (let count = 0; count < OPERATIONS_MOST; count++) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#take(received.message as Request);
    }
    // The rest has its turn behind the commands that have come meanwhile.
    this.#wake.wake();
  }
}
