/** A campaign in a Worker, so that a hang in it is noticed from outside. */
import { type Aim, newTally, type Tally } from "./campaign.ts";

/** What the Worker is to do. */
export interface Order {
  readonly aim: Aim;
  readonly seed: number;
  /** The number of the first case. */
  readonly from: number;
  /** Mutated logins or PDUs to come to; or just so many cases. */
  readonly amount: number;
  readonly cases: number | undefined;
  readonly seconds: number | undefined;
  /** The number of the case that is on, as an Int32. */
  readonly heartbeat: SharedArrayBuffer;
}

export interface Outcome {
  readonly tally: Tally;
  readonly seconds: number;
  /** Bytes of the heap, ground after ground. */
  readonly heap: readonly number[];
  /** What went wrong, and the options that show it again. */
  readonly failure: { readonly story: string; readonly replay: string } | undefined;
}

/** Milliseconds that one case may take, its search for a smaller one included. */
const HANG = 30_000;
const LOOK = 1_000;

/** The options that run some cases again. */
export function replayOptions({ aim, seed }: Order, from: number, cases: number): string {
  return `--only ${aim} --seed ${seed} --from ${from} --cases ${cases}`;
}

/**
 * Runs a campaign to its end. A hang is a failure like others, but the Worker is still in it: the
 * process has to be ended with Deno.exit().
 */
export async function runWatched(asked: Omit<Order, "heartbeat">): Promise<Outcome> {
  const order: Order = { ...asked, heartbeat: new SharedArrayBuffer(4) };
  const beat = new Int32Array(order.heartbeat);
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const ended = Promise.withResolvers<Outcome>();
  const began = performance.now();
  let last = -1;
  let since = began;
  const timer = setInterval(() => {
    const now = performance.now();
    const index = Atomics.load(beat, 0);
    if (index !== last) [last, since] = [index, now];
    if (now - since < HANG) return;
    const failure = {
      story: `case ${index} does not end within ${HANG / 1000} s`,
      replay: replayOptions(order, index, 1),
    };
    ended.resolve({ tally: newTally(), seconds: (now - began) / 1000, heap: [], failure });
  }, LOOK);
  worker.onmessage = ({ data }: MessageEvent<Outcome>) => {
    ended.resolve(data);
    worker.terminate();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    ended.reject(new Error(event.message));
  };
  worker.postMessage(order);
  try {
    return await ended.promise;
  } finally {
    clearInterval(timer);
  }
}
