/**
 * Answers that wait to be taken by the network, as far as they are measured: up to which byte of the
 * output each goes, and since when. A ring of a fixed size.
 */

/** Fields of an entry. */
const POSITION = 0;
const CELL = 1;
const RECEIVED = 2;
const ANSWERED = 3;
const FIELDS = 4;

/** What becomes of an answer that has left: times by performance.now(). */
export type Departed = (cell: number, received: number, answered: number, sent: number) => void;

export class SendQueue {
  #entries: Float64Array;
  #capacity: number;
  #first = 0;
  #count = 0;
  #departed: Departed;

  /** For so many answers that wait; a command window is as good as never exceeded by them. */
  constructor(capacity: number, departed: Departed) {
    this.#capacity = capacity;
    this.#entries = new Float64Array(capacity * FIELDS);
    this.#departed = departed;
  }

  /** An answer waits until `position` bytes of the output are sent. When it is full, the oldest leaves. */
  add(position: number, cell: number, received: number, answered: number): void {
    if (this.#count === this.#capacity) this.#leave(answered);
    const at = (this.#first + this.#count) % this.#capacity * FIELDS;
    this.#entries[at + POSITION] = position;
    this.#entries[at + CELL] = cell;
    this.#entries[at + RECEIVED] = received;
    this.#entries[at + ANSWERED] = answered;
    this.#count++;
  }

  /** `position` bytes of the output were sent by now. */
  advance(position: number): void {
    if (this.#count === 0 || this.#entries[this.#first * FIELDS + POSITION]! > position) return;
    const now = performance.now();
    do this.#leave(now); while (
      this.#count > 0 && this.#entries[this.#first * FIELDS + POSITION]! <= position
    );
  }

  /** Forgets those that wait: they will never be sent. */
  clear(): void {
    this.#count = 0;
  }

  #leave(now: number): void {
    const at = this.#first * FIELDS;
    const entries = this.#entries;
    this.#departed(entries[at + CELL]!, entries[at + RECEIVED]!, entries[at + ANSWERED]!, now);
    this.#first = (this.#first + 1) % this.#capacity;
    this.#count--;
  }
}
