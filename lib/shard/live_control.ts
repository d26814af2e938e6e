/** What main asks of what is going on, and not of what should be. Nothing of it is saved. */
import type { LatencyRow } from "../iscsi/latency_figures.ts";
import type { BlackHole } from "../scst/black_hole.ts";
import type { BlockCounts } from "./holds.ts";
import type { LatencyPlace, LunSetPlace } from "./live_operations.ts";
import type { Answer, ShardHandle } from "./shard_handle.ts";

/** Why it was not done, as a sentence, and then nothing has changed; or undefined. */
type Outcome = Promise<string | undefined>;

export class LiveControl {
  #shard: ShardHandle;

  constructor(shard: ShardHandle) {
    this.#shard = shard;
  }

  /**
   * Has execution of commands stand still everywhere, and waits until nothing is executed any more, for at
   * most so many seconds; 0 is for ever. When that is not enough it goes on as before.
   */
  suspend(seconds: number): Outcome {
    return this.#shard.request({ kind: "suspend", seconds });
  }

  /** Takes one suspension back; behind the last one everything goes on. */
  resume(): Outcome {
    return this.#shard.request({ kind: "resume" });
  }

  /** Suspensions that were not taken back. */
  suspensions(): Promise<Answer<number>> {
    return this.#shard.ask({ kind: "suspensions" });
  }

  /**
   * Has a device stand still. Waits until it does; or does not, and the log is told when it does, with
   * `text`.
   */
  block(device: string, waits: boolean, text = ""): Outcome {
    return this.#shard.request({ kind: "block", device, waits, text });
  }

  /** Takes one block() back; behind the last one the device goes on. */
  unblock(device: string): Outcome {
    return this.#shard.request({ kind: "unblock", device });
  }

  /** How often a device is blocked. */
  blocks(device: string): Promise<Answer<BlockCounts>> {
    return this.#shard.ask({ kind: "blocks", device });
  }

  /** What is never answered of what those ask for that see a set of LUNs. */
  blackHole(place: LunSetPlace): Promise<Answer<BlackHole>> {
    return this.#shard.ask({ ...place, kind: "blackHole" });
  }

  setBlackHole(place: LunSetPlace, blackHole: BlackHole): Outcome {
    return this.#shard.request({ ...place, kind: "setBlackHole", blackHole });
  }

  /** The commands that are under way, one line each. */
  traceCommands(): Promise<Answer<string>> {
    return this.#shard.ask({ kind: "traceCommands" });
  }

  /** Begins to measure where the time of commands goes, or ends that and forgets what was measured. */
  measureLatency(measures: boolean): Outcome {
    return this.#shard.request({ kind: "measureLatency", measures });
  }

  measuresLatency(): Promise<Answer<boolean>> {
    return this.#shard.ask({ kind: "measuresLatency" });
  }

  /** Where the time of some commands of a session went; nothing while it is not measured. */
  latency(place: LatencyPlace): Promise<Answer<readonly LatencyRow[]>> {
    return this.#shard.ask({ ...place, kind: "latency" });
  }

  /** Measures them anew. */
  resetLatency(place: LatencyPlace): Outcome {
    return this.#shard.request({ ...place, kind: "resetLatency" });
  }

  /** Has a device that nobody uses have the persistent reservations that a text says, as SCST's pr_state. */
  restoreReservations(device: string, text: string): Outcome {
    return this.#shard.request({ kind: "restoreReservations", device, text });
  }

  /** Tells everybody who uses a device that it is short of space (38/07). */
  raiseSoftThreshold(device: string): Outcome {
    return this.#shard.request({ kind: "raiseSoftThreshold", device });
  }
}
