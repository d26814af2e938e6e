/**
 * Copying blocks from unit to unit, a chunk at a time. Between two chunks everybody else has a turn,
 * and the copy looks whether it may go on: an aborted one writes no further chunk.
 */
import type { Memory } from "../../ffi/memory.ts";
import { Sense } from "../scsi/sense.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "../vdisk/disk_request.ts";
import { CopyAccess } from "./copy_access.ts";
import { type CopyExtent, type CopySide, hindranceOf } from "./copy_extent.ts";

/** Bytes that are copied at once: a multiple of every block size. */
export const COPY_CHUNK = 2 ** 20;

/** Bytes that are made zeros at once. */
const ZERO_CHUNK = 64 * 2 ** 20;

/** How far a copy has come. */
export interface CopyProgress {
  /** Extents that are copied completely. */
  segments: number;
  /** Bytes that were written. */
  bytes: number;
}

export class CopyJob {
  #extents: readonly CopyExtent[];
  #owner: { readonly aborted: boolean };
  #progress: CopyProgress;
  #done: (sense: number) => void;
  #memory: Memory;
  #reading = new CopyAccess(false);
  #writing = new CopyAccess(true);
  /** Bytes of the extent in progress that were copied. */
  #copied = 0;
  /** Whether a chunk was read and is to be written. */
  #isRead = false;
  #running = false;
  #again = false;
  #sense: number = Sense.NO_SENSE;

  /**
   * `owner` can be aborted; `progress` is kept up to date; `done` hears NO_SENSE or why the copy
   * ended early.
   */
  constructor(
    extents: readonly CopyExtent[],
    owner: { readonly aborted: boolean },
    progress: CopyProgress,
    memory: Memory,
    done: (sense: number) => void,
  ) {
    this.#extents = extents;
    this.#owner = owner;
    this.#progress = progress;
    this.#memory = memory;
    this.#done = done;
  }

  /** Begins, or goes on. Stores that finish at once make it a loop and not a recursion. */
  run(): void {
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    while (this.#again) {
      this.#again = false;
      this.#step();
    }
    this.#running = false;
  }

  #step(): void {
    const extent = this.#nextExtent();
    if (extent === undefined || this.#owner.aborted || this.#sense !== Sense.NO_SENSE) {
      return this.#done(this.#sense);
    }
    this.#sense = hindranceOf(extent);
    if (this.#sense !== Sense.NO_SENSE) return this.#done(this.#sense);
    const { source, destination, token } = extent;
    token?.use(performance.now());
    if (source === undefined) {
      this.#transfer(IoOperation.ZERO, extent, destination, ZERO_CHUNK, this.#writing);
    } else if (this.#isRead) {
      this.#transfer(IoOperation.WRITE, extent, destination, COPY_CHUNK, this.#writing);
    } else {
      this.#transfer(IoOperation.READ, extent, source, COPY_CHUNK, this.#reading);
    }
  }

  /** The extent in progress; one that is copied completely is left behind. */
  #nextExtent(): CopyExtent | undefined {
    for (;;) {
      const extent = this.#extents[this.#progress.segments];
      if (extent === undefined || this.#copied < extent.length) return extent;
      this.#progress.segments++;
      this.#copied = 0;
    }
  }

  #transfer(
    operation: number,
    extent: CopyExtent,
    { unit, at: begin }: CopySide,
    most: number,
    access: CopyAccess,
  ): void {
    const { disk, device } = unit;
    if (device.gate.isShut) return device.gate.park(this.#owner, this.#retry);
    const left = extent.length - this.#copied;
    const length = Math.min(most, left);
    const at = begin + (extent.backwards ? left - length : this.#copied);
    access.cover(at, length, disk.blockSize);
    if (disk.locks.holds(access, this.#retry)) return;
    if (access === this.#writing) device.tokens.change(access);
    disk.locks.begin(access);
    const { copyCounters } = device;
    const counted = access === this.#writing ? copyCounters.write : copyCounters.read;
    copyCounters.count(counted, at, length);
    const request = disk.takeRequest();
    if (operation !== IoOperation.ZERO) request.iov.push(this.#memory.address, length);
    request.start(operation, at, length, access === this.#writing ? this.#written : this.#read);
  }

  #retry = (): void => this.run();

  #read = (request: DiskRequest): void => {
    this.#isRead = true;
    this.#settle(request, this.#reading);
  };

  #written = (request: DiskRequest): void => {
    if (request.result >= 0) {
      this.#copied += request.length;
      this.#progress.bytes += request.length;
    }
    this.#isRead = false;
    this.#settle(request, this.#writing);
  };

  #settle(request: DiskRequest, access: CopyAccess): void {
    const { disk, result } = request;
    if (result < 0) this.#sense = Sense.THIRD_PARTY_DEVICE_FAILURE;
    disk.giveRequest(request);
    disk.locks.end(access);
    this.run();
  }
}
