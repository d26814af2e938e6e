/**
 * What the General Statistics and Performance log page counts (SPC-5 7.3.10): READ and WRITE
 * commands. Time is counted for those that the store makes wait; what it does at once takes none.
 */
export class Statistics {
  reads = 0;
  writes = 0;
  /** Blocks sent to initiators, and received from them. */
  blocksRead = 0;
  blocksWritten = 0;
  /** Milliseconds. */
  readTime = 0;
  writeTime = 0;
  /** Commands that the store works on, since when there are any, and how long there were some. */
  #busy = 0;
  #busySince = 0;
  #busyTime = 0;
  #since = performance.now();

  countRead(blocks: number): void {
    this.reads++;
    this.blocksRead += blocks;
  }

  countWrite(blocks: number): void {
    this.writes++;
    this.blocksWritten += blocks;
  }

  /** The store begins to work on a command; returns what endRead() or endWrite() wants to know. */
  begin(): number {
    const now = performance.now();
    if (this.#busy++ === 0) this.#busySince = now;
    return now;
  }

  endRead(began: number): void {
    this.readTime += this.#end(began);
  }

  endWrite(began: number): void {
    this.writeTime += this.#end(began);
  }

  /** Milliseconds without a command that the store worked on. */
  get idleTime(): number {
    const now = performance.now();
    const busy = this.#busyTime + (this.#busy > 0 ? now - this.#busySince : 0);
    return now - this.#since - busy;
  }

  /** Begins anew. */
  reset(): void {
    this.reads = 0;
    this.writes = 0;
    this.blocksRead = 0;
    this.blocksWritten = 0;
    this.readTime = 0;
    this.writeTime = 0;
    this.#busyTime = 0;
    this.#since = performance.now();
    this.#busySince = this.#since;
  }

  #end(began: number): number {
    const now = performance.now();
    if (--this.#busy === 0) this.#busyTime += now - this.#busySince;
    return now - began;
  }
}
