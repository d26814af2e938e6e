/** How long one kind of request has taken, again and again. */

export class Latency {
  readonly #name: string;
  #times: number[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** Waits for a request and notes the milliseconds that it took. */
  async of<T>(request: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await request();
    this.#times.push(performance.now() - start);
    return result;
  }

  /** The milliseconds within which `part` of them ended: 0.5 is the median, 1 the longest. */
  within(part: number): number {
    const sorted = [...this.#times].sort((a, b) => a - b);
    const time = sorted[Math.ceil(sorted.length * part) - 1];
    if (time === undefined) throw new Error(`${this.#name} was not requested`);
    return time;
  }

  /** All of it in one line. */
  get line(): string {
    const [median, most, longest] = [0.5, 0.99, 1].map((part) => this.within(part).toFixed(1));
    const count = this.#times.length;
    return `${this.#name}: median ${median} ms, 99 % ${most} ms, longest ${longest} ms of ${count}`;
  }
}
