/**
 * A rig whose connections are those of a loop: initiators in the same isolate, on sockets, that take
 * their turns with the server. What is served when is then a matter of counting, not of time.
 */
import assert from "node:assert/strict";
import { Memory } from "../../ffi/memory.ts";
import { READABLE } from "../../ffi/poller.ts";
import { closeSocket, receive, send } from "../../ffi/socket.ts";
import { createWake, Wake } from "../../ffi/wake.ts";
import { Link, RECEIVE_LENGTH } from "../../lib/shard/link.ts";
import { Loop } from "../../lib/shard/loop.ts";
import { concatBytes } from "../initiator/bytes.ts";
import { read10, testUnitReady } from "../initiator/cdb.ts";
import { announcedLength, decodePdu, Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { loginRequest, READ, scsiCommand } from "../initiator/requests.ts";
import { rethrow } from "./rethrow.ts";
import { BLOCK, Rig, type RigOptions, TARGET } from "./rig.ts";
import { socketPair } from "./socket_pair.ts";

const ADDRESS = { hostname: "127.0.0.1", port: 3260 };
const LENGTH = 2 ** 20;

/** S of a Data-In PDU: it is the last one of its command (RFC 7143 11.7.3). */
const STATUS = 0x01;

/** An initiator that keeps so many READs under way, all of them of the same blocks. */
export class Reader {
  readonly lba: number;
  readonly depth: number;
  /** Of each READ. */
  readonly blocks: number;
  /** READs that were answered with GOOD. */
  done = 0;
  /** Hears that READs are sent. */
  sending: () => void = () => {};
  /** Whether it takes what has come for it. */
  takes = true;
  /** Whether it asks for more. */
  asks = true;
  #fd: number;
  #memory = new Memory(LENGTH);
  #rest = new Uint8Array(0);
  #under = 0;
  #number = 1;

  constructor(fd: number, lba: number, depth: number, blocks: number) {
    this.#fd = fd;
    this.lba = lba;
    this.depth = depth;
    this.blocks = blocks;
  }

  logIn(isid: number): void {
    const text = {
      InitiatorName: `iqn.2026-11.org.scst.test:reader${isid}`,
      TargetName: TARGET,
      SessionType: "Normal",
    };
    const pairs = Object.entries(text).map(([key, value]) => `${key}=${value}\0`).join("");
    this.#send([loginRequest({
      itt: 0,
      cmdSn: 1,
      expStatSn: 0,
      text: new TextEncoder().encode(pairs),
      flags: FINAL | 1 << 2 | 3,
      isid: new Uint8Array([0, 0, 0, 0, 0, isid]),
    })]);
  }

  /** Takes what has come, and sends as many READs as are missing. */
  step(): void {
    if (!this.takes) return;
    for (const pdu of this.#receive()) {
      if (pdu.opcode === Opcode.LoginResponse) {
        this.#send([this.#command(testUnitReady(), 0)]); // there is a unit attention
        this.#under = this.depth;
      } else if (pdu.opcode === Opcode.DataIn) {
        if ((pdu.flags & STATUS) === 0) continue;
        this.#under--;
        this.done++;
      } else {
        assert.equal(this.done, 0, "only the first command has no data");
        this.#under = 0;
      }
    }
    if (!this.asks || this.#number === 1 || this.#under === this.depth) return;
    const missing = this.depth - this.#under;
    this.#under = this.depth;
    this.sending();
    const cdb = read10(this.lba, this.blocks);
    this.#send(Array.from({ length: missing }, () => this.#command(cdb, this.blocks * BLOCK)));
  }

  close(): void {
    closeSocket(this.#fd);
  }

  #command(cdb: Uint8Array, expectedLength: number): Pdu {
    const number = this.#number++;
    const flags = FINAL | 1 | (expectedLength > 0 ? READ : 0);
    return scsiCommand({ itt: number, cmdSn: number, expStatSn: 0, cdb, flags, expectedLength });
  }

  #send(pdus: readonly Pdu[]): void {
    const bytes = concatBytes(pdus.map((pdu) => pdu.encode()));
    this.#memory.bytes.set(bytes);
    assert.equal(send(this.#fd, this.#memory.address, bytes.length), bytes.length);
  }

  #receive(): Pdu[] {
    const length = receive(this.#fd, this.#memory.address, LENGTH);
    if (length <= 0) return [];
    let rest = concatBytes([this.#rest, this.#memory.bytes.slice(0, length)]);
    const pdus: Pdu[] = [];
    for (let next = announcedLength(rest); next !== undefined && next <= rest.length;) {
      const pdu = decodePdu(rest.subarray(0, next));
      assert.equal(pdu.opcode === Opcode.DataIn ? pdu.u8(Field.status) : 0, 0);
      pdus.push(pdu);
      rest = rest.slice(next);
      next = announcedLength(rest);
    }
    this.#rest = rest;
    return pdus;
  }
}

export class LoopRig implements Disposable {
  readonly rig: Rig;
  readonly loop = new Loop(() => {}, rethrow);
  readonly readers: Reader[] = [];
  turns = 0;
  #wake = new Wake(createWake());
  #buffer = new Memory(RECEIVE_LENGTH);
  #until: () => boolean = () => true;

  constructor(options: RigOptions) {
    this.rig = new Rig(options);
    // Readable for ever: the initiators have their turn whenever the server has had its own.
    this.#wake.wake();
    this.loop.watch(this.#wake.readFd, READABLE, { ready: () => this.#turn() });
  }

  /** An initiator that has sent its login. */
  reader(lba: number, depth: number, blocks = 1): Reader {
    const pair = socketPair();
    assert(typeof pair !== "string", String(pair));
    const [own, theirs] = pair;
    new Link(this.loop, theirs, this.rig.node, ADDRESS, ADDRESS, this.#buffer, {
      loginEnded: () => {},
      ended: () => {},
    });
    const reader = new Reader(own, lba, depth, blocks);
    reader.logIn(this.readers.push(reader));
    return reader;
  }

  /** Has server and initiators go on until `isDone`; once for each rig. */
  run(isDone: () => boolean): void {
    this.#until = isDone;
    this.loop.run();
  }

  #turn(): void {
    assert(this.turns++ < 100_000, "it does not get on");
    if (this.#until()) return this.loop.stop();
    for (const reader of this.readers) reader.step();
  }

  [Symbol.dispose](): void {
    for (const session of [...this.rig.node.sessions]) session.connection.close();
    for (const reader of this.readers) reader.close();
    this.#wake.close();
    this.rig[Symbol.dispose]();
  }
}
