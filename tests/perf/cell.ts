/** One cell of a table of the bench, measured once. */
import { lunUrl } from "../harness/lun_url.ts";
import {
  type ContenderName,
  type Contenders,
  DISK_SIZE,
  type MediumName,
  MEMORY_SIZE,
  WARM_SIZE,
} from "./contenders.ts";
import { fioRandomReads } from "./fio.ts";
import { randomReadIops } from "./iscsi_perf.ts";
import type { LoadGenerator } from "./load/load.ts";
import { processorTime } from "./processor_time.ts";
import type { CellLoad } from "./sections.ts";

/** What a cell was like in one round. */
export interface Sample {
  /** Commands a second. */
  readonly rate: number;
  /** Microseconds of the server on the processors for each command; undefined where there is none. */
  readonly cpu?: number;
  /** Microseconds within which half of the commands were answered, and 99 % of them. */
  readonly median?: number;
  readonly most?: number;
  /** Commands for each call that received something, at the initiator. */
  readonly batch?: number;
}

const SPAN: Record<MediumName, number> = {
  memory: MEMORY_SIZE,
  null: MEMORY_SIZE,
  warm: WARM_SIZE,
  cold: DISK_SIZE,
};

/** iscsi-perf and fio count whole seconds. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}

export class CellMeter {
  #contenders: Contenders;
  #generator: LoadGenerator;

  constructor(contenders: Contenders, generator: LoadGenerator) {
    this.#contenders = contenders;
    this.#generator = generator;
  }

  /** Measures a cell for some seconds. */
  async measure(name: ContenderName, load: CellLoad, seconds: number): Promise<Sample> {
    const { tool, length, depth, medium = "memory" } = load;
    if (medium === "warm" || medium === "cold") await this.#contenders.setWarm(medium === "warm");
    if (tool === "fio") {
      const file = this.#contenders.diskFile;
      return { rate: await fioRandomReads(file, length, depth, wholeSeconds(seconds)) };
    }
    const contender = await this.#contenders.get(name);
    const { pid, port, target, lunOf } = contender;
    if (tool === "stream") {
      return { rate: await this.#generator.stream(port, length, seconds) / length };
    }
    if (tool === "iscsi-perf") {
      const url = lunUrl({ host: "127.0.0.1", port }, lunOf[medium], target);
      const before = await processorTime(pid);
      const rate = await randomReadIops(url, depth, wholeSeconds(seconds));
      const cpu = await processorTime(pid) - before;
      return { rate, cpu: cpu * 1e6 / (rate * wholeSeconds(seconds)) };
    }
    let cpu = 0;
    const { luns = 1, sessions = 1, reads = 1, sequential = false, digests = false } = load;
    const shape = {
      port,
      target,
      luns: Array.from({ length: luns }, (_, index) => lunOf[medium] + index),
      sessions,
      depth,
      length,
      reads,
      sequential,
      span: SPAN[medium],
      blocksize: 512,
      digests,
    };
    const result = await this.#generator.run(shape, seconds, async () => {
      const before = await processorTime(pid);
      return async () => {
        cpu = await processorTime(pid) - before;
      };
    });
    const { count, total, receives, median, most } = result;
    return {
      rate: count / result.seconds,
      cpu: cpu * 1e6 / total,
      median,
      most,
      batch: count / receives,
    };
  }
}
