/** What all devices of a shard share. */
import type { MemoryPool } from "../../ffi/memory.ts";
import type { Report } from "../iscsi/node.ts";
import type { CommandCounters } from "../scst/command_counters.ts";
import type { After } from "../store/faulty.ts";
import type { IoPool } from "../store/io_pool.ts";

export interface DeviceHost {
  readonly pool: IoPool;
  readonly memory: MemoryPool;
  /** Where the state of devices is kept. */
  readonly stateDir: string;
  /** Where their journals are, and the paths of those that were ever used. */
  readonly journalDir: string;
  readonly journals: Set<string>;
  /** Counts what copies read and write; each device by itself where it is left out. */
  readonly copyCounters?: CommandCounters;
  readonly report: Report;
  /** Calls an action in so many milliseconds, or a little later. */
  readonly after: After;
}
