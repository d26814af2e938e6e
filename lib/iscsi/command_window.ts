/** The command window of a session (RFC 7143 4.2.2.1): which CmdSN comes next, and up to which they may come. */
export class CommandWindow {
  /** CmdSN that is expected next, and the last one that is allowed. */
  expCmdSN: number;
  maxCmdSN: number;
  /** Commands that it has room for when all of it is open, and the places that it is to lose. */
  #size: number;
  #debt = 0;

  /** `expCmdSN` is what the login has left it at. */
  constructor(expCmdSN: number, size: number) {
    this.expCmdSN = expCmdSN;
    this.maxCmdSN = (expCmdSN + size - 1) >>> 0;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes a numbered request in: the window moves on by one. */
  advance(): void {
    this.expCmdSN = (this.expCmdSN + 1) >>> 0;
  }

  /** A numbered request has ended: there is room for another one. */
  openByOne(): void {
    if (this.#debt > 0) this.#debt--;
    else this.maxCmdSN = (this.maxCmdSN + 1) >>> 0;
  }

  /** Becomes larger or smaller. MaxCmdSN never goes back: a smaller size is reached as commands end. */
  resize(size: number): void {
    const growth = size - this.#size - this.#debt;
    this.#size = size;
    this.#debt = Math.max(0, -growth);
    this.maxCmdSN = (this.maxCmdSN + Math.max(0, growth)) >>> 0;
  }
}
