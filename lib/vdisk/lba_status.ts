/** GET LBA STATUS (SBC-4 5.6): which blocks of a thin disk take space. */
import { Errno } from "../../ffi/errno.ts";
import type { Command } from "../scsi/command.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { senseOfRead } from "./errno_sense.ts";
import { blocksPerPhysical } from "./physical_blocks.ts";
import { isOnMedium } from "./range.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const HEADER = 8;
const DESCRIPTOR = 16;

/** PROVISIONING STATUS (SBC-4 table 41). */
const Provisioning = { MAPPED: 0, DEALLOCATED: 1 } as const;

/** Descriptors in one answer; whoever wants to know more asks again behind the last one. */
const DESCRIPTORS_MOST = 64;

/** Pairs of hole and data that are looked at for one answer. */
const LOOKS_MOST = 256;

/** NUMBER OF LOGICAL BLOCKS has 32 bits. */
const BLOCKS_MOST = 2 ** 32 - 1;

interface Extent {
  readonly lba: number;
  blocks: number;
  readonly status: number;
}

/** Executes GET LBA STATUS(16). */
export function getLbaStatus(disk: VirtualDisk, command: Command): void {
  if (!isOnMedium(disk, command)) return;
  const room = Math.floor((command.allocationLength - HEADER) / DESCRIPTOR);
  const survey = new Survey(disk, command.lba, Math.max(1, Math.min(DESCRIPTORS_MOST, room)));
  if (!disk.settings.thinProvisioned) {
    survey.add(disk.capacity, Provisioning.MAPPED);
    return command.respond(survey.encode());
  }
  findData(disk.takeRequest(command), survey);
}

/** What is known of the blocks so far. */
class Survey {
  #extents: Extent[] = [];
  #disk: VirtualDisk;
  #most: number;
  #looks = 0;
  /** The first block that nothing is known of. */
  lba: number;

  /** A survey from `lba` on, of at most `most` extents. */
  constructor(disk: VirtualDisk, lba: number, most: number) {
    this.#disk = disk;
    this.lba = lba;
    this.#most = most;
  }

  /** Where the next look begins, in bytes. */
  get offset(): number {
    return this.lba * this.#disk.blockSize;
  }

  /** Whether there is nothing left to look at, or no room for it; counts the looks. */
  isComplete(): boolean {
    return this.lba >= this.#disk.capacity || this.#extents.length >= this.#most ||
      ++this.#looks > LOOKS_MOST;
  }

  /** The blocks up to `end` have this status. */
  add(end: number, status: number): void {
    const last = this.#extents.at(-1);
    if (last?.status === status) {
      const grown = Math.min(end - last.lba, BLOCKS_MOST);
      last.blocks = Math.max(last.blocks, grown);
      this.lba = last.lba + last.blocks;
    }
    while (this.lba < end && this.#extents.length < this.#most) {
      const blocks = Math.min(end - this.lba, BLOCKS_MOST);
      this.#extents.push({ lba: this.lba, blocks, status });
      this.lba += blocks;
    }
  }

  /** The parameter data (SBC-4 5.6.2). */
  encode(): Uint8Array {
    const view = new DataView(new ArrayBuffer(HEADER + this.#extents.length * DESCRIPTOR));
    view.setUint32(0, view.byteLength - 4);
    this.#extents.forEach(({ lba, blocks, status }, index) => {
      const at = HEADER + index * DESCRIPTOR;
      view.setBigUint64(at, BigInt(lba));
      view.setUint32(at + 8, blocks);
      view.setUint8(at + 12, status);
    });
    return new Uint8Array(view.buffer);
  }
}

function findData(request: DiskRequest, survey: Survey): void {
  const { disk, command } = request;
  if (survey.isComplete() || command!.aborted) return respond(request, survey);
  request.start(IoOperation.FIND_DATA, survey.offset, 0, (found) => {
    const none = found.result === -Errno.ENXIO;
    if (found.result < 0 && !none) return fail(found);
    const { capacity, blockSize } = disk;
    const data = none ? capacity * blockSize : found.result; // the store may have grown
    const granule = blocksPerPhysical(disk); // a hole that does not fill it is no hole
    const end = Math.floor(data / blockSize / granule) * granule;
    const hole = data >= capacity * blockSize ? capacity : end;
    if (hole > survey.lba) survey.add(hole, Provisioning.DEALLOCATED);
    if (hole === capacity) respond(found, survey);
    else findHole(found, survey, data);
  });
}

function findHole(request: DiskRequest, survey: Survey, data: number): void {
  const { disk } = request;
  request.start(IoOperation.FIND_HOLE, data, 0, (found) => {
    if (found.result < 0) return fail(found);
    const granule = blocksPerPhysical(disk);
    const end = Math.ceil(found.result / disk.blockSize / granule) * granule;
    survey.add(Math.min(end, disk.capacity), Provisioning.MAPPED);
    findData(found, survey);
  });
}

function respond(request: DiskRequest, survey: Survey): void {
  const command = request.command!;
  request.disk.giveRequest(request);
  if (command.aborted) command.complete();
  else command.respond(survey.encode());
}

function fail(request: DiskRequest): void {
  const command = request.command!;
  const sense = senseOfRead(-request.result);
  request.disk.giveRequest(request);
  command.fail(sense);
}
