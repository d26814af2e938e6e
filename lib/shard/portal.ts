/** A network portal of the data isolate: accepts the connections of a listening descriptor. */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { READABLE } from "../../ffi/poller.ts";
import { acceptSocket } from "../../ffi/socket.ts";
import type { Handler, Loop } from "./loop.ts";

/** Connections that are accepted in one turn: those that go for them keep their descriptors so long. */
const ACCEPT_MOST = 16;

export class Portal implements Handler {
  #loop: Loop;
  #fd: number;
  #accepted: (fd: number) => void;
  #report: (line: string) => void;
  #paused = false;

  /** `accepted` takes over the descriptors; `report` takes lines for the log. */
  constructor(
    loop: Loop,
    fd: number,
    accepted: (fd: number) => void,
    report: (line: string) => void,
  ) {
    this.#loop = loop;
    this.#fd = fd;
    this.#accepted = accepted;
    this.#report = report;
    loop.watch(fd, READABLE, this);
  }

  ready(): void {
    for (let count = 0; count < ACCEPT_MOST; count++) {
      const fd = acceptSocket(this.#fd);
      if (fd >= 0) this.#accepted(fd);
      else if (fd === -Errno.EAGAIN) return;
      else if (fd !== -Errno.EINTR && fd !== -Errno.ECONNABORTED) return this.#pause(-fd);
    }
  }

  /** Tries again once a second when there was no descriptor left. */
  tick(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#loop.watch(this.#fd, READABLE, this);
  }

  /** Accepts no more; the descriptor itself belongs to main. */
  close(): void {
    if (!this.#paused) this.#loop.unwatch(this.#fd);
    this.#paused = false;
  }

  #pause(errno: number): void {
    this.#report(`cannot accept connections for a second: ${describeErrno(errno)}`);
    this.#paused = true;
    this.#loop.unwatch(this.#fd);
  }
}
