/**
 * The atomic writes of a disk (SBC-4 4.29): whatever interrupts them, the medium has all blocks of
 * each of them or none. They are recorded on stable storage, then written to the medium, durably, and
 * then the record is cleared; only then they end, and others get at their blocks. A record that is
 * found when the disk is opened is written once more. Those that come meanwhile share the next record.
 */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { isNoRoom } from "../../ffi/transfer.ts";
import { Sense } from "../scsi/sense.ts";
import type { AtomicJournal } from "../store/atomic_journal.ts";
import type { RecordedPiece } from "../store/atomic_record.ts";
import { IoOperation } from "../store/io_request.ts";
import { StoreError } from "../store/store.ts";
import type { DiskRequest } from "./disk_request.ts";
import type { VirtualDisk } from "./virtual_disk.ts";
import { setWriteSense } from "./write.ts";

export class AtomicWriter {
  #disk: VirtualDisk;
  #journal: AtomicJournal;
  #report: (line: string) => void;
  #waiting: DiskRequest[] = [];
  /** Those that share the record. */
  #batch: DiskRequest[] = [];
  /** Those of them that the store works on. */
  #left = 0;
  #busy = false;
  /** Whether blocks that could not be written could not be put back either. */
  #isTorn = false;
  #whenIdle: (() => void)[] = [];

  /** `report` takes a line for the log. */
  constructor(disk: VirtualDisk, journal: AtomicJournal, report: (line: string) => void) {
    this.#disk = disk;
    this.#journal = journal;
    this.#report = report;
  }

  /**
   * Finishes what was interrupted when the disk was open the last time; `done` is called, perhaps in
   * the same turn, when that is on stable storage, with the error if it cannot be. Nobody may use the
   * medium before. Throws a StoreError when that cannot even be begun.
   */
  recover(done: (error: StoreError | undefined) => void): void {
    const pieces = this.#journal.load();
    if (pieces.length === 0) return done(undefined);
    const { settings, medium } = this.#disk;
    const about = `device '${settings.name}'`;
    const { path } = this.#journal;
    if (pieces.some(({ offset, bytes }) => offset + bytes.length > medium.size)) {
      throw new StoreError(
        `Cannot finish the WRITE ATOMIC in ${path}: the medium is too small now`,
      );
    }
    if (settings.readOnly) {
      const advice = "open the device once without read_only";
      throw new StoreError(`Cannot finish the WRITE ATOMIC in ${path}: ${advice}`);
    }
    this.#report(`${about} finishes what was interrupted: ${pieces.length} WRITE ATOMIC`);
    this.#rewrite(pieces, (result) => {
      if (result < 0) {
        const why = describeErrno(-result);
        return done(new StoreError(`Cannot finish the WRITE ATOMIC in ${path}: ${why}`));
      }
      this.#journal.clear((cleared) => {
        if (cleared === 0) return done(undefined);
        done(new StoreError(`Cannot clear ${path}: ${describeErrno(-cleared)}`));
      });
    });
  }

  /**
   * Writes the blocks of a command and ends it. The memory of the request holds them as they are, and
   * behind that as they are to be.
   */
  write(request: DiskRequest): void {
    this.#waiting.push(request);
    if (!this.#busy) this.#begin();
  }

  /** Calls `then`, perhaps in the same turn, when nothing is under way; no journal is left behind then. */
  finish(then: () => void): void {
    if (this.#busy) {
      this.#whenIdle.push(() => this.finish(then));
      return;
    }
    // A record that could not be got rid of is for recover().
    if (this.#disk.failure !== 0 || !this.#journal.isOpen) return then();
    this.#journal.remove(then);
  }

  /** Lets go of the journal, whatever is in it, after finish(). */
  close(): void {
    this.#journal.close();
  }

  /** Writes recorded pieces to the medium, one after the other. */
  #rewrite(pieces: readonly RecordedPiece[], done: (result: number) => void, index = 0): void {
    const piece = pieces[index];
    if (piece === undefined) return done(0);
    const { offset, bytes: { length } } = piece;
    const request = this.#disk.takeRequest();
    request.memory = this.#disk.memory.take(length);
    request.memory.bytes.set(piece.bytes);
    request.iov.push(request.memory.address, length);
    request.start(IoOperation.WRITE_DURABLE, offset, length, ({ result }) => {
      this.#disk.giveRequest(request);
      if (result < 0) done(result);
      else this.#rewrite(pieces, done, index + 1);
    });
  }

  #begin(): void {
    this.#busy = true;
    this.#journal.begin();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#journal.fits(sizeOf(next))) break;
      this.#waiting.shift();
      this.#take(next);
    }
    if (this.#batch.length > 0) return this.#journal.commit((result) => this.#recorded(result));
    this.#busy = false;
    for (const then of this.#whenIdle.splice(0)) then();
  }

  /** Takes a request into the record, unless its command is to end without having done anything. */
  #take(request: DiskRequest): void {
    const command = request.command!;
    const { failure } = this.#disk;
    if (failure !== 0) command.setSense(Sense.LOGICAL_UNIT_FAILURE);
    // An initiator that has given its command up takes its blocks to be as they were.
    if (failure !== 0 || command.aborted) return end(request);
    const length = sizeOf(request);
    this.#batch.push(request);
    this.#journal.add(offsetOf(request), request.memory!, length, length);
  }

  #recorded(result: number): void {
    if (result < 0) {
      this.#report(`Cannot write ${this.#journal.path}: ${describeErrno(-result)}`);
      for (const { command } of this.#batch) {
        command!.setSense(Sense.HARDWARE_INTERNAL_TARGET_FAILURE);
      }
      return this.#clear();
    }
    this.#left = this.#batch.length;
    for (const request of this.#batch) this.#transfer(request, sizeOf(request), this.#written);
  }

  /** Starts to write the blocks that are `at` of the request's memory. */
  #transfer(request: DiskRequest, at: number, then: (request: DiskRequest) => void): void {
    const length = sizeOf(request);
    request.iov.clear();
    request.iov.push(request.memory!.address + at, length);
    request.start(IoOperation.WRITE_DURABLE, offsetOf(request), length, then);
  }

  #written = (request: DiskRequest): void => {
    if (request.result >= 0) return this.#oneLess();
    setWriteSense(request.command!, -request.result);
    this.#transfer(request, 0, this.#putBack);
  };

  /** The old blocks are back, or could not be written either. */
  #putBack = (request: DiskRequest): void => {
    if (request.result >= 0) return this.#oneLess();
    if (!isNoRoom(-request.result)) return this.#tear();
    // Where there was no room the blocks were not touched: if so they are as they were.
    const length = sizeOf(request);
    request.iov.clear();
    request.iov.push(request.memory!.address + length, length);
    request.start(IoOperation.READ, offsetOf(request), length, this.#checked);
  };

  #checked = (request: DiskRequest): void => {
    if (request.result < 0 || !holdsOld(request)) this.#tear();
    else this.#oneLess();
  };

  /** Leaves the record as it is: when the disk is opened again its blocks are written. */
  #tear(): void {
    this.#isTorn = true;
    this.#disk.fail(Errno.EIO, "could not put back the blocks of a WRITE ATOMIC that failed");
    this.#oneLess();
  }

  #oneLess(): void {
    if (--this.#left > 0) return;
    if (this.#isTorn) this.#end();
    else this.#clear();
  }

  #clear(): void {
    this.#journal.clear((result) => {
      if (result < 0) {
        // What anybody wrote there from now on would be overwritten with what is recorded.
        const problem = `could not clear ${this.#journal.path}: ${describeErrno(-result)}`;
        this.#disk.fail(Errno.EIO, problem);
      }
      this.#end();
    });
  }

  #end(): void {
    const batch = this.#batch;
    this.#batch = [];
    for (const request of batch) end(request);
    this.#begin();
  }
}

function sizeOf(request: DiskRequest): number {
  return request.command!.blocks * request.disk.blockSize;
}

function offsetOf(request: DiskRequest): number {
  return request.command!.lba * request.disk.blockSize;
}

/** Whether the second half of the request's memory, which was read, is the first. */
function holdsOld(request: DiskRequest): boolean {
  const length = sizeOf(request);
  const { bytes } = request.memory!;
  for (let at = 0; at < length; at++) if (bytes[at] !== bytes[length + at]) return false;
  return true;
}

/** Ends the command of a request with the status that is set. */
function end(request: DiskRequest): void {
  const command = request.command!;
  request.disk.giveRequest(request);
  command.complete();
}
