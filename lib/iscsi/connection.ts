/**
 * An iSCSI connection without its socket: it takes the bytes that were received, and its output holds
 * the bytes to send. PDUs are handled where they lie; what is cut off waits in a buffer of its own.
 */
import type { Memory } from "../../ffi/memory.ts";
import type { SocketAddress } from "../../ffi/socket.ts";
import { BHS_LENGTH, getDataSegmentLength, padOf, TOTAL_AHS_LENGTH } from "./bhs.ts";
import { findDataOut, handleDataOut, landsInPlace } from "./data_out.ts";
import { FullFeature } from "./full_feature.ts";
import { Login } from "./login.ts";
import type { Node } from "./node.ts";
import { Opcode, RejectReason } from "./opcode.ts";
import { Output } from "./output.ts";
import { LOGIN_MAX_RECV } from "./parameters.ts";
import { Pdu } from "./pdu.ts";
import { formatAddress } from "./portal_address.ts";
import { sendReject } from "./reject.ts";
import type { Task } from "./task.ts";

/** Bytes of output from which on no further PDU is handled until they are sent. */
const OUTPUT_MOST = 512 * 2 ** 10;

/** Bytes of the first block for a PDU that is cut off: what is announced has to come, to get more. */
const GATHER_FIRST = 64 * 2 ** 10;

/** What is being gathered when a PDU is cut off. */
const Gather = {
  NOTHING: 0,
  /** A header of 48 bytes. */
  HEADER: 1,
  /** A whole PDU. */
  PDU: 2,
  /** The data segment of a Data-Out, in the buffer of its task. */
  DATA_OUT: 3,
} as const;

export class Connection {
  readonly node: Node;
  readonly output: Output;
  /** Where it comes from and what it reached, for logs and discovery. */
  readonly peer: string;
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  /** Connection identifier, given by the initiator. */
  cid = 0;
  /** PDUs that were handled. */
  pduCount = 0;
  #login: Login | undefined;
  #fullFeature: FullFeature | undefined = undefined;
  /** Bytes of data that a PDU may have. */
  #segmentMost = LOGIN_MAX_RECV;
  #pdu = new Pdu();
  #closed = false;
  #finishing = false;

  #gather: number = Gather.NOTHING;
  #landing: Memory | undefined = undefined;
  #landingAt = 0;
  #landingLeft = 0;
  #landingTask: Task | undefined = undefined;
  /** Header of the Data-Out whose data lands in its task. */
  #dataOutHeader: Memory | undefined = undefined;

  #touch: () => void;

  /** `touch` is called when there is something to send, or to end. */
  constructor(node: Node, remote: SocketAddress, local: SocketAddress, touch: () => void) {
    this.node = node;
    this.#touch = touch;
    this.output = new Output(node.memory, touch);
    this.remote = remote;
    this.peer = formatAddress(remote);
    this.local = local;
    this.#login = new Login(this);
  }

  /** Whether the connection is to be closed at once. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether the connection is to be closed when its output is sent; nothing is received any more. */
  get isFinishing(): boolean {
    return this.#finishing;
  }

  /** Whether it is still in the login phase. */
  get isLoggingIn(): boolean {
    return this.#login !== undefined;
  }

  /** Whether so much output waits that receiving pauses. */
  get isCongested(): boolean {
    return this.output.length >= OUTPUT_MOST;
  }

  /** Where the next `landingLength` received bytes belong; they may be received there directly. */
  get landingAddress(): number {
    return this.#landing!.address + this.#landingAt;
  }

  get landingLength(): number {
    return this.#landingLeft;
  }

  /**
   * Takes the bytes from `start` to `end` of `memory`. Returns how far it came: less than `end` when
   * the output has to be sent first.
   */
  receive(memory: Memory, start: number, end: number): number {
    let at = start;
    while (at < end && !this.isCongested) {
      if (this.#closed || this.#finishing) return end;
      at = this.#landingLeft > 0 ? this.#land(memory, at, end) : this.#next(memory, at, end);
    }
    return at;
  }

  /** Takes `length` bytes that were received at `landingAddress`. */
  landed(length: number): void {
    this.#landingAt += length;
    this.#landingLeft -= length;
    if (this.#landingLeft === 0) this.#gathered();
  }

  /** The peer has taken some of the output. */
  noteProgress(): void {
    this.#fullFeature?.noteProgress();
  }

  /** Looks after the connection once a second; `now` in milliseconds. */
  tick(now: number): void {
    this.#fullFeature?.tick(now);
  }

  /** Ends the connection when the output is sent. */
  finish(): void {
    if (this.#finishing || this.#closed) return;
    this.#finishing = true;
    this.#fullFeature?.session.end();
    this.#dropLanding(); // what is still received belongs to nobody
    this.#touch();
  }

  /** Ends the connection at once, and logs why. */
  breakOff(why: string): void {
    if (this.#closed) return;
    const { session } = this.#fullFeature ?? {};
    if (session !== undefined) session.report("warning", `connection dropped: ${why}`);
    else {
      const initiator = this.#login?.initiator;
      const who = initiator === undefined ? "" : ` initiator=${initiator}`;
      const where = `peer=${this.peer} portal=${formatAddress(this.local)}`;
      this.node.report("warning", `connection dropped: ${why}:${who} ${where}`);
    }
    this.close();
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fullFeature?.session.end();
    this.#dropLanding();
    this.output.discard();
    this.#touch();
  }

  /** The socket has ended. */
  lost(why: string): void {
    const { session } = this.#fullFeature ?? {};
    if (!this.#closed && !this.#finishing) session?.report("info", `connection lost: ${why}`);
    this.close();
  }

  /** A task ends while its data is landing: the buffer stays here until the rest has come. */
  forgetLanding(task: Task): void {
    if (this.#landingTask !== task) return;
    this.#landingTask = undefined;
    task.out = undefined;
    task.outOwned = false;
  }

  /** Aborts a request that has not been executed; see FullFeature.cancelEarly(). */
  cancelEarly(cmdSN: number, before: number): boolean {
    return this.#fullFeature?.cancelEarly(cmdSN, before) ?? false;
  }

  /** Handles the PDU at `at`, or begins to gather it; returns where the next one begins. */
  #next(memory: Memory, at: number, end: number): number {
    const left = end - at;
    if (left < BHS_LENGTH) return this.#gatherHeader(memory, at, end);
    const { view } = memory;
    const headers = BHS_LENGTH + view.getUint8(at + TOTAL_AHS_LENGTH) * 4;
    const dataLength = getDataSegmentLength(view, at);
    const most = this.#segmentMost;
    if (dataLength > most) {
      return this.#refuseLength(
        memory,
        at,
        end,
        `${dataLength} bytes of data, ${most} are allowed`,
      );
    }
    const total = headers + dataLength + padOf(dataLength);
    if (left >= total) {
      this.#pdu.set(memory, at);
      this.#dispatch();
      return at + total;
    }
    if (left >= headers && this.#beginDataOut(memory, at)) {
      return this.#landFrom(memory, at + headers, end);
    }
    return this.#gatherPdu(memory, at, end, total);
  }

  #dispatch(): void {
    this.pduCount++;
    const fullFeature = this.#fullFeature;
    if (fullFeature !== undefined) return fullFeature.handle(this.#pdu);
    const session = this.#login!.handle(this.#pdu);
    if (session === undefined) return;
    this.#login = undefined;
    this.#fullFeature = new FullFeature(session);
    this.#segmentMost = session.attributes.maxRecvDataSegmentLength;
  }

  #refuseLength(memory: Memory, at: number, end: number, why: string): number {
    const { session } = this.#fullFeature ?? {};
    if (session === undefined) {
      this.breakOff(why);
    } else {
      this.#pdu.set(memory, at);
      sendReject(session, this.#pdu, RejectReason.PROTOCOL_ERROR);
      session.report("warning", `connection dropped: ${why}`);
      this.finish();
    }
    return end;
  }

  #gatherHeader(memory: Memory, at: number, end: number): number {
    this.#startLanding(Gather.HEADER, this.node.memory.take(BHS_LENGTH), 0, BHS_LENGTH);
    return this.#land(memory, at, end);
  }

  #gatherPdu(memory: Memory, at: number, end: number, total: number): number {
    const block = this.node.memory.take(Math.min(total, GATHER_FIRST));
    this.#startLanding(Gather.PDU, block, 0, Math.min(total, block.length));
    return this.#land(memory, at, end);
  }

  /** Begins to receive the data of a Data-Out into the buffer of its task, if that can be done. */
  #beginDataOut(memory: Memory, at: number): boolean {
    const { session } = this.#fullFeature ?? {};
    if (session === undefined) return false;
    const pdu = this.#pdu;
    pdu.set(memory, at);
    if (pdu.opcode !== Opcode.DATA_OUT || pdu.dataAt !== at + BHS_LENGTH) return false;
    const task = findDataOut(session, pdu);
    if (task === undefined || typeof task === "string" || !landsInPlace(pdu, task)) return false;
    this.#dataOutHeader ??= this.node.memory.take(BHS_LENGTH);
    this.#dataOutHeader.bytes.set(memory.bytes.subarray(at, at + BHS_LENGTH));
    this.#landingTask = task;
    this.#startLanding(Gather.DATA_OUT, task.out!, task.outAt + task.received, pdu.dataLength);
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
    if (gather === Gather.DATA_OUT) return this.#dataOutLanded(memory);
    // A header becomes a PDU of its own, or the beginning of one that is gathered on; the block that
    // held it is free as soon as its bytes have been handled or copied.
    const length = gather === Gather.HEADER ? BHS_LENGTH : this.#lengthOf(memory);
    if (length > memory.length) return this.#gatherOn(memory, length);
    this.#next(memory, 0, length);
    this.node.memory.give(memory);
  }

  /** Goes on with a PDU that has filled its block, in a larger one. */
  #gatherOn(memory: Memory, length: number): void {
    const block = this.node.memory.take(Math.min(length, memory.length * 4));
    block.bytes.set(memory.bytes);
    this.node.memory.give(memory);
    const most = Math.min(length, block.length);
    this.#startLanding(Gather.PDU, block, memory.length, most - memory.length);
  }

  #lengthOf(memory: Memory): number {
    const dataLength = getDataSegmentLength(memory.view, 0);
    return BHS_LENGTH + memory.view.getUint8(TOTAL_AHS_LENGTH) * 4 + dataLength + padOf(dataLength);
  }

  #dataOutLanded(memory: Memory): void {
    const task = this.#landingTask;
    this.#landingTask = undefined;
    if (task === undefined) return this.node.memory.give(memory); // it ended meanwhile
    this.#pdu.set(this.#dataOutHeader!, 0);
    handleDataOut(this.#fullFeature!.session, this.#pdu, task, true);
  }

  #dropLanding(): void {
    const memory = this.#landing;
    this.#landing = undefined;
    this.#landingLeft = 0;
    if (this.#dataOutHeader !== undefined) this.node.memory.give(this.#dataOutHeader);
    this.#dataOutHeader = undefined;
    // The buffer of a task that is alive goes back with the task.
    if (memory !== undefined && this.#landingTask === undefined) this.node.memory.give(memory);
    this.#landingTask = undefined;
  }
}
