/**
 * Which writes of one store have to wait for others. Past the page cache only whole blocks are
 * written: to write a part of one, the rest is read before and written back, and whatever was written
 * there meanwhile would be gone. So as long as a part of a block is written nobody else changes it.
 * Writes of whole blocks wait for nobody else, and reads and flushes never wait.
 */
import { changesBlocks, type IoRequest } from "./io_request.ts";

export class WriteOrder {
  #alignment: number;
  #start: (request: IoRequest) => void;
  #running = new Set<IoRequest>();
  #waiting: IoRequest[] = [];
  /** Writes of parts that run or wait. */
  #parts = 0;
  #ended = (request: IoRequest) => this.#end(request);

  /** `start` begins a request when its turn has come; blocks have `alignment` bytes. */
  constructor(alignment: number, start: (request: IoRequest) => void) {
    this.#alignment = alignment;
    this.#start = start;
  }

  /** Begins a request, now or when it may. */
  submit(request: IoRequest): void {
    if (!changesBlocks(request.operation)) return this.#start(request);
    request.finishedAfter = request.finished;
    request.finished = this.#ended;
    if (this.#isPart(request)) this.#parts++;
    if (this.#mustWait(request)) this.#waiting.push(request);
    else this.#begin(request);
  }

  #begin(request: IoRequest): void {
    this.#running.add(request);
    this.#start(request);
  }

  #end(request: IoRequest): void {
    this.#running.delete(request);
    if (this.#isPart(request)) this.#parts--;
    if (this.#waiting.length > 0) this.#retry();
    request.finished = request.finishedAfter;
    request.finished(request);
  }

  /** Those that waited go on in the order in which they came, as far as they may. */
  #retry(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) {
      if (this.#mustWait(request)) this.#waiting.push(request);
      else this.#begin(request);
    }
  }

  #mustWait(request: IoRequest): boolean {
    if (this.#parts === 0) return false;
    for (const other of this.#running) if (this.#collide(request, other)) return true;
    return this.#waiting.some((other) => this.#collide(request, other)); // nobody is overtaken
  }

  /** Whether two writes touch a block of which one of them writes a part. */
  #collide(one: IoRequest, other: IoRequest): boolean {
    if (!this.#isPart(one) && !this.#isPart(other)) return false;
    return this.#firstOf(one) < this.#endOf(other) && this.#firstOf(other) < this.#endOf(one);
  }

  /** Whether a write begins or ends within a block. */
  #isPart({ offset, length }: IoRequest): boolean {
    return offset % this.#alignment !== 0 || length % this.#alignment !== 0;
  }

  #firstOf({ offset }: IoRequest): number {
    return offset - offset % this.#alignment;
  }

  #endOf({ offset, length }: IoRequest): number {
    return Math.ceil((offset + length) / this.#alignment) * this.#alignment;
  }
}
