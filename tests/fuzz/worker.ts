/** The Worker in which a campaign runs (watched.ts). */
import { Campaign, CaseFailure, CASES_PER_CHECK, CASES_PER_GROUND, newTally } from "./campaign.ts";
import { heapBytes, HeapWatch } from "./heap.ts";
import { type Order, type Outcome, replayOptions } from "./watched.ts";

function run(order: Order): Outcome {
  const { aim, seed, amount, cases, from } = order;
  const beat = new Int32Array(order.heartbeat);
  const heap = new HeapWatch();
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const outcome = (failure: Outcome["failure"]): Outcome => ({
    tally: campaign?.tally ?? newTally(),
    seconds: seconds(),
    heap: heap.sizes,
    failure,
  });
  const isDone = ({ tally }: Campaign) =>
    (cases === undefined ? tally[aim] >= amount : tally.cases >= cases) ||
    order.seconds !== undefined && seconds() >= order.seconds;
  let campaign: Campaign | undefined;
  let first = from;
  try {
    campaign = new Campaign(aim, seed);
    while (!isDone(campaign)) {
      const perGround = CASES_PER_GROUND[aim];
      const count = Math.min(cases ?? Infinity, perGround - first % perGround);
      campaign.run(first, count, (index) => Atomics.store(beat, 0, index));
      heap.add(heapBytes());
      first += count;
    }
    return outcome(undefined);
  } catch (error) {
    if (!(error instanceof CaseFailure)) {
      const story = error instanceof Error ? error.stack ?? error.message : String(error);
      return outcome({ story, replay: replayOptions(order, from, first - from + 1) });
    }
    const cause = error.cause instanceof Error ? error.cause.stack : String(error.cause);
    const replay = findReplay(order, first, error.index);
    return outcome({ story: `${error.message}\n${cause}`, replay });
  }
}

/** The least that shows a failure again: one case, if one of the last ones does so alone. */
function findReplay(order: Order, first: number, index: number): string {
  const { aim, seed } = order;
  for (let at = index; at >= Math.max(first, index - CASES_PER_CHECK); at--) {
    try {
      new Campaign(aim, seed).run(at, 1);
    } catch {
      return replayOptions(order, at, 1);
    }
  }
  return replayOptions(order, first, index - first + 1);
}

self.onmessage = ({ data }: MessageEvent<Order>) => self.postMessage(run(data));
