/** The data isolate as main sees it. */
import { createWake, Wake } from "../../ffi/wake.ts";
import { bugLine } from "../bug.ts";
import { log } from "../log.ts";
import type { IoPoolHandle } from "../store/io_pool.ts";
import { createRingMemory, IoRing } from "../store/io_ring.ts";
import type { SessionView } from "../iscsi/session_view.ts";
import type { SessionNews } from "./session_news.ts";
import type { FromShard, Operation, Request, ShardStart } from "./messages.ts";

/** What has become of an operation: why it was not done, as a sentence, or what it was asked for. */
export type Answer<T> =
  | { readonly error: string; readonly value?: undefined }
  | { readonly error?: undefined; readonly value: T };

/** Who waits for an answer, and hears of its parts before. */
interface Waiting {
  readonly resolve: (answer: Answer<unknown>) => void;
  readonly take: ((part: unknown) => void) | undefined;
}

export class ShardHandle {
  #pool: IoPoolHandle;
  #port: MessagePort;
  #wake: Wake;
  #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #pulse = new Int32Array(new SharedArrayBuffer(4));
  #sessions = new Map<string, SessionView>();

  /** Starts the isolate and its I/O workers; it serves nothing yet. */
  constructor(stateDir: string) {
    const { port1, port2 } = new MessageChannel();
    const wake = createWake();
    this.#pool = startIoPool();
    this.#port = port1;
    this.#wake = new Wake(wake);
    port1.onmessage = (event: MessageEvent<FromShard>) => this.#receive(event.data);
    const worker = startWorker(new URL("./shard_worker.ts", import.meta.url), "shard");
    const pulse = this.#pulse.buffer as SharedArrayBuffer;
    const start: ShardStart = { port: port2, wake, pool: this.#pool, stateDir, pulse };
    worker.postMessage(start, [port2]);
  }

  /** A number that is another one when the data loop has turned, which it does at least once a second. */
  get turns(): number {
    return Atomics.load(this.#pulse, 0);
  }

  /** The sessions as they were when something became of them, in the order in which they began. */
  get sessions(): ReadonlyMap<string, SessionView> {
    return this.#sessions;
  }

  /** Has an operation done; resolves with an error sentence, or undefined. */
  async request(operation: Operation): Promise<string | undefined> {
    return (await this.ask(operation)).error;
  }

  /**
   * The same for an operation that has a value for an answer, which is of the type that its kind has;
   * `take` hears of what is told in parts.
   */
  ask<T>(operation: Operation, take?: (part: unknown) => void): Promise<Answer<T>> {
    const request: Request = { id: ++this.#lastId, operation };
    const answer = new Promise<Answer<unknown>>((resolve) => {
      this.#waiting.set(request.id, { resolve, take });
    });
    this.#port.postMessage(request);
    this.#wake.wake();
    return answer as Promise<Answer<T>>;
  }

  #receive(message: FromShard): void {
    if (message.kind === "log") return log(message.level, message.line);
    if (message.kind === "addWorker") return startIoWorker(this.#pool);
    if (message.kind === "sessions") return this.#take(message.news);
    if (message.kind === "part") return this.#waiting.get(message.id)?.take?.(message.part);
    const { id, error, value } = message;
    this.#waiting.get(id)?.resolve(error === undefined ? { value } : { error });
    this.#waiting.delete(id);
  }

  #take({ live, ended }: SessionNews): void {
    for (const sid of ended) this.#sessions.delete(sid);
    for (const session of live) this.#sessions.set(session.sid, session);
  }
}

/** Starts a Worker; an exception that leaves it is a bug that the program does not survive. */
function startWorker(url: URL, name: string): Worker {
  const worker = new Worker(url, { type: "module", name });
  worker.onerror = (event) => {
    event.preventDefault();
    log("error", bugLine(event.message, `${name} worker`));
    Deno.exit(70); // EX_SOFTWARE
  };
  return worker;
}

/** Starts the first I/O worker; the shard has more as soon as they are of use. */
function startIoPool(): IoPoolHandle {
  const handle: IoPoolHandle = { ring: createRingMemory(), wake: createWake() };
  new IoRing(handle.ring).expectWorker();
  startIoWorker(handle);
  return handle;
}

function startIoWorker(handle: IoPoolHandle): void {
  startWorker(new URL("../store/io_worker.ts", import.meta.url), "io").postMessage(handle);
}
