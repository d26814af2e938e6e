/**
 * A pipe that wakes a poller. Many wakes before the poller looks are one byte: a flag in shared
 * memory says whether one is under way already.
 */
import { check, libc, setWord, words } from "./libc.ts";
import { Memory } from "./memory.ts";
import { SYSTEM } from "./platform.ts";

const NONBLOCK = { linux: 0o4000, freebsd: 0x4 }[SYSTEM];
const CLOEXEC = { linux: 0o2000000, freebsd: 0x100000 }[SYSTEM];

/** What another isolate needs to wake: descriptors are valid in the whole process. */
export interface WakeHandle {
  readonly readFd: number;
  readonly writeFd: number;
  readonly flag: SharedArrayBuffer;
}

/** Makes the pipe. */
export function createWake(): WakeHandle {
  const fds = new Int32Array(2);
  const made = check(libc.pipe2(new Uint8Array(fds.buffer), NONBLOCK | CLOEXEC));
  if (made < 0) throw new Error(`Cannot make a pipe: errno ${-made}`);
  return { readFd: fds[0]!, writeFd: fds[1]!, flag: new SharedArrayBuffer(4) };
}

/** One end of the pipe, in one isolate. */
export class Wake {
  readonly readFd: number;
  #writeFd: number;
  #flag: Int32Array;
  #cell = new Memory(64);

  constructor(handle: WakeHandle) {
    this.readFd = handle.readFd;
    this.#writeFd = handle.writeFd;
    this.#flag = new Int32Array(handle.flag);
  }

  /** Makes the poller that watches `readFd` return. */
  wake(): void {
    if (Atomics.exchange(this.#flag, 0, 1) !== 0) return;
    setWord(0, this.#cell.address);
    setWord(1, 1);
    libc.write(this.#writeFd, words[0]!, words[1]!);
  }

  /** Empties the pipe; what was posted before a wake is visible after this. */
  acknowledge(): void {
    setWord(0, this.#cell.address);
    setWord(1, this.#cell.length);
    libc.read(this.readFd, words[0]!, words[1]!);
    Atomics.store(this.#flag, 0, 0);
  }

  close(): void {
    libc.close(this.readFd);
    libc.close(this.#writeFd);
  }
}
