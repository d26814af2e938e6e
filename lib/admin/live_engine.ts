/** What the administration asks of what goes on in a server; nothing of it is a part of the model. */
import type {
  BlackHole,
  BlockCounts,
  LatencyPlace,
  LatencyRow,
  LunSetPlace,
} from "../shard/server.ts";
import type { Outcome } from "./engine.ts";

export interface LiveEngine {
  /** Has execution stand still everywhere, and waits for what runs, at most so many seconds; 0 is for ever. */
  suspend(seconds: number): Outcome;
  /** Takes one suspension back. */
  resume(): Outcome;
  /** Suspensions that were not taken back. */
  suspensions(): Promise<number>;
  /** Has a device stand still; without `waits` the log hears when it does, with `text`. */
  block(device: string, waits: boolean, text: string): Outcome;
  unblock(device: string): Outcome;
  blocks(device: string): Promise<BlockCounts>;
  /** What is never answered of what those ask for that see the LUNs of a target, or of a group. */
  blackHole(place: LunSetPlace): Promise<BlackHole>;
  setBlackHole(place: LunSetPlace, blackHole: BlackHole): Outcome;
  /** The commands that are under way, one line each. */
  traceCommands(): Promise<string>;
  /** Begins to measure where the time of commands goes, or ends that and forgets what was measured. */
  measureLatency(measures: boolean): Outcome;
  measuresLatency(): Promise<boolean>;
  /** Where the time of commands of one kind went; nothing while it is not measured. */
  latency(place: LatencyPlace): Promise<readonly LatencyRow[]>;
  resetLatency(place: LatencyPlace): Outcome;
  /** Has a device that nobody uses have the persistent reservations that SCST's `pr_state` says. */
  restoreReservations(device: string, text: string): Outcome;
  /** Tells who uses a device that it is short of space. */
  raiseSoftThreshold(device: string): Outcome;
}

const agreed = (): Promise<undefined> => Promise.resolve(undefined);

/** Where nothing goes on. */
export function offlineLive(): LiveEngine {
  return {
    suspend: agreed,
    resume: agreed,
    suspensions: () => Promise.resolve(0),
    block: agreed,
    unblock: agreed,
    blocks: () => Promise.resolve({ blocks: 0, pending: 0 }),
    blackHole: () => Promise.resolve(0),
    setBlackHole: agreed,
    traceCommands: () => Promise.resolve(""),
    measureLatency: agreed,
    measuresLatency: () => Promise.resolve(false),
    latency: () => Promise.resolve([]),
    resetLatency: agreed,
    restoreReservations: agreed,
    raiseSoftThreshold: agreed,
  };
}
