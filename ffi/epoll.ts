/** epoll(7). */
import { Errno } from "./errno.ts";
import { check, libc, linux, setWord, words } from "./libc.ts";
import { Memory } from "./memory.ts";
import { EPOLL_EVENT_PACKED } from "./platform.ts";
import { BROKEN, type Poller, READABLE, WRITABLE } from "./poller.ts";

const EPOLL_CLOEXEC = 0o2000000;
const CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;
const EPOLLIN = 0x1;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;

// struct epoll_event: u32 events, u64 data
const EVENT = EPOLL_EVENT_PACKED ? 12 : 16;
const DATA = EPOLL_EVENT_PACKED ? 4 : 8;
const MOST_EVENTS = 256;

export class EpollPoller implements Poller {
  #calls = linux!;
  #fd: number;
  #events = new Memory(MOST_EVENTS * EVENT);
  #request = new DataView(new ArrayBuffer(EVENT));

  constructor() {
    this.#fd = check(this.#calls.epoll_create1(EPOLL_CLOEXEC));
    if (this.#fd < 0) throw new Error(`Cannot make an epoll descriptor: errno ${-this.#fd}`);
  }

  #control(operation: number, fd: number, token: number, interest: number): void {
    const events = (interest & READABLE ? EPOLLIN : 0) | (interest & WRITABLE ? EPOLLOUT : 0);
    this.#request.setUint32(0, events, true);
    this.#request.setUint32(DATA, token, true);
    const bytes = new Uint8Array(this.#request.buffer);
    const result = check(this.#calls.epoll_ctl(this.#fd, operation, fd, bytes));
    if (result < 0) throw new Error(`Cannot watch descriptor ${fd}: errno ${-result}`);
  }

  add(fd: number, token: number, interest: number): void {
    this.#control(CTL.ADD, fd, token, interest);
  }

  modify(fd: number, token: number, interest: number): void {
    this.#control(CTL.MOD, fd, token, interest);
  }

  remove(fd: number): void {
    this.#control(CTL.DEL, fd, 0, 0);
  }

  wait(timeout: number): number {
    setWord(0, this.#events.address);
    const count = check(
      this.#calls.epoll_wait(this.#fd, words[0]!, MOST_EVENTS, timeout),
    );
    if (count >= 0) return count;
    if (count === -Errno.EINTR) return 0;
    throw new Error(`Cannot wait for descriptors: errno ${-count}`);
  }

  token(index: number): number {
    return this.#events.view.getUint32(index * EVENT + DATA, true);
  }

  found(index: number): number {
    const events = this.#events.view.getUint32(index * EVENT, true);
    return (events & EPOLLIN ? READABLE : 0) | (events & EPOLLOUT ? WRITABLE : 0) |
      (events & (EPOLLERR | EPOLLHUP) ? BROKEN : 0);
  }

  close(): void {
    libc.close(this.#fd);
  }
}
