/** poll(2): the poller for systems that have nothing better. */
import { Errno } from "./errno.ts";
import { check, libc, setWord, words } from "./libc.ts";
import { Memory } from "./memory.ts";
import { BROKEN, type Poller, READABLE, WRITABLE } from "./poller.ts";

const POLLIN = 0x1;
const POLLOUT = 0x4;
const POLLERR = 0x8;
const POLLHUP = 0x10;
const POLLNVAL = 0x20;

// struct pollfd: i32 fd, i16 events, i16 revents
const ENTRY = 8;
const EVENTS = 4;
const REVENTS = 6;

export class PollPoller implements Poller {
  #memory = new Memory(64 * ENTRY);
  #tokens: number[] = [];
  #places = new Map<number, number>();
  #found: number[] = [];

  add(fd: number, token: number, interest: number): void {
    if (this.#places.has(fd)) throw new Error(`Cannot watch descriptor ${fd}: watched already`);
    const place = this.#tokens.length;
    if ((place + 1) * ENTRY > this.#memory.length) {
      const larger = new Memory(this.#memory.length * 2);
      larger.bytes.set(this.#memory.bytes);
      this.#memory = larger;
    }
    this.#places.set(fd, place);
    this.#tokens.push(token);
    this.#memory.view.setInt32(place * ENTRY, fd, true);
    this.#setInterest(place, interest);
  }

  modify(fd: number, token: number, interest: number): void {
    const place = this.#placeOf(fd);
    this.#tokens[place] = token;
    this.#setInterest(place, interest);
  }

  remove(fd: number): void {
    const place = this.#placeOf(fd);
    const last = this.#tokens.length - 1;
    const view = this.#memory.view;
    const moved = view.getInt32(last * ENTRY, true);
    this.#memory.bytes.copyWithin(place * ENTRY, last * ENTRY, (last + 1) * ENTRY);
    this.#tokens[place] = this.#tokens[last]!;
    this.#places.set(moved, place);
    this.#places.delete(fd);
    this.#tokens.pop();
  }

  wait(timeout: number): number {
    setWord(0, this.#memory.address);
    setWord(1, this.#tokens.length);
    const count = check(libc.poll(words[0]!, words[1]!, timeout));
    this.#found.length = 0;
    if (count < 0 && count !== -Errno.EINTR) {
      throw new Error(`Cannot wait for descriptors: errno ${-count}`);
    }
    for (let place = 0; count > this.#found.length && place < this.#tokens.length; place++) {
      if (this.#memory.view.getInt16(place * ENTRY + REVENTS, true) !== 0) this.#found.push(place);
    }
    // Removing while the caller walks through the list moves entries: hand out tokens, not places.
    for (let index = 0; index < this.#found.length; index++) {
      const place = this.#found[index]!;
      const revents = this.#memory.view.getInt16(place * ENTRY + REVENTS, true);
      this.#found[index] = this.#tokens[place]! * 8 + bitsOf(revents);
    }
    return this.#found.length;
  }

  token(index: number): number {
    return Math.floor(this.#found[index]! / 8);
  }

  found(index: number): number {
    return this.#found[index]! % 8;
  }

  close(): void {
    this.#tokens.length = 0;
    this.#places.clear();
  }

  #placeOf(fd: number): number {
    const place = this.#places.get(fd);
    if (place === undefined) throw new Error(`Cannot find descriptor ${fd}: it is not watched`);
    return place;
  }

  #setInterest(place: number, interest: number): void {
    const events = (interest & READABLE ? POLLIN : 0) | (interest & WRITABLE ? POLLOUT : 0);
    this.#memory.view.setInt16(place * ENTRY + EVENTS, events, true);
  }
}

function bitsOf(revents: number): number {
  return (revents & POLLIN ? READABLE : 0) | (revents & POLLOUT ? WRITABLE : 0) |
    (revents & (POLLERR | POLLHUP | POLLNVAL) ? BROKEN : 0);
}
