/** A pool whose I/O workers the test plays. */
import { createWake, Wake } from "../../ffi/wake.ts";
import type { IoLane } from "../../lib/store/io_lane.ts";
import { IoPool } from "../../lib/store/io_pool.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { createRingMemory, IoRing, NO_SLOT } from "../../lib/store/io_ring.ts";
import { rethrow } from "./rethrow.ts";

/** A request that says whose it is. */
class SourcedRequest extends IoRequest {
  readonly #source: object | undefined;

  constructor(source: object | undefined) {
    super();
    this.#source = source;
  }

  override get source(): object | undefined {
    return this.#source;
  }
}

export class PoolScene implements Disposable {
  readonly memory = createRingMemory();
  readonly ring = new IoRing(this.memory);
  readonly pool: IoPool;
  /** Workers that the pool has asked for. */
  wanted = 0;
  /** Names of the requests that the workers have begun, in this order, by slot. */
  readonly begun = new Map<number, string>();
  #wake = createWake();
  #names: string[] = [];

  constructor(workers: number) {
    this.pool = new IoPool({ ring: this.memory, wake: this.#wake }, {
      addWorker: () => this.wanted++,
      lookIn: () => {},
      settleLater: (pool) => pool.settle(),
      report: rethrow,
    });
    for (let worker = 0; worker < workers; worker++) this.ring.expectWorker();
    this.arrive(workers);
  }

  arrive(workers: number): void {
    for (let worker = 0; worker < workers; worker++) this.ring.arrive();
    this.pool.drain();
  }

  /** Submits requests to a lane, named by it: A0, A1 ..., which are those of `source`. */
  submit(
    lane: IoLane,
    name: string,
    count: number,
    source?: object,
    operation: number = IoOperation.SYNC,
    length = 0,
  ): void {
    for (let index = 0; index < count; index++) {
      const request = new SourcedRequest(source);
      request.operation = operation;
      request.length = length;
      request.fd = this.#names.push(`${name}${index}`) - 1;
      this.pool.submit(request, lane);
    }
  }

  /** What the workers begin now. */
  begin(): string[] {
    return this.beginBatches().flat();
  }

  /** What each of the workers that begin something now was given, in its order. */
  beginBatches(): string[][] {
    const batches: string[][] = [];
    for (let first = this.ring.claim(0); first !== NO_SLOT; first = this.ring.claim(0)) {
      const names: string[] = [];
      for (let slot = first; slot !== NO_SLOT; slot = this.ring.next(slot)) {
        const name = this.#names[this.ring.fd(slot)]!;
        this.begun.set(slot, name);
        names.push(name);
      }
      batches.push(names);
    }
    return batches;
  }

  /** Ends a request with a result, after it has slept for so many microseconds. */
  end(name: string, slept = 10, result = 0): void {
    const [slot] = [...this.begun].find(([, begun]) => begun === name)!;
    this.begun.delete(slot);
    this.ring.finish(slot, result, slept);
    this.pool.drain();
  }

  [Symbol.dispose](): void {
    new Wake(this.#wake).close();
  }
}
