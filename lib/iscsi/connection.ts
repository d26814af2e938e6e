/**
 * An iSCSI connection without its socket: it takes the bytes that were received, and its output holds
 * the bytes to send.
 */
import type { Memory } from "../../ffi/memory.ts";
import type { SocketAddress } from "../../ffi/socket.ts";
import { bugLine } from "../bug.ts";
import { formatPortal } from "../scst/model.ts";
import { CONNECTION_STATES, ConnectionEvent, ConnectionState } from "./connection_states.ts";
import { ConnectionFault, LoginFault, RequestFault } from "./faults.ts";
import { FullFeature } from "./full_feature.ts";
import { Login } from "./login.ts";
import { LONG_TURN, OUTPUT_MOST } from "./limits.ts";
import type { Node } from "./node.ts";
import { nameOfOpcode, Opcode } from "./opcode.ts";
import { Output } from "./output.ts";
import type { Pdu } from "./pdu.ts";
import { Receiver } from "./receiver.ts";
import { refuseFault } from "./refusal.ts";
import { rejectPdu } from "./reject.ts";
import type { Session } from "./session.ts";
import { StateWalk } from "./state_table.ts";
import type { Task } from "./task.ts";

// Constants of this module, as they are asked for once a PDU.
const { LOGIN_REQUEST, REQUEST } = ConnectionEvent;
const { IN_LOGIN, IN_LOGOUT, CLEANUP_WAIT, FREE } = ConnectionState;

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
  #states = new StateWalk(CONNECTION_STATES, ConnectionState.XPT_UP);
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

  /** The name of its state, see connection_states.ts. */
  get state(): string {
    return this.#states.name;
  }

  /** Whether the connection is to be closed at once. */
  get isClosed(): boolean {
    return this.#states.at === FREE;
  }

  /** Whether nothing is received any more: the connection is to be closed when its output is sent. */
  get isFinishing(): boolean {
    const { at } = this.#states;
    return at === IN_LOGOUT || at === CLEANUP_WAIT || at === FREE;
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

  /** Goes on with commands that waited for room, as far as `turn` goes and until there is much to be sent. */
  resumeReads(turn = LONG_TURN): void {
    this.session?.readMemory.resume(turn);
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

  /** Milliseconds for which it takes nothing in: a discovery session has a pace to keep. */
  get rest(): number {
    if (this.session?.isDiscovery !== true) return 0;
    return this.node.discoveryPace.rest(performance.now());
  }

  /**
   * Takes the bytes from `start` to `end` of `memory`, as far as `turn` goes. Returns how far it came:
   * less than `end` when there are more, or the output has to be sent first.
   */
  receive(memory: Memory, start: number, end: number, turn = LONG_TURN): number {
    const { session } = this;
    session?.latency?.arrive();
    let at = start;
    if (this.rest > 0) return at;
    const inDiscovery = session?.isDiscovery === true;
    const last = this.pduCount + (inDiscovery ? 1 : turn.pdus);
    const most = this.output.length + turn.output;
    while (at < end && !this.isCongested) {
      if (this.pduCount >= last || this.output.length >= most) return at;
      if (this.isFinishing) return end;
      at = this.#receiver.take(memory, at, end);
      // What stands behind a login is for the session, of which the pace may be wanted.
      if (session === undefined && this.session !== undefined) return at;
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

  /** The turn ends, and the peer has not taken all of the output. */
  noteUnsent(): void {
    this.session?.noteUnsent();
  }

  /** Looks after the connection once a second; `now` in milliseconds. */
  tick(now: number): void {
    this.#fullFeature?.tick(now);
  }

  /** Ends the connection when the output is sent. */
  finish(): void {
    this.#sayLast(ConnectionEvent.FINISH);
  }

  /** Ends the connection behind a Login Response that refuses the login. */
  refuseLogin(): void {
    this.#sayLast(ConnectionEvent.LOGIN_REFUSED);
  }

  /** Ends the connection behind a Logout Response. */
  logOut(): void {
    this.#sayLast(ConnectionEvent.LOGOUT_ACCEPTED);
  }

  /** Notes that the initiator is asked to log out; false if it cannot be asked any more. */
  askLogout(): boolean {
    return this.#states.take(ConnectionEvent.LOGOUT_ASKED);
  }

  /** Leaves its session to another connection; nothing more is sent (RFC 7143 6.3.4). */
  handOver(): void {
    if (!this.#take(ConnectionEvent.REINSTATED)) return;
    this.#fullFeature = undefined;
    this.#release();
  }

  /** Ends the connection at once, and logs why. */
  breakOff(why: string): void {
    if (this.isClosed) return;
    const { session } = this;
    const what = `connection dropped: ${why}`;
    if (session !== undefined) session.report("warning", what);
    else this.node.report("warning", `${what}: ${this.#login?.forLog ?? `peer=${this.peer}`}`);
    this.close();
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.isClosed || !this.#take(ConnectionEvent.CLOSE)) return;
    this.session?.end();
    this.session?.loseUnsent();
    this.#release();
  }

  /** The socket has ended. */
  lost(why: string): void {
    if (!this.isFinishing) this.session?.report("info", `connection lost: ${why}`);
    // As an initiator does when the target could not prove itself.
    if (this.#states.at === IN_LOGIN) {
      this.node.report("info", `login given up: ${why}: ${this.#login!.forLog}`);
    }
    this.close();
  }

  /** Goes to a state in which the last words are sent, unless it is there or beyond. */
  #sayLast(event: number): void {
    const before = this.#states.at;
    if (!this.#take(event) || this.#states.at === before) return;
    this.session?.end();
    this.#receiver.drop();
    this.#touch();
  }

  #release(): void {
    this.#receiver.drop();
    this.output.discard();
    this.#touch();
  }

  /** Goes on with an event; false, and a line in the log, if it must not happen in this state. */
  #take(event: number): boolean {
    if (this.#states.take(event)) return true;
    this.node.report("error", `${bugLine(this.#states.describe(event))}: peer=${this.peer}`);
    return false;
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
    const event = pdu.opcode === Opcode.LOGIN_REQUEST ? LOGIN_REQUEST : REQUEST;
    if (!this.#states.take(event)) return this.#refuse(pdu, this.#states.describe(event));
    const fullFeature = this.#fullFeature;
    if (fullFeature !== undefined) return fullFeature.handle(pdu);
    const session = this.#login!.handle(pdu);
    if (session === undefined || !this.#take(ConnectionEvent.LOGIN_ACCEPTED)) return;
    this.#login = undefined;
    this.#fullFeature = new FullFeature(session);
    // The Login Response was the last PDU without digests (RFC 7143 13.1).
    this.#receiver.beginFullFeature(session);
    this.output.useDigests(session.digests);
  }

  /** Refuses a PDU that must not come in this state: a fault of the protocol. */
  #refuse(pdu: Pdu, why: string): void {
    const { session } = this;
    if (session !== undefined) return rejectPdu(session, pdu, RequestFault.LOGIN, why);
    const what = `${nameOfOpcode(pdu.opcode)}: ${why}`;
    // Before the first Login Request nothing may be sent at all (RFC 7143 6.3).
    if (this.#states.at === ConnectionState.XPT_UP) {
      return this.breakOff(`${ConnectionFault.NO_LOGIN.says}: ${what}`);
    }
    this.#login!.refuse(pdu, refuseFault(LoginFault.REQUEST, what));
  }

  /** Refuses a PDU with more data than the `most` bytes that it may have. */
  refuseLength(pdu: Pdu, most: number): void {
    const why = `${pdu.dataLength} bytes of data, ${most} are allowed`;
    const { session } = this;
    if (session === undefined) return this.breakOff(`${ConnectionFault.LONG_LOGIN.says}: ${why}`);
    rejectPdu(session, pdu, RequestFault.LONG_SEGMENT, why);
  }
}
