import assert from "node:assert/strict";
import type { Poller } from "../../ffi/poller.ts";
import { createWake, Wake, type WakeHandle } from "../../ffi/wake.ts";

/** Some pipes, and one poller that watches nothing yet. */
export class Pipes implements Disposable {
  readonly poller: Poller;
  readonly handles: WakeHandle[];
  readonly wakes: Wake[];

  constructor(make: () => Poller, count: number) {
    this.poller = make();
    this.handles = Array.from({ length: count }, createWake);
    this.wakes = this.handles.map((handle) => new Wake(handle));
  }

  readFd(index: number): number {
    return this.handles[index]!.readFd;
  }

  writeFd(index: number): number {
    return this.handles[index]!.writeFd;
  }

  /** What the poller finds now: bits by token. */
  found(timeout = 0): Map<number, number> {
    const count = this.poller.wait(timeout);
    const found = new Map<number, number>();
    for (let index = 0; index < count; index++) {
      found.set(this.poller.token(index), this.poller.found(index));
    }
    assert.equal(found.size, count, "no token comes twice");
    return found;
  }

  [Symbol.dispose](): void {
    this.poller.close();
    for (const wake of this.wakes) wake.close();
  }
}
