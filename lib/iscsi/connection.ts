/**
 * An iSCSI connection without its socket: it takes the bytes that were received, and its output holds
 * the bytes to send.
 */
import type { Memory } from "../../ffi/memory.ts";
import type { SocketAddress } from "../../ffi/socket.ts";
import { formatPortal } from "../scst/model.ts";
import { FullFeature } from "./full_feature.ts";
import { Login } from "./login.ts";
import { OUTPUT_MOST } from "./limits.ts";
import type { Node } from "./node.ts";
import { RejectReason } from "./opcode.ts";
import { Output } from "./output.ts";
import type { Pdu } from "./pdu.ts";
import { Receiver } from "./receiver.ts";
import { sendReject } from "./reject.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

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
  #receiver: Receiver;
  #closed = false;
  #finishing = false;

  #touch: () => void;

  /** `touch` is called when there is something to send, or to end. */
  constructor(node: Node, remote: SocketAddress, local: SocketAddress, touch: () => void) {
    this.node = node;
    this.#touch = touch;
    this.output = new Output(node.memory, touch);
    this.remote = remote;
    this.peer = formatPortal(remote);
    this.#receiver = new Receiver(this, node.memory);
    this.local = local;
    this.#login = new Login(this);
  }

  /** The session; undefined during the login. */
  get session(): Session | undefined {
    return this.#fullFeature?.session;
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

  /**
   * Whether so many answers wait that receiving pauses. Data does not count: what would read more of it
   * waits by itself.
   */
  get isCongested(): boolean {
    return this.output.gathered >= OUTPUT_MOST;
  }

  /** Whether commands that waited for room can go on: then resumeReads() is to be called. */
  get canResumeReads(): boolean {
    return this.session?.readMemory.canResume === true;
  }

  /** Goes on with commands that waited for room, until there is much to be sent. */
  resumeReads(): void {
    this.session?.readMemory.resume();
  }

  /** Says that it is to be looked after: commands that waited for room may go on. */
  wake(): void {
    this.#touch();
  }

  /** Where the next `landingLength` received bytes belong; they may be received there directly. */
  get landingAddress(): number {
    return this.#receiver.landingAddress;
  }

  get landingLength(): number {
    return this.#receiver.landingLength;
  }

  /**
   * Takes the bytes from `start` to `end` of `memory`. Returns how far it came: less than `end` when
   * the output has to be sent first.
   */
  receive(memory: Memory, start: number, end: number): number {
    let at = start;
    while (at < end && !this.isCongested) {
      if (this.#closed || this.#finishing) return end;
      at = this.#receiver.take(memory, at, end);
    }
    return at;
  }

  /** Takes `length` bytes that were received at `landingAddress`. */
  landed(length: number): void {
    this.#receiver.landed(length);
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
    this.session?.end();
    this.#receiver.drop();
    this.#touch();
  }

  /** Ends the connection at once, and logs why. */
  breakOff(why: string): void {
    if (this.#closed) return;
    const { session } = this;
    if (session !== undefined) session.report("warning", `connection dropped: ${why}`);
    else {
      const initiator = this.#login?.initiator;
      const who = initiator === undefined ? "" : ` initiator=${initiator}`;
      const where = `peer=${this.peer} portal=${formatPortal(this.local)}`;
      this.node.report("warning", `connection dropped: ${why}:${who} ${where}`);
    }
    this.close();
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.session?.end();
    this.#receiver.drop();
    this.output.discard();
    this.#touch();
  }

  /** The socket has ended. */
  lost(why: string): void {
    if (!this.#closed && !this.#finishing) {
      this.session?.report("info", `connection lost: ${why}`);
    }
    this.close();
  }

  /** A task ends while its data is landing: the buffer stays here until the rest has come. */
  forgetLanding(task: Task): void {
    this.#receiver.forgetLanding(task);
  }

  /** Aborts a request that has not been executed; see FullFeature.cancelEarly(). */
  cancelEarly(cmdSN: number, before: number): boolean {
    return this.#fullFeature?.cancelEarly(cmdSN, before) ?? false;
  }

  /** Handles a PDU, which is valid until this returns. */
  handle(pdu: Pdu): void {
    this.pduCount++;
    const fullFeature = this.#fullFeature;
    if (fullFeature !== undefined) return fullFeature.handle(pdu);
    const session = this.#login!.handle(pdu);
    if (session === undefined) return;
    this.#login = undefined;
    this.#fullFeature = new FullFeature(session);
    // The Login Response was the last PDU without digests (RFC 7143 13.1).
    this.#receiver.beginFullFeature(session);
    this.output.useDigests(session.digests);
  }

  /** Refuses a PDU with more data than the `most` bytes that it may have. */
  refuseLength(pdu: Pdu, most: number): void {
    const why = `${pdu.dataLength} bytes of data, ${most} are allowed`;
    const { session } = this;
    if (session === undefined) return this.breakOff(why);
    sendReject(session, pdu, RejectReason.PROTOCOL_ERROR);
    session.report("warning", `connection dropped: ${why}`);
    this.finish();
  }
}
