/**
 * The journal of a medium: a file of our own with room for one record (atomic_record.ts). What it
 * holds is written to the medium again when that is opened the next time, so a record has to be gone
 * before anything newer may be written to its blocks. It is made when it is needed for the first
 * time, with all of its space.
 *
 * The medium gives the file its name: whichever device it is of next, it is found, and never that of
 * another medium.
 */
import { createHash } from "node:crypto";
import { Errno } from "../../ffi/errno.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { sizeOfFile } from "../../ffi/file_facts.ts";
import type { Memory } from "../../ffi/memory.ts";
import {
  ATOMIC_MOST,
  readRecord,
  RECORD_FILE_LENGTH,
  type RecordedPiece,
  RecordHeader,
} from "./atomic_record.ts";
import { IoLane } from "./io_lane.ts";
import type { IoPool } from "./io_pool.ts";
import { IoOperation, IoRequest } from "./io_request.ts";
import { submitRemove, submitReplace } from "./path_request.ts";

export class AtomicJournal {
  readonly path: string;
  #key: Uint8Array;
  #header: RecordHeader;
  #pool: IoPool;
  #lane = new IoLane();
  #fd = -1;
  #request = new IoRequest();

  /**
   * The journal of the medium that has `identity` (Store.identity) among those in `directory`, which is
   * made when it is needed; `name` is what the operator knows the medium by. Operations follow one
   * another: each is begun when the one before has told its result.
   */
  constructor(directory: string, identity: string, name: string, pool: IoPool) {
    const hash = createHash("sha256").update(identity);
    this.#key = hash.copy().digest();
    this.path = `${directory}/${hash.digest("hex")}`;
    this.#header = new RecordHeader({ key: this.#key, name });
    this.#pool = pool;
  }

  /** What is recorded. Throws a StoreError when that cannot be told. */
  load(): readonly RecordedPiece[] {
    const found = readRecord(this.path);
    const isOurs = found?.key.every((byte, at) => byte === this.#key[at]) === true;
    return isOurs ? found.pieces : [];
  }

  /** Begins a record, without a piece. */
  begin(): void {
    this.#header.clear();
    this.#request.iov.clear();
  }

  /** Whether the file was needed since this was made, and is there. */
  get isOpen(): boolean {
    return this.#fd >= 0;
  }

  /** Whether the record that was begun has room for `length` bytes more. */
  fits(length: number): boolean {
    return this.#header.fits(length);
  }

  /**
   * Adds the `length` bytes at `at` of `memory`, which belong to `offset` of the medium. The caller
   * keeps the memory as it is until commit() is done.
   */
  add(offset: number, memory: Memory, at: number, length: number): void {
    this.#header.add({ offset, bytes: memory.bytes.subarray(at, at + length) });
    this.#request.iov.push(memory.address + at, length);
  }

  /**
   * Brings the record to stable storage; `done` hears 0 or -errno. After an error it may be there all
   * the same: clear() has to follow.
   */
  commit(done: (result: number) => void): void {
    this.#header.seal();
    this.#pushHeader();
    this.#open((fd) => {
      if (fd < 0) done(fd);
      else this.#write(ATOMIC_MOST - this.#header.length, done);
    });
  }

  /**
   * Sees to it that nothing is recorded, whatever becomes of the machine. `done` hears 0, or -errno
   * when the record may be there still.
   */
  clear(done: (result: number) => void): void {
    const fd = this.#openExisting();
    if (fd === -Errno.ENOENT) return done(0);
    if (fd < 0) return this.remove(done);
    this.begin();
    this.#header.seal();
    this.#pushHeader();
    this.#write(ATOMIC_MOST, (result) => {
      if (result === 0) done(0);
      else this.remove(done);
    });
  }

  /** Does without the file, and so without a record, until the next one; `done` hears 0 or -errno. */
  remove(done: (result: number) => void): void {
    this.close();
    submitRemove(this.#pool, this.path, done);
  }

  /** Closes the file, which stays as it is. */
  close(): void {
    if (this.#fd >= 0) closeFile(this.#fd);
    this.#fd = -1;
  }

  #pushHeader(): void {
    const { address, length } = this.#header.memory;
    this.#request.iov.push(address, length);
  }

  #write(offset: number, done: (result: number) => void): void {
    const request = this.#request;
    request.operation = IoOperation.WRITE_DURABLE;
    request.fd = this.#fd;
    request.offset = offset;
    request.length = RECORD_FILE_LENGTH - offset;
    request.finished = ({ result }) => done(result);
    this.#pool.submit(request, this.#lane);
  }

  /** Opens the file, and makes it if it is not there; `then` hears the descriptor or -errno. */
  #open(then: (fd: number) => void): void {
    const fd = this.#openExisting();
    if (fd !== -Errno.ENOENT) return then(fd);
    submitReplace(this.#pool, this.path, new Uint8Array(RECORD_FILE_LENGTH), (result) => {
      then(result < 0 ? result : this.#openExisting());
    });
  }

  /** A file of another length holds no record: it counts as none. */
  #openExisting(): number {
    if (this.#fd >= 0) return this.#fd;
    const fd = openFile(this.path, true);
    if (fd < 0) return fd;
    if (sizeOfFile(fd) !== RECORD_FILE_LENGTH) {
      closeFile(fd);
      return -Errno.ENOENT;
    }
    this.#fd = fd;
    return fd;
  }
}
