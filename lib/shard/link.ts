/** A connection joined to its socket: receives, sends, pauses, closes. */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { IoVector } from "../../ffi/iovec.ts";
import type { Memory } from "../../ffi/memory.ts";
import { BROKEN, READABLE, WRITABLE } from "../../ffi/poller.ts";
import {
  receive,
  receiveVector,
  send,
  sendVector,
  shutdownSend,
  type SocketAddress,
} from "../../ffi/socket.ts";
import { bugLine } from "../bug.ts";
import { Connection } from "../iscsi/connection.ts";
import { LONG_TURN, OUTPUT_MOST, SHORT_TURN, type Turn } from "../iscsi/limits.ts";
import type { Node } from "../iscsi/node.ts";
import type { Handler, Loop, Settler } from "./loop.ts";
import { HELD_FOR, ReplyMode } from "./reply_mode.ts";

/** Who hears what becomes of a link. */
export interface LinkOwner {
  /** It is logged in to a target, or will never be. */
  loginEnded(link: Link): void;
  /** The socket is closed. */
  ended(link: Link): void;
}

/** Bytes that are received at once. */
export const RECEIVE_LENGTH = 256 * 2 ** 10;

/** From so many missing bytes on, data is received straight to where it belongs. */
const LANDING_LEAST = 8 * 2 ** 10;

/** So few PDUs at once show an initiator that waits for each answer. */
const FEW = 2;

/** Bytes that are received at once for a short turn. */
const SHORT_RECEIVE = 32 * 2 ** 10;

/** Milliseconds for a login, for the peer to take the last answers, and to close after us. */
const LOGIN_TIMEOUT = 15_000;
const FINISH_TIMEOUT = 5_000;
const LINGER_TIMEOUT = 2_000;

export class Link implements Handler, Settler {
  readonly connection: Connection;
  #loop: Loop;
  #fd: number;
  #buffer: Memory;
  #node: Node;
  #interest = READABLE;
  #iov = new IoVector();
  #began: number;
  #settling = false;
  #lingerUntil = 0;
  #finishBy = 0;
  #owner: LinkOwner;
  /** Whether each answer is sent alone, and whether answers are held for a while; see reply_mode.ts. */
  #sendsEach: boolean;
  #holds: boolean;
  /** Whether what is held is not to be sent yet. */
  #isHolding = false;
  #isHalfOpen = true;
  /** Bytes that were received and not handled, because the output has to be sent first. */
  #backlog: Memory | undefined = undefined;
  #backlogStart = 0;
  #backlogEnd = 0;
  /** When they came, by performance.now(). */
  #backlogArrived = 0;
  /** Whether it has handled something in this turn, and leaves the rest to the next one. */
  #hadTurn = false;
  /** Whether it has an appointment for the end of its connection's rest. */
  #isResting = false;

  /**
   * Takes over an accepted socket. `buffer` is shared by all links: what a link leaves in it at the
   * end of its turn it keeps elsewhere.
   */
  constructor(
    loop: Loop,
    fd: number,
    node: Node,
    peer: SocketAddress,
    local: SocketAddress,
    buffer: Memory,
    owner: LinkOwner,
    replies: ReplyMode = ReplyMode.TURN,
  ) {
    this.#loop = loop;
    this.#fd = fd;
    this.#node = node;
    this.#buffer = buffer;
    this.#owner = owner;
    this.#sendsEach = replies === ReplyMode.EACH || replies === ReplyMode.NAGLE;
    this.#holds = replies === ReplyMode.HELD;
    this.#began = performance.now();
    this.connection = new Connection(node, peer, local, () => this.#touch());
    loop.watch(fd, this.#interest, this);
  }

  ready(found: number): void {
    if (this.#lingerUntil > 0) return this.#discard();
    this.#settling = true; // below, and not once more at the end of the turn
    try {
      if ((found & (READABLE | BROKEN)) !== 0 && (this.#interest & READABLE) !== 0) this.#receive();
      else if ((found & BROKEN) !== 0) this.connection.lost("the peer is gone");
    } catch (error) {
      this.#endForBug(error);
    }
    this.#settleNow();
    if (!this.#loop.isAlone) this.#node.tally.settle();
  }

  /** The end of the turn: as below. */
  settle(): void {
    this.#settleNow();
    this.#node.tally.settle();
  }

  /** Sends what there is, goes on with what waited for that, and adapts to what has become of it. */
  #settleNow(): void {
    // What it says meanwhile it sends by itself: settling once more would be another turn in this one.
    this.#settling = true;
    try {
      if (this.#fd >= 0 && this.#lingerUntil === 0) this.#settle();
      else if (this.#fd >= 0 && this.connection.isClosed) this.#close(); // its place is wanted
    } catch (error) {
      this.#endForBug(error);
    }
    this.#settling = false;
  }

  /**
   * Ends the connection after an exception: what was received may be half handled, and the stream
   * cannot be understood any more.
   */
  #endForBug(error: unknown): void {
    this.#node.report("error", `${bugLine(error)}: peer=${this.connection.peer}`);
    this.connection.breakOff("a bug");
    this.#close();
  }

  #settle(): void {
    this.#send();
    // One piece of what has waited in a turn: others want their turn as well.
    if (this.connection.canResumeReads) {
      this.connection.resumeReads(this.#turn);
      this.#send();
    }
    const hadTurn = this.#hadTurn;
    this.#hadTurn = false;
    if (this.#backlog !== undefined && !hadTurn && !this.connection.isCongested) {
      this.#resume();
      this.#send();
    }
    if (this.connection.output.length > 0) this.connection.noteUnsent();
    if (this.#isHalfOpen && this.connection.session?.isDiscovery === false) this.#endLogin();
    if (this.connection.isClosed) return this.#close();
    if (this.connection.isFinishing && this.connection.output.length === 0) return this.#linger();
    this.#watch();
  }

  #endLogin(): void {
    if (!this.#isHalfOpen) return;
    this.#isHalfOpen = false;
    this.#owner.loginEnded(this);
  }

  /** Looks after time limits once a second. */
  tick(now: number): void {
    try {
      this.#tick(now);
    } catch (error) {
      this.#endForBug(error);
    }
  }

  #tick(now: number): void {
    if (this.#lingerUntil > 0) {
      if (now >= this.#lingerUntil) this.#close();
      return;
    }
    if (this.connection.isFinishing) this.#finishWithin(now);
    else if (!this.connection.isLoggingIn) this.connection.tick(now);
    else if (now - this.#began >= LOGIN_TIMEOUT) {
      this.connection.breakOff(`no login within ${LOGIN_TIMEOUT / 1000} s`);
    }
  }

  /** A peer that does not take what is left to say is not waited for. */
  #finishWithin(now: number): void {
    if (this.#finishBy === 0) this.#finishBy = now + FINISH_TIMEOUT;
    else if (now >= this.#finishBy) this.#close();
  }

  #touch(): void {
    if (this.#sendsEach && this.#fd >= 0) this.#push(); // what goes wrong is seen when it settles
    if (this.#settling) return;
    this.#settling = true;
    this.#loop.settleLater(this);
  }

  #receive(): void {
    const { connection } = this;
    const isHurried = this.#loop.isHurried(this);
    const most = isHurried ? SHORT_RECEIVE : RECEIVE_LENGTH;
    const direct = connection.landingLength >= LANDING_LEAST ? connection.landingLength : 0;
    let length: number;
    if (direct > 0) {
      this.#iov.clear();
      this.#iov.push(connection.landingAddress, direct);
      this.#iov.push(this.#buffer.address, most);
      length = receiveVector(this.#fd, this.#iov);
    } else {
      length = receive(this.#fd, this.#buffer.address, most);
    }
    if (length <= 0) return this.#stopReceiving(length);
    this.#node.tally.begin(this.#loop.began);
    const before = connection.pduCount;
    if (direct > 0) connection.landed(Math.min(direct, length));
    this.#hadTurn = isHurried;
    const turn = isHurried ? SHORT_TURN : LONG_TURN;
    this.#handle(this.#buffer, 0, length - Math.min(direct, length), turn);
    // With much to be sent nobody waits for an answer that is still to come.
    const answersAtOnce = connection.output.length < OUTPUT_MOST;
    if (!answersAtOnce || connection.pduCount - before > FEW) return;
    this.#loop.expectSoon();
    this.#loop.notePatient(this);
  }

  #stopReceiving(result: number): void {
    if (result === -Errno.EAGAIN || result === -Errno.EINTR) return;
    this.connection.lost(result === 0 ? "closed by the peer" : describeErrno(-result));
  }

  /** Handles bytes, as far as the turn goes and until much output has gathered; the rest is kept for a later turn. */
  #handle(memory: Memory, start: number, end: number, turn: Turn): void {
    const at = this.connection.receive(memory, start, end, turn);
    if (at >= end) return;
    this.#backlog = this.#node.memory.take(end - at);
    this.#backlog.bytes.set(memory.bytes.subarray(at, end));
    this.#backlogStart = 0;
    this.#backlogEnd = end - at;
    this.#backlogArrived = this.#node.tally.arrived;
  }

  /** What it may get done at once. */
  get #turn(): Turn {
    return this.#loop.isHurried(this) ? SHORT_TURN : LONG_TURN;
  }

  #resume(): void {
    const memory = this.#backlog!;
    const { connection } = this;
    this.#node.tally.begin(this.#backlogArrived);
    this.#backlogStart = connection.receive(
      memory,
      this.#backlogStart,
      this.#backlogEnd,
      this.#turn,
    );
    if (this.#backlogStart < this.#backlogEnd && !connection.isClosed) return;
    this.#backlog = undefined;
    this.#node.memory.give(memory);
  }

  #send(): void {
    if (this.#holds && this.#hold()) return;
    const result = this.#push();
    if (result < 0) this.connection.lost(describeErrno(-result));
  }

  /** Sends as much as the socket takes; returns 0, or -errno of a socket that is broken. */
  #push(): number {
    const { output } = this.connection;
    while (output.length > 0) {
      let sent: number;
      if (output.blockCount === 1) {
        sent = send(this.#fd, output.firstAddress, output.firstLength);
      } else {
        output.fill(this.#iov);
        sent = sendVector(this.#fd, this.#iov);
      }
      if (sent === -Errno.EINTR) continue;
      if (sent < 0) return sent === -Errno.EAGAIN ? 0 : sent;
      output.advance(sent);
      this.connection.noteProgress();
    }
    return 0;
  }

  /** Whether what there is has to wait; it is sent when its time has come. */
  #hold(): boolean {
    if (!this.#isHolding && this.connection.output.length > 0) {
      this.#isHolding = true;
      this.#loop.after(HELD_FOR, () => {
        this.#holds = false;
        this.#isHolding = false;
        this.settle();
        this.#holds = true;
      });
    }
    return this.#isHolding;
  }

  /** Whether it takes nothing in for a while; it goes on when its time has come. */
  #rests(): boolean {
    const { rest } = this.connection;
    if (rest > 0 && !this.#isResting) {
      this.#isResting = true;
      this.#loop.after(rest, () => {
        this.#isResting = false;
        this.settle();
      });
    }
    return rest > 0;
  }

  #watch(): void {
    const { connection } = this;
    const rests = this.#rests();
    const paused = rests || this.#backlog !== undefined || connection.isCongested;
    // With what can go on the next turn comes as soon as something can be sent: at once, as a rule.
    const goesOn = this.#backlog !== undefined && !rests || connection.canResumeReads;
    const sends = connection.output.length > 0 && !this.#isHolding || goesOn;
    const interest = (paused ? 0 : READABLE) | (sends ? WRITABLE : 0);
    if (interest === this.#interest) return;
    this.#interest = interest;
    this.#loop.change(this.#fd, interest);
  }

  /**
   * Says that nothing more comes, and waits for the peer to close: closing a socket with unread bytes
   * resets the connection, and the peer might never see what was sent last.
   */
  #linger(): void {
    this.#lingerUntil = performance.now() + LINGER_TIMEOUT;
    shutdownSend(this.#fd);
    this.#interest = READABLE;
    this.#loop.change(this.#fd, READABLE);
  }

  #discard(): void {
    const length = receive(this.#fd, this.#buffer.address, RECEIVE_LENGTH);
    if (length > 0 || length === -Errno.EAGAIN || length === -Errno.EINTR) return;
    this.#close();
  }

  #close(): void {
    if (this.#fd < 0) return;
    this.connection.close();
    if (this.#backlog !== undefined) this.#node.memory.give(this.#backlog);
    this.#backlog = undefined;
    this.#loop.close(this.#fd);
    this.#fd = -1;
    this.#endLogin();
    this.#owner.ended(this);
  }
}
