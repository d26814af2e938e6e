/** An iSCSI task (RFC 7143 4.2.2.1): a SCSI command with what its delivery needs. */
import type { IoVector } from "../../ffi/iovec.ts";
import type { Memory } from "../../ffi/memory.ts";
import { bugLine } from "../bug.ts";
import type { LogicalUnit } from "../scst/logical_unit.ts";
import type { Operation } from "../scst/operation.ts";
import { Command } from "../scsi/command.ts";
import { Stage } from "../scsi/stage.ts";
import { NO_CELL, StageTimes } from "../scsi/stage_times.ts";
import { Status } from "../scsi/status.ts";
import { solicitWaiting } from "./data_out.ts";
import { copyToDataIn, encodeDataIn, layoutDataIn, sizeOfDataIn } from "./data_in.ts";
import { sendScsiResponse } from "./scsi_response.ts";
import type { Session } from "./session.ts";

/** Residual flags of SCSI Response and Data-In (RFC 7143 11.4.1, 11.7.3). */
const OVERFLOW = 0x04;
const UNDERFLOW = 0x02;

export class Task extends Command {
  readonly session: Session;
  unit: LogicalUnit | undefined = undefined;
  operation: Operation | undefined = undefined;

  initiatorTaskTag = 0;
  /** Whether it came for immediate delivery (RFC 7143 4.2.2.1). */
  immediate = false;
  /** Whether it takes a place in the CmdSN window. */
  inWindow = false;
  /** Whether the session keeps it in its list: it did not end in the turn in which it came. */
  listed = false;
  /** When it came, if it is listed, by performance.now(). */
  arrived = 0;
  /** Whether it has begun and not ended. */
  live = false;
  /** Where its answer ends, by Output.position; NaN without one. */
  answerEnd = NaN;

  /** Bytes of `out` that will be filled: what the CDB asks for, as far as the initiator has it. */
  capacity = 0;
  /** Bytes of memory that it was granted for solicited data. */
  granted = 0;
  /** Bytes of memory that it may use for what it reads, and those that it waits for. */
  claimed = 0;
  wanted = 0;
  /** Where the next byte of data-out belongs; also bytes that came. */
  received = 0;
  /** Whether unsolicited data-out is still to come. */
  unsolicited = false;
  /** Bytes that were solicited, counted from the start of the transfer. */
  solicited = 0;
  /** Where the sequence that comes now ends. */
  sequenceEnd = 0;
  /** DataSN of the next Data-Out PDU of the sequence. */
  dataSN = 0;
  /** Target transfer tags of its R2Ts: they count up from here. */
  transferTag = 0;
  r2tsSent = 0;
  r2tsAnswered = 0;
  /** The status is known and waits for the end of the data that is on its way. */
  statusHeld = false;
  /** A black hole has it: it is never answered, and stays until it is aborted. */
  isSwallowed = false;

  /** How much had come when the session looked last, and when it was found to be more. */
  #receivedBefore = 0;
  #receivedAt = 0;
  #iov: IoVector;
  #statusSent = false;
  #reserved: Memory | undefined = undefined;
  #reservedAt = 0;
  #reservedLength = 0;
  /** For every use of the task that is measured. */
  #times: StageTimes | undefined = undefined;

  /** `iov` may be filled by every reservation of the session: one is used up before the next. */
  constructor(session: Session, iov: IoVector) {
    super(session.port);
    this.session = session;
    this.#iov = iov;
  }

  override renew(): void {
    super.renew();
    this.listed = false;
    this.live = true;
    this.capacity = 0;
    this.received = 0;
    this.unsolicited = false;
    this.solicited = 0;
    this.sequenceEnd = 0;
    this.dataSN = 0;
    this.r2tsSent = 0;
    this.r2tsAnswered = 0;
    this.statusHeld = false;
    this.isSwallowed = false;
    this.#statusSent = false;
    this.#receivedAt = 0;
  }

  override get source(): object {
    return this.session;
  }

  /** Whether it has ended with an answer. */
  get isAnswered(): boolean {
    return this.answerEnd > 0;
  }

  /** Whether it runs: it has its data and its turn, and no status yet. */
  get isActive(): boolean {
    return this.ready && this.enabled && !this.statusHeld;
  }

  /** Where it is on its way, as long as it has no answer. */
  get stage(): Stage {
    if (this.statusHeld) return Stage.DATA;
    if (!this.ready) return this.enabled || this.awaitsData ? Stage.DATA : Stage.TURN;
    const waits = !this.enabled || this.session.readMemory.isWaiting(this) ||
      this.unit?.holds(this) === true;
    return waits ? Stage.TURN : Stage.STORE;
  }

  /**
   * Notes when its stages begin from now on; it was received at `at`, and counts for `cell`, or for no
   * statistics of stages where that is left out.
   */
  measure(at: number, cell = NO_CELL): void {
    this.#times ??= new StageTimes();
    this.times = this.#times;
    this.times.start(at, cell);
  }

  /** Whether a sequence of data is on its way: unsolicited, or in answer to an R2T. */
  get awaitsData(): boolean {
    return this.unsolicited || this.r2tsSent > this.r2tsAnswered;
  }

  /** Drops what still comes for it. */
  expectNoData(): void {
    this.unsolicited = false;
    this.r2tsAnswered = this.r2tsSent;
  }

  /** What the initiator expected and what the device has differ by this, as flags (RFC 7143 11.4.5). */
  get residualFlags(): number {
    const difference = this.#difference;
    if (difference === 0) return 0;
    return difference > 0 ? OVERFLOW : UNDERFLOW;
  }

  get residualCount(): number {
    return Math.min(Math.abs(this.#difference), 0xffffffff);
  }

  get #difference(): number {
    if (this.expectedOut > 0) return this.wantedOut - this.expectedOut;
    if (this.expectedIn > 0) return this.availableIn - this.expectedIn;
    return this.availableIn + this.wantedOut;
  }

  override succeedWith(bytes: Uint8Array, length: number): void {
    const sent = Math.min(length, this.expectedIn);
    if (sent > 0) {
      this.reserveData(sent);
      copyToDataIn(this.session, this.#reserved!, this.#reservedAt, bytes, sent);
      this.commitData();
    }
    this.succeed();
  }

  override claimRoom(size: number): boolean {
    return this.session.readMemory.claim(this, size);
  }

  override reserveData(length: number): IoVector {
    const { session } = this;
    const block = session.output.reserveBytes(sizeOfDataIn(session, length));
    this.#reserved = block.memory;
    this.#reservedAt = block.end;
    this.#reservedLength = length;
    this.#iov.clear();
    layoutDataIn(session, block.memory, block.end, length, this.#iov);
    return this.#iov;
  }

  override commitData(): void {
    this.#sendDataIn(this.#reserved!, this.#reservedAt, this.#reservedLength);
    this.session.output.commitBytes(sizeOfDataIn(this.session, this.#reservedLength));
    this.#reserved = undefined;
  }

  override releaseData(): void {
    this.session.output.release();
    this.#reserved = undefined;
  }

  override sizeOfLayout(length: number): number {
    return sizeOfDataIn(this.session, length);
  }

  override layoutData(memory: Memory, length: number, iov: IoVector): void {
    layoutDataIn(this.session, memory, 0, length, iov);
  }

  override sendLayout(memory: Memory, length: number): void {
    this.#sendDataIn(memory, 0, length);
    this.session.readMemory.release(this);
    this.session.output.append(memory, sizeOfDataIn(this.session, length));
  }

  /** Milliseconds that the initiator has let pass without sending what it was asked for. */
  millisecondsWithoutData(now: number): number {
    const { received } = this;
    const waits = !this.ready && this.awaitsData;
    if (!waits || this.#receivedAt === 0 || received !== this.#receivedBefore) {
      this.#receivedBefore = received;
      this.#receivedAt = now;
    }
    return now - this.#receivedAt;
  }

  /** Gives the memory of the data-out back. */
  releaseOut(): void {
    if (this.out !== undefined && this.outOwned) this.session.node.memory.give(this.out);
    this.out = undefined;
    this.outOwned = false;
  }

  #sendDataIn(memory: Memory, at: number, length: number): void {
    this.#statusSent = true;
    this.session.openWindow(this);
    encodeDataIn(
      this.session,
      memory,
      at,
      length,
      this.initiatorTaskTag,
      Status.GOOD,
      this.residualFlags,
      this.residualCount,
    );
  }

  protected override deliverStatus(): void {
    const { tally } = this.session.node;
    if (this.aborted || this.isSwallowed) {
      this.answerEnd = NaN;
      tally.aborted(this);
      return this.session.retire(this);
    }
    if (this.awaitsData) {
      this.statusHeld = true;
      return;
    }
    if (!this.#statusSent) {
      if (this.status !== Status.GOOD) this.availableIn = 0;
      this.session.openWindow(this);
      sendScsiResponse(this.session, this);
    }
    this.answerEnd = this.session.output.position;
    if (this.times !== undefined) this.session.latency?.answered(this);
    tally.answered(this);
    this.session.retire(this);
  }

  override wasEnabled(): void {
    solicitWaiting(this.session);
  }

  /** Ends a task that no store works on with TASK ABORTED, unless a status of its own is on its way. */
  endAborted(): void {
    this.aborted = false;
    if (this.statusHeld) return;
    this.r2tsAnswered = this.r2tsSent; // their data need not be waited for (RFC 7143 4.2.3.3)
    this.status = Status.TASK_ABORTED;
    this.complete();
  }

  /** Sends TASK ABORTED for a task that a store works on: it goes on as an orphan. */
  sendAborted(): void {
    this.status = Status.TASK_ABORTED;
    this.availableIn = 0;
    sendScsiResponse(this.session, this);
  }

  /** Sends the status that waited for the end of the data. */
  deliverHeldStatus(): void {
    this.statusHeld = false;
    this.deliverStatus();
  }

  protected override reportBug(error: unknown): void {
    const cdb = Array.from(this.cdb, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.session.report("error", `${bugLine(error, "a command")}: cdb=${cdb}`, this);
  }
}
