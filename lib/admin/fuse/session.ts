/** The loop between the device and the dispatcher: one mount, from INIT to its end. */
import { ReadableWait } from "../../../ffi/await_readable.ts";
import { describeErrno, Errno } from "../../../ffi/errno.ts";
import { FUSE_DEVICE, readRequest, writeAnswer } from "../../../ffi/fuse_device.ts";
import { Memory } from "../../../ffi/memory.ts";
import { createWake, Wake } from "../../../ffi/wake.ts";
import { InHeader, OutHeader, WriteIn } from "./abi.ts";
import { Dispatcher } from "./dispatcher.ts";
import { MAX_WRITE } from "./init.ts";
import { LONGEST_LISTING, type ServedTree } from "./served_tree.ts";

/** Requests that are served before the isolate turns to its other work. */
const MOST_AT_ONCE = 64;
/** Looks for the next request of a client that has just been answered, before going to sleep. */
const TRIES = 10;

const LONGEST_REQUEST = InHeader.SIZE + WriteIn.SIZE + MAX_WRITE;
const LONGEST_ANSWER = OutHeader.SIZE + LONGEST_LISTING;

/** Why a session is over: stop() was called, somebody has unmounted the tree, the device failed. */
export type SessionEnd = "stopped" | "unmounted" | "failed";

export class FuseSession {
  readonly #fd: number;
  readonly #tree: ServedTree;
  readonly #dispatcher: Dispatcher;
  readonly #request = new Memory(LONGEST_REQUEST);
  readonly #answer = new Memory(LONGEST_ANSWER);
  readonly #wake = new Wake(createWake());
  readonly #initialized = Promise.withResolvers<void>();
  #isStopped = false;
  /** Resolves when nothing is served any more. */
  readonly ended: Promise<SessionEnd>;

  /** Begins to serve what is mounted with the device `fd`, which stays the caller's. */
  constructor(fd: number, tree: ServedTree) {
    this.#fd = fd;
    this.#tree = tree;
    this.#dispatcher = new Dispatcher(tree, (header, rest) => this.#write(header, rest));
    this.ended = this.#run();
  }

  /** Resolves when the kernel and we have agreed on a version: everything can be asked then. */
  get initialized(): Promise<void> {
    return this.#initialized.promise;
  }

  /** Lets the loop end; who waits for an answer gets ECONNABORTED when the device is closed. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#wake.wake();
  }

  async #run(): Promise<SessionEnd> {
    const wait = new ReadableWait([this.#fd, this.#wake.readFd]);
    let end: SessionEnd | undefined;
    while ((end = this.#isStopped ? "stopped" : this.#drain()) === undefined) {
      if (this.#dispatcher.isInitialized) this.#initialized.resolve();
      await wait.wait(-1);
    }
    this.#isStopped = true;
    this.#wake.close();
    return end;
  }

  /** Serves what is there; says so when there will be nothing more. */
  #drain(): SessionEnd | undefined {
    let empty = 0;
    for (let served = 0; served < MOST_AT_ONCE && empty < TRIES;) {
      const length = readRequest(this.#fd, this.#request);
      if (length >= 0) {
        this.#dispatcher.receive(this.#request.bytes.subarray(0, length));
        served++;
        empty = 0;
      } else if (length === -Errno.EAGAIN) {
        empty++;
      } else if (length === -Errno.EINTR || length === -Errno.ENOENT) {
        served++; // a request that was taken back while it was read
      } else if (length === -Errno.ENODEV) {
        return "unmounted";
      } else {
        this.#tree.report("error", `${FUSE_DEVICE} cannot be read: ${describeErrno(-length)}`);
        return "failed";
      }
    }
    return undefined;
  }

  #write(header: Uint8Array, rest: Uint8Array): void {
    if (this.#isStopped) return;
    this.#answer.bytes.set(header);
    this.#answer.bytes.set(rest, header.length);
    const written = writeAnswer(this.#fd, this.#answer, header.length + rest.length);
    // ENOENT: nobody waits any more. ENODEV: the next read tells.
    if (written < 0 && written !== -Errno.ENOENT && written !== -Errno.ENODEV) {
      this.#tree.report("error", `The kernel does not take an answer: ${describeErrno(-written)}`);
    }
  }
}
