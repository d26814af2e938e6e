/** One connection that is fired at: in pieces of any size, and with its bounds watched. */
import assert from "node:assert/strict";
import { LinkStandIn } from "../harness/link_stand_in.ts";
import { mustMoveOn } from "../harness/leaks.ts";
import { JOE } from "../harness/chap_users.ts";
import type { Random } from "../harness/random.ts";
import { LOCKED_TARGET } from "../harness/rig.ts";
import { toHex } from "../harness/hex.ts";
import { Field, NO_TAG, Opcode, type Pdu } from "../initiator/pdu.ts";
import { nopOut } from "../initiator/requests.ts";
import { Witness } from "../initiator/witness.ts";
import type { Session } from "../../lib/iscsi/session.ts";
import type { Ground } from "./ground.ts";
import type { Step } from "./sequence_edits.ts";
import type { Shooter, Shot } from "./shooter.ts";

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/**
 * Bytes that a connection may have lent from the pool during its login: a PDU of 8 KiB with its
 * headers in a block of 16 KiB, a header that is gathered before it, and answers up to 512 KiB, from
 * where on nothing is received, in blocks of 256 KiB of which the last one may just have begun.
 */
const LOGIN_MOST = (16 + 4 + 512 + 256) * KIB;
/** Bytes of output that a login may have: 512 KiB, and the answer that crosses that line. */
const LOGIN_OUTPUT_MOST = (512 + 9) * KIB;
/**
 * Bytes that a session may have lent: a PDU of 1 MiB, 64 MiB for data that it was asked for, what
 * came unasked (64 KiB for each of 32 commands), and the answers to 32 commands of up to 1 MiB, which
 * take up to 2 MiB each.
 */
const SESSION_MOST = (2 + 64 + 2 + 64 + 1) * MIB;

/** Login Requests, and bytes of all of them with headers, that a login has taken when it goes on. */
const LOGIN_PDUS_MOST = 64;
const LOGIN_BYTES_MOST = 64 * KIB + LOGIN_PDUS_MOST * (48 + 1020 + 3);

const PIECES_MOST = 64;
/** Longer PDUs are cut more often: it is data that lands in the buffer of a task. */
const CUT_MORE = 600;
const ROUNDS_MOST = 10_000;
/** T, and full feature as the next stage. */
const ENTERED = 0x83;
const PING_TAG = 0x5c57f00d;
/** Milliseconds after which a silent initiator is asked, and after which it is dropped (NopInInterval, NopInTimeout). */
const TICKS = [0, 31_000, 92_000, 93_000];

/** What was fired. */
export interface Hits {
  /** Mutated PDUs that went to the login phase, and to the full feature phase. */
  login: number;
  session: number;
  /** PDUs that the server took for one in the full feature phase. */
  handled: number;
}

export class Assault {
  readonly link: LinkStandIn;
  readonly hits: Hits = { login: 0, session: 0, handled: 0 };
  /** The PDUs that were sent, for whoever has to find out. */
  readonly shots: Shot[] = [];
  readonly #ground: Ground;
  readonly #random: Random;
  readonly #shooter: Shooter;
  /** Bytes in the pieces that are received at once. */
  readonly #piece: number;
  /** Whether somebody else fires at the same disk. */
  readonly #isAccompanied: boolean;
  #witness: Witness | undefined = undefined;
  #session: Session | undefined = undefined;
  #pong = false;
  /** Bytes that have not been received, and those that were received together with them. */
  #queued = 0;
  #sent = 0;

  constructor(ground: Ground, random: Random, shooter: Shooter, isAccompanied = false) {
    this.#ground = ground;
    this.#isAccompanied = isAccompanied;
    this.#random = random;
    this.#shooter = shooter;
    this.link = new LinkStandIn(ground.attacked.connect().connection, random);
    this.#piece = random.pick([Infinity, Infinity, 1, 7, 48, 100, 1000, 8192]);
  }

  /** Whether there is somebody to fire at. */
  get isOn(): boolean {
    return this.link.isOpen && !this.link.connection.isFinishing;
  }

  get isLoggedIn(): boolean {
    return this.isOn && this.link.connection.session !== undefined;
  }

  /** Sends a step with `edits` changes. False when nothing behind it would be understood. */
  fire(step: Step, edits: number): boolean {
    const { connection } = this.link;
    // At a challenge, or an R2T.
    if (edits === 0 && connection.isLoggingIn || this.#random.below(8) > 0) this.#look();
    if (connection.session !== undefined && !this.link.isWaiting) {
      this.#shooter.situation.cmdSn = connection.session.window.expCmdSN;
    }
    const shot = this.#shooter.shoot(step, edits, this.link.digests);
    this.shots.push(shot);
    if (shot.isMutated) this.hits[connection.isLoggingIn ? "login" : "session"]++;
    this.#push(shot.bytes);
    // Now and then a part of it comes later, with the next one.
    const odds = shot.bytes.length > CUT_MORE ? 3 : 6;
    const isCut = !connection.isLoggingIn && this.#random.below(odds) === 0;
    if (isCut) this.#receive(1 + this.#random.below(this.#queued));
    else this.#pump();
    return !shot.isBroken || this.#random.below(4) === 0;
  }

  #push(bytes: Uint8Array<ArrayBuffer>): void {
    this.#queued += bytes.length;
    this.#sent += bytes.length;
    this.link.push(bytes);
  }

  /** Has everything received, and takes the answers. */
  #pump(): void {
    const { link } = this;
    for (let round = 0; link.isWaiting && link.isOpen; round++) {
      assert(round < ROUNDS_MOST, "the connection takes nothing any more");
      this.#receive(this.#pieceOf());
      if (link.connection.isCongested || this.#random.below(4) > 0) this.#look();
    }
    this.#queued = 0;
  }

  #receive(most: number): void {
    const { connection } = this.link;
    const before = connection.pduCount;
    const isSession = connection.session !== undefined;
    this.link.receive(most);
    if (isSession) this.hits.handled += connection.pduCount - before;
    this.#mustBeBounded();
  }

  #pieceOf(): number {
    return Math.max(this.#piece, Math.ceil(this.#queued / PIECES_MOST));
  }

  #look(): void {
    for (const pdu of this.link.send()) this.#observe(pdu);
  }

  #observe(pdu: Pdu): void {
    this.#witness?.observe(pdu);
    this.#shooter.observe(pdu);
    if (pdu.opcode === Opcode.NopIn && pdu.itt === PING_TAG) this.#pong = true;
    // Discovery sessions do not ping (RFC 7143 4.3): there this is the answer.
    if (pdu.opcode === Opcode.Reject && this.#session?.isDiscovery) this.#pong = true;
    const { session } = this.link.connection;
    const isLast = pdu.opcode === Opcode.LoginResponse && (pdu.flags & ENTERED) === ENTERED;
    if (!isLast || session === undefined) return;
    this.#session = session;
    this.#witness = new Witness({
      expStatSn: pdu.u32(Field.statSn) + 1 >>> 0,
      expCmdSn: pdu.u32(Field.expCmdSn),
      maxCmdSn: pdu.u32(Field.maxCmdSn),
    });
    const { user, access } = session.identity;
    if (access?.target.name === LOCKED_TARGET) assert.equal(user, JOE.name, "who came in");
  }

  #mustBeBounded(): void {
    const { lent } = this.#ground.node.memory;
    const { connection } = this.link;
    const { length } = connection.output;
    if (this.#isAccompanied) assert(lent <= 2 * SESSION_MOST, `${lent} bytes for two sessions`);
    else if (connection.isLoggingIn) {
      assert(lent <= LOGIN_MOST, `${lent} bytes for a login`);
      if (this.isOn) this.#mustBeShort();
      assert(length <= LOGIN_OUTPUT_MOST, `${length} bytes of output in a login`);
    } else assert(lent <= SESSION_MOST, `${lent} bytes for a session`);
  }

  #mustBeShort(): void {
    assert(this.link.connection.pduCount <= LOGIN_PDUS_MOST, "a login of too many PDUs");
    assert(this.#sent - this.#queued <= LOGIN_BYTES_MOST, "a login of too many bytes");
  }

  /**
   * Ends it: what is on its way is received, the store does what it has to do, and then the server
   * either answers a ping, or waits for the rest of a PDU, and not for ever. `isAlone` says that
   * nobody else's commands can be what its own ones wait for.
   */
  end(isAlone = true): void {
    const { link } = this;
    const { store } = this.#ground.attacked;
    this.#pump();
    this.#look();
    store.failures.clear();
    store.hanging = false;
    for (let round = 0; store.held.length > 0; round++) {
      assert(round < ROUNDS_MOST, "the store has no end of requests");
      store.release();
    }
    this.#pump();
    this.#look();
    if (this.isLoggedIn) {
      if (isAlone) mustMoveOn(this.#session!);
      if (link.connection.landingLength === 0) this.#ping();
      else this.#wait();
    }
    link.lose();
    assert.equal(this.#session?.tasks.size ?? 0, 0, "tasks that are left");
  }

  #ping(): void {
    this.#pong = false;
    const numbers = { itt: PING_TAG, cmdSn: this.#shooter.situation.cmdSn, expStatSn: 0 };
    const ping = nopOut({ ...numbers, immediate: true, ttt: NO_TAG });
    this.#push(ping.encode({}, this.link.digests));
    this.#pump();
    this.#look();
    assert(this.#pong || !this.isOn, "a ping is not answered");
  }

  /** Lets time pass, in which nothing comes. */
  #wait(): void {
    for (const now of TICKS) {
      this.link.connection.tick(now);
      this.#look();
    }
    assert(!this.isOn, "the rest of a PDU is waited for without an end");
  }

  /** What was sent, for people. */
  describe(): string {
    return this.shots.map(({ what, bytes }) => {
      const shown = toHex(bytes.subarray(0, 112));
      return `  ${what}, ${bytes.length} bytes: ${shown}${bytes.length > 112 ? " ..." : ""}`;
    }).join("\n");
  }
}
