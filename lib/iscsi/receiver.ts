/**
 * From the bytes of a connection to its PDUs (RFC 7143 11.2). PDUs are handled where they lie; what
 * is cut off waits in a buffer of its own, and the data of a Data-Out in that of its task.
 */
import type { Memory, MemoryPool } from "../../ffi/memory.ts";
import { BHS_LENGTH, getDataSegmentLength, TOTAL_AHS_LENGTH } from "./bhs.ts";
import type { Connection } from "./connection.ts";
import { findDataOut, handleLandedDataOut, landsInPlace } from "./data_out.ts";
import { type Digests, NO_DIGESTS } from "./digests.ts";
import { ConnectionFault } from "./faults.ts";
import { Opcode } from "./opcode.ts";
import { LOGIN_MAX_RECV } from "./parameters.ts";
import { Pdu } from "./pdu.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** Bytes of the first block for a PDU that is cut off: what is announced has to come, to get more. */
const GATHER_FIRST = 64 * 2 ** 10;

/** The longest trailer of a data segment: three bytes of pad and a digest. */
const TRAILER_MOST = 8;

/** What is being gathered when a PDU is cut off. */
const Gather = {
  NOTHING: 0,
  /** A header: 48 bytes, or all of it with its digest when its length is known. */
  HEADER: 1,
  /** A whole PDU. */
  PDU: 2,
  /** The data segment of a Data-Out, in the buffer of its task. */
  DATA_OUT: 3,
  /** Pad and digest of that data segment, behind the copy of the header. */
  TRAILER: 4,
} as const;

export class Receiver {
  #connection: Connection;
  #pool: MemoryPool;
  #digests: Digests = NO_DIGESTS;
  #pdu = new Pdu(NO_DIGESTS);
  /** Bytes of data that a PDU may have. */
  #dataMost = LOGIN_MAX_RECV;

  #gather: number = Gather.NOTHING;
  /** Where the next bytes belong, and how many of them. */
  #landing: Memory | undefined = undefined;
  #landingAt = 0;
  #landingLeft = 0;

  /** Header and trailer of the Data-Out whose data lands in its task. */
  #dataOutEnds: Memory | undefined = undefined;
  /** The buffer of its task, where its data begins. */
  #dataOut: Memory | undefined = undefined;
  #dataOutAt = 0;
  /** undefined when the task has ended: then the buffer is ours. */
  #dataOutTask: Task | undefined = undefined;

  constructor(connection: Connection, pool: MemoryPool) {
    this.#connection = connection;
    this.#pool = pool;
  }

  /** Where the next `landingLength` bytes belong; they may be received there directly. */
  get landingAddress(): number {
    return this.#landing!.address + this.#landingAt;
  }

  get landingLength(): number {
    return this.#landingLeft;
  }

  /** Expects what the login has agreed on from the next PDU on. */
  beginFullFeature({ digests, dataMost }: Session): void {
    this.#digests = digests;
    this.#pdu = new Pdu(digests);
    this.#dataMost = dataMost;
  }

  /** Takes some of the bytes from `at` to `end` of `memory`; returns how far it came. */
  take(memory: Memory, at: number, end: number): number {
    return this.#landingLeft > 0 ? this.#land(memory, at, end) : this.#next(memory, at, end);
  }

  /** Takes `length` bytes that were received at `landingAddress`. */
  landed(length: number): void {
    this.#landingAt += length;
    this.#landingLeft -= length;
    if (this.#landingLeft === 0) this.#gathered();
  }

  /** A task ends while its data is landing: the buffer stays here until the rest has come. */
  forgetLanding(task: Task): void {
    if (this.#dataOutTask !== task) return;
    this.#dataOutTask = undefined;
    task.out = undefined;
    task.outOwned = false;
  }

  /** Gives up what is being gathered: what is still received belongs to nobody. */
  drop(): void {
    if (this.#gather === Gather.HEADER || this.#gather === Gather.PDU) {
      this.#pool.give(this.#landing!);
    }
    this.#gather = Gather.NOTHING;
    this.#landing = undefined;
    this.#landingLeft = 0;
    // The buffer of a task that is alive goes back with the task.
    if (this.#dataOut !== undefined && this.#dataOutTask === undefined) {
      this.#pool.give(this.#dataOut);
    }
    this.#dataOut = undefined;
    this.#dataOutTask = undefined;
    if (this.#dataOutEnds !== undefined) this.#pool.give(this.#dataOutEnds);
    this.#dataOutEnds = undefined;
  }

  /** Handles the PDU at `at`, or begins to gather it; returns where the next one begins. */
  #next(memory: Memory, at: number, end: number): number {
    const left = end - at;
    if (left < BHS_LENGTH) return this.#gatherHeader(memory, at, end, BHS_LENGTH);
    const { view } = memory;
    const { headerDigest } = this.#digests;
    const header = BHS_LENGTH + view.getUint8(at + TOTAL_AHS_LENGTH) * 4;
    const dataOffset = header + headerDigest;
    // Additional header segments come along: a PDU is not judged before its header is complete.
    if (left < dataOffset) return this.#gatherHeader(memory, at, end, dataOffset);
    // Nothing in a header is believed, and no length of it used, before its digest is right.
    if (headerDigest > 0 && !this.#digests.isHeaderIntact(memory, at, header)) {
      // Where the next PDU begins is not known any more (RFC 7143 7.8).
      this.#connection.breakOff(ConnectionFault.HEADER_DIGEST.says);
      return end;
    }
    const dataLength = getDataSegmentLength(view, at);
    if (dataLength > this.#dataMost) {
      this.#pdu.set(memory, at);
      this.#connection.refuseLength(this.#pdu, this.#dataMost);
      return end;
    }
    const total = dataOffset + dataLength + this.#digests.trailerOf(dataLength);
    if (left >= total) {
      this.#pdu.set(memory, at);
      this.#connection.handle(this.#pdu);
      return at + total;
    }
    if (this.#beginDataOut(memory, at)) {
      return this.#landFrom(memory, at + dataOffset, end);
    }
    return this.#gatherPdu(memory, at, end, total);
  }

  #gatherHeader(memory: Memory, at: number, end: number, length: number): number {
    this.#startLanding(Gather.HEADER, this.#pool.take(length), 0, length);
    return this.#land(memory, at, end);
  }

  #gatherPdu(memory: Memory, at: number, end: number, total: number): number {
    const block = this.#pool.take(Math.min(total, GATHER_FIRST));
    this.#startLanding(Gather.PDU, block, 0, Math.min(total, block.length));
    return this.#land(memory, at, end);
  }

  /** Begins to receive the data of a Data-Out into the buffer of its task, if that can be done. */
  #beginDataOut(memory: Memory, at: number): boolean {
    const { session } = this.#connection;
    if (session === undefined) return false;
    const pdu = this.#pdu;
    pdu.set(memory, at);
    if (pdu.opcode !== Opcode.DATA_OUT || pdu.hasAhs) return false;
    const task = findDataOut(session, pdu);
    if (task === undefined || typeof task === "string" || !landsInPlace(pdu, task)) return false;
    this.#dataOutEnds ??= this.#pool.take(BHS_LENGTH + TRAILER_MOST);
    this.#dataOutEnds.bytes.set(memory.bytes.subarray(at, at + BHS_LENGTH));
    this.#dataOut = task.out!;
    this.#dataOutAt = task.outAt + task.received;
    this.#dataOutTask = task;
    this.#startLanding(Gather.DATA_OUT, task.out!, this.#dataOutAt, pdu.dataLength);
    return true;
  }

  #startLanding(gather: number, memory: Memory, at: number, length: number): void {
    this.#gather = gather;
    this.#landing = memory;
    this.#landingAt = at;
    this.#landingLeft = length;
  }

  #landFrom(memory: Memory, at: number, end: number): number {
    return at < end ? this.#land(memory, at, end) : at;
  }

  #land(memory: Memory, at: number, end: number): number {
    const length = Math.min(end - at, this.#landingLeft);
    this.#landing!.bytes.set(memory.bytes.subarray(at, at + length), this.#landingAt);
    this.landed(length);
    return at + length;
  }

  /** What was gathered is complete. */
  #gathered(): void {
    const memory = this.#landing!;
    const gather = this.#gather;
    this.#landing = undefined;
    this.#gather = Gather.NOTHING;
    if (gather === Gather.DATA_OUT) return this.#dataOutLanded();
    if (gather === Gather.TRAILER) return this.#endDataOut();
    // A header becomes a PDU of its own, or the beginning of one that is gathered on; the block that
    // held it is free as soon as its bytes have been handled or copied.
    const length = gather === Gather.HEADER ? this.#landingAt : this.#lengthOf(memory);
    if (length > memory.length) return this.#gatherOn(memory, length);
    this.#next(memory, 0, length);
    this.#pool.give(memory);
  }

  /** Goes on with a PDU that has filled its block, in a larger one. */
  #gatherOn(memory: Memory, length: number): void {
    const block = this.#pool.take(Math.min(length, memory.length * 4));
    block.bytes.set(memory.bytes);
    this.#pool.give(memory);
    const most = Math.min(length, block.length);
    this.#startLanding(Gather.PDU, block, memory.length, most - memory.length);
  }

  #lengthOf(memory: Memory): number {
    const ahs = memory.view.getUint8(TOTAL_AHS_LENGTH) * 4;
    return ahs + this.#digests.sizeOf(getDataSegmentLength(memory.view, 0));
  }

  #dataOutLanded(): void {
    const ends = this.#dataOutEnds!;
    const trailer = this.#digests.trailerOf(getDataSegmentLength(ends.view, 0));
    if (trailer === 0) this.#endDataOut();
    else this.#startLanding(Gather.TRAILER, ends, BHS_LENGTH, trailer);
  }

  #endDataOut(): void {
    const memory = this.#dataOut!;
    const ends = this.#dataOutEnds!;
    const task = this.#dataOutTask;
    this.#dataOut = undefined;
    this.#dataOutTask = undefined;
    const pdu = this.#pdu;
    pdu.set(ends, 0);
    const at = this.#dataOutAt;
    const intact = this.#digests.isDataIntact(memory, at, pdu.dataLength, ends, BHS_LENGTH);
    handleLandedDataOut(this.#connection.session!, pdu, task, intact);
    if (task === undefined) this.#pool.give(memory); // it ended meanwhile
  }
}
