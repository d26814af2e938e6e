/** Does for a connection of a Rig what a link does: bytes in and out, in pieces, slowly, directly. */
import { copyFrom, Memory } from "../../ffi/memory.ts";
import { libc } from "../../ffi/libc.ts";
import type { Connection } from "../../lib/iscsi/connection.ts";
import { answeredDigests } from "../initiator/parameters.ts";
import {
  announcedLength,
  decodePdu,
  type Digests,
  Field,
  FINAL,
  NO_DIGESTS,
  Opcode,
  type Pdu,
} from "../initiator/pdu.ts";
import { decodeText, type Pair } from "../initiator/text.ts";
import type { Random } from "./random.ts";

/** Bytes that are received at once. */
const BUFFER = 64 * 2 ** 10;

/** What the buffer holds when the connection has no right to look into it. */
const RUBBISH = 0xee;

/** The stage that the T bit of a Login Response leads to (RFC 7143 11.13.3). */
const FULL_FEATURE = FINAL | 3;

export class LinkStandIn {
  readonly connection: Connection;
  /** What PDUs have in both directions since the login. */
  digests: Digests = NO_DIGESTS;
  #random: Random;
  #buffer = new Memory(BUFFER);
  /** Bytes that the initiator has sent and the target has not received. */
  #incoming: Uint8Array<ArrayBuffer>[] = [];
  /** Bytes that the target has sent, from a PDU on that is not complete. */
  #outgoing = new Uint8Array();
  /** What the target has said in the login. */
  #answers: Pair[] = [];

  constructor(connection: Connection, random: Random) {
    this.connection = connection;
    this.#random = random;
  }

  get isOpen(): boolean {
    return !this.connection.isClosed;
  }

  /** Whether bytes wait to be received. */
  get isWaiting(): boolean {
    return this.#incoming.length > 0;
  }

  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > 0) this.#incoming.push(bytes);
  }

  /** Has the target receive up to `most` bytes. */
  receive(most: number): void {
    const { connection } = this;
    for (let left = most; left > 0 && this.isOpen && !connection.isCongested;) {
      const next = this.#incoming.shift();
      if (next === undefined) break;
      const lands = connection.landingLength > 0 && this.#random.below(2) === 0;
      const taken = lands ? this.#land(next, left) : this.#receive(next, left);
      if (taken < next.length) this.#incoming.unshift(next.subarray(taken));
      left -= taken;
    }
    this.#closeIfDone();
  }

  /** Receives and answers until nothing moves any more; returns the PDUs that came out. */
  flush(): Pdu[] {
    const pdus = this.send();
    const { connection } = this;
    const moves = () => this.isWaiting || connection.output.length > 0 || connection.canResumeReads;
    while (this.isOpen && moves()) {
      this.receive(2 ** 20);
      pdus.push(...this.send());
    }
    return pdus;
  }

  /** Sends up to `most` bytes and returns the PDUs that are complete now. */
  send(most = Infinity): Pdu[] {
    const { output } = this.connection;
    for (let left = most; left > 0 && output.length > 0;) {
      const length = Math.min(left, output.firstLength);
      this.#append(copyFrom(output.firstAddress, length));
      output.advance(length);
      left -= length;
    }
    if (this.isOpen && this.connection.canResumeReads) this.connection.resumeReads();
    this.#closeIfDone();
    return this.#split();
  }

  lose(): void {
    this.connection.lost("cut by the test");
  }

  #receive(bytes: Uint8Array, most: number): number {
    const length = Math.min(bytes.length, most, BUFFER);
    this.#buffer.bytes.set(bytes.subarray(0, length));
    const taken = this.connection.receive(this.#buffer, 0, length);
    this.#buffer.bytes.fill(RUBBISH, 0, length);
    return taken;
  }

  /** What is received straight to its place. */
  #land(bytes: Uint8Array, most: number): number {
    const { connection } = this;
    const length = Math.min(bytes.length, most, BUFFER, connection.landingLength);
    this.#buffer.bytes.set(bytes.subarray(0, length));
    libc.memcpy(connection.landingAddress, this.#buffer.address, length);
    connection.landed(length);
    return length;
  }

  #append(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#outgoing.length + bytes.length);
    joined.set(this.#outgoing);
    joined.set(bytes, this.#outgoing.length);
    this.#outgoing = joined;
  }

  #split(): Pdu[] {
    const pdus: Pdu[] = [];
    for (;;) {
      const length = announcedLength(this.#outgoing, this.digests);
      if (length === undefined || length > this.#outgoing.length) return pdus;
      const pdu = decodePdu(this.#outgoing, this.digests);
      pdus.push(pdu);
      this.#outgoing = this.#outgoing.slice(length);
      if (pdu.opcode === Opcode.LoginResponse) this.#noteLogin(pdu);
    }
  }

  #noteLogin(response: Pdu): void {
    this.#answers.push(...decodeText(response.data));
    const isLast = (response.flags & FULL_FEATURE) === FULL_FEATURE;
    if (isLast && response.u8(Field.statusClass) === 0) {
      this.digests = answeredDigests(this.#answers);
    }
  }

  #closeIfDone(): void {
    const { connection } = this;
    if (connection.isFinishing && connection.output.length === 0) connection.close();
  }
}
