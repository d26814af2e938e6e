/** Waiting for descriptors without holding up the isolate: poll(2) on a thread of the runtime's. */
import { mainLibc } from "./libc_main.ts";

const POLLIN = 0x1;
// struct pollfd: i32 fd, i16 events, i16 revents
const ENTRY = 8;
const EVENTS = 4;

/** A set of descriptors to wait for, again and again. */
export class ReadableWait {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #count: number;

  constructor(fds: readonly number[]) {
    const view = new DataView(new ArrayBuffer(fds.length * ENTRY));
    fds.forEach((fd, index) => {
      view.setInt32(index * ENTRY, fd, true);
      view.setInt16(index * ENTRY + EVENTS, POLLIN, true);
    });
    this.#bytes = new Uint8Array(view.buffer);
    this.#count = fds.length;
  }

  /**
   * Resolves when there is something to read or to learn at one of them, or after `limitMs`
   * milliseconds (-1: no limit); false when the time was over.
   */
  async wait(limitMs: number): Promise<boolean> {
    return await mainLibc.pollAside(this.#bytes, this.#count, limitMs) !== 0;
  }
}
