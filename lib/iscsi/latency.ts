/**
 * Measures where the time of a session's commands goes (SCST's `measure_latency`). It is there only while
 * that is on, and allocates nothing for a command.
 */
import { Stage } from "../scsi/stage.ts";
import { NO_CELL } from "../scsi/stage_times.ts";
import { cellOf, LatencyFigures, type LatencyRow, TOTAL } from "./latency_figures.ts";
import { SendQueue } from "./send_queue.ts";
import type { Task } from "./task.ts";

/** Flags of SCSI Command as they stand in the PDU (RFC 7143 11.3.1): W and R. */
const WAYS_SHIFT = 5;
const WAYS_MASK = 3;
/** By W (1) and R (2): the way in LATENCY_WAYS. */
const WAYS: readonly number[] = [0, 2, 1, 3];

export class Latency {
  #figures = new LatencyFigures();
  #sending: SendQueue;
  /** When the bytes came that are handled now. */
  #arrived = performance.now();

  /** For a session with a command window of `window`. */
  constructor(window: number) {
    this.#sending = new SendQueue(window, (cell, received, answered, sent) => {
      this.#figures.add(cell, Stage.SEND, sent - answered);
      this.#figures.add(cell, TOTAL, sent - received);
    });
  }

  /** Bytes have come, and are about to be handled. */
  arrive(): void {
    this.#arrived = performance.now();
  }

  /** A command was among them; `flags` are those of its PDU. */
  begin(task: Task, flags: number): void {
    const bytes = task.expectedIn + task.expectedOut;
    const way = bytes === 0 ? 0 : WAYS[flags >> WAYS_SHIFT & WAYS_MASK]!;
    task.measure(this.#arrived, cellOf(way, bytes));
  }

  /** The status of a command was put into the output. */
  answered({ times, answerEnd }: Task): void {
    if (times === undefined || times.cell === NO_CELL) return;
    const now = performance.now();
    const { begun, cell } = times;
    let end = now;
    for (let stage: number = Stage.STORE; stage >= 0; stage--) {
      const begin = begun[stage]!;
      if (begin === 0) continue;
      this.#figures.add(cell, stage, end - begin);
      end = begin;
    }
    this.#sending.add(answerEnd, cell, begun[Stage.RECEIVED]!, now);
  }

  /** So many bytes of the output were sent by now. */
  sent(position: number): void {
    this.#sending.advance(position);
  }

  /** What waits to be sent never will be. */
  forgetUnsent(): void {
    this.#sending.clear();
  }

  /** What is known of the commands that count for a cell (cellOf()). */
  rows(cell: number): LatencyRow[] {
    return this.#figures.rows(cell);
  }

  /** Counts anew what counts for a cell. */
  reset(cell: number): void {
    this.#figures.reset(cell);
  }
}
