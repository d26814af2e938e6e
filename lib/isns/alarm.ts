/** Lets one sleeper be woken before its time. */

/** Timers cannot be set for longer than this (a signed 32-bit number of milliseconds). */
const SLEEP_MOST = 2 ** 31 - 1;

export class Alarm {
  #hasRung = false;
  #wake: (() => void) | undefined = undefined;

  /** Wakes the sleeper, or whoever sleeps next. */
  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  /** Sleeps for so many milliseconds, or until it rings; not at all if it has rung since. */
  async sleep(milliseconds: number): Promise<void> {
    if (!this.#hasRung && milliseconds > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(milliseconds, SLEEP_MOST));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#hasRung = false;
  }
}
