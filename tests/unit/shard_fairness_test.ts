/** What a greedy initiator leaves to one that waits for each of its answers, counted in commands. */
import assert from "node:assert/strict";
import type { Store } from "../../lib/store/store.ts";
import { LoopRig } from "../harness/loop_rig.ts";
import { BLOCK } from "../harness/rig.ts";
import { socketPair } from "../harness/socket_pair.ts";

const DEPTH = 128;
const GREEDY = 1;
const PATIENT = 2;

const noPair = socketPair();
const ignore = typeof noPair === "string";

/** A rig that says which blocks are read, in the order in which they are. */
function countingRig(onRead: (lba: number) => void): LoopRig {
  const around = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        if (name === "readNow") {
          return (...args: Parameters<Store["readNow"]>) => {
            onRead(args[1] / BLOCK);
            return target.readNow(...args);
          };
        }
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  return new LoopRig({ around, attributes: { queuedCommands: DEPTH } });
}

Deno.test({
  name:
    "one command of a patient initiator waits for few of the 128 that a greedy one keeps under way",
  ignore,
  fn: () => {
    let [served, sentAt] = [0, 0];
    const waits: number[] = [];
    using scene = countingRig((lba) => {
      if (lba === GREEDY) served++;
      else waits.push(served - sentAt);
    });
    const greedy = scene.reader(GREEDY, DEPTH);
    const patient = scene.reader(PATIENT, 1);
    patient.sending = () => sentAt = served;
    scene.run(() => patient.done >= 300);
    // Until it is known to be one that waits a whole queue may go before it.
    const longest = Math.max(...waits.slice(2));
    assert(longest <= 2 * 8, `${longest} of ${DEPTH} went before it: ${waits}`);
    assert(greedy.done >= 300, "and the greedy one gets on all the same");
  },
});

Deno.test({
  name:
    "a deep queue is served in one turn while nobody waits for each answer, however many have one",
  ignore,
  fn: () => {
    using scene = countingRig(() => {});
    const readers = [scene.reader(GREEDY, DEPTH), scene.reader(GREEDY, DEPTH)];
    // At first each waits for the answers to its login and to its first command.
    const areAt = (queues: number) => readers.every(({ done }) => done >= queues * DEPTH);
    let begun = 0;
    scene.run(() => {
      if (begun === 0 && areAt(10)) begun = scene.turns;
      return areAt(110);
    });
    const turns = scene.turns - begun;
    assert(begun > 0 && turns < 2 * 100 + 20, `${turns} turns for 100 queues of each`);
  },
});
