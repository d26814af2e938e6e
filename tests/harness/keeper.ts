/**
 * A well-behaved initiator on a Rig that knows what each of its blocks may hold: it writes and reads
 * them while others misbehave, the store hangs and fails, and data goes wrong on the way where a digest
 * tells. It notices every lost, late or torn write, and every command that is not answered though
 * nothing holds it up.
 */
import assert from "node:assert/strict";
import { read10, synchronizeCache10, testUnitReady, write10, write16 } from "../initiator/cdb.ts";
import { Field, FINAL, NO_TAG, Opcode, opcodeName, type Pdu } from "../initiator/pdu.ts";
import {
  dataOut,
  loginRequest,
  nopOut,
  type Numbers,
  READ,
  scsiCommand,
  TaskFunction,
  taskManagement,
  WRITE,
} from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";
import { Witness } from "../initiator/witness.ts";
import type { BlockOwner } from "./block_guard.ts";
import { Deed } from "./deed.ts";
import { LineNoise } from "./line_noise.ts";
import { LinkStandIn } from "./link_stand_in.ts";
import { DIGEST_OFFERS } from "./login_text.ts";
import { PossibleBlocks } from "./possible_blocks.ts";
import type { Random } from "./random.ts";
import { BLOCK, type Rig, TARGET } from "./rig.ts";
import { assertSameBytes } from "./same_bytes.ts";

const SIMPLE = 1;
const FUA = 0x08;
const WRITE_10 = 0x2a;
const WRITE_AND_VERIFY = 0x2e;
const Status = {
  GOOD: 0x00,
  CHECK_CONDITION: 0x02,
  BUSY: 0x08,
  RESERVATION_CONFLICT: 0x18,
  TASK_SET_FULL: 0x28,
  TASK_ABORTED: 0x40,
} as const;
const SenseKey = { NOT_READY: 0x2, UNIT_ATTENTION: 0x6 } as const;
const WRITE_PROTECTED = "07/27/00";
const CRC_ERROR = "0B/47/05";
const STATUS_BIT = 0x01;

export class Keeper implements BlockOwner {
  readonly first: number;
  readonly count: number;
  /** Commands that ended with GOOD. */
  done = 0;
  /** NOP-Outs that were answered. */
  answered = 0;
  #rig: Rig;
  #random: Random;
  #isid: number;
  #link!: LinkStandIn;
  #witness!: Witness;
  #unsolicited = false;
  #firstBurst = 0;
  #itt = 1;
  #cmdSn = 1;
  #deed: Deed | undefined = undefined;
  /** The NOP-Out that has not been answered. */
  #nop: Pdu | undefined = undefined;
  #noise!: LineNoise;
  #version = 0;
  /** Whether somebody has the unit to himself, as a reservation allows. */
  #isBarred = false;
  readonly #possible: PossibleBlocks;

  constructor(rig: Rig, random: Random, isid: number, first: number, count: number) {
    this.#rig = rig;
    this.#random = random;
    this.#isid = isid;
    this.first = first;
    this.count = count;
    this.#possible = new PossibleBlocks(this);
    this.#login();
  }

  /** Whether somebody else keeps it from the unit, as a reservation allows. */
  get isBarred(): boolean {
    return this.#isBarred;
  }

  allows(block: number, bytes: Uint8Array): boolean {
    return this.#possible.allows(block, bytes);
  }

  /** Goes on with what is under way, or begins something, or gives it up. */
  step(): void {
    this.#look();
    if (!this.#link.isOpen) return;
    const deed = this.#deed;
    if (deed === undefined) {
      // A NOP-Out that has to be sent again leaves no room for what would come before its turn.
      if (this.#nop === undefined) this.#begin();
    } else if (deed.owed.length > 0) this.#pay(deed);
    else if (!deed.aborted && !this.#noise.isPending && this.#random.below(8) === 0) {
      this.#abort(deed);
    }
    this.#link.receive(this.#random.pick([2 ** 20, 2 ** 20, 1000, 77]));
    this.#look();
  }

  tick(now: number): void {
    this.#link.connection.tick(now);
    this.#look();
  }

  /** Ends what is under way, which the store lets through; then the session waits for nothing. */
  settle(): void {
    for (let tries = 0; tries < 100; tries++) {
      while (this.#deed !== undefined && this.#deed.owed.length > 0) this.#pay(this.#deed);
      this.#link.receive(Infinity);
      this.#look();
      const waits = this.#link.isWaiting || this.#deed !== undefined || this.#nop !== undefined;
      if (!waits) return;
    }
    throw new assert.AssertionError({ message: "the session does not come to rest" });
  }

  /** Reads everything, which the store lets through now. */
  finish(): void {
    for (let tries = 0; tries < 100; tries++) {
      while (this.#deed !== undefined && this.#deed.owed.length > 0) this.#pay(this.#deed);
      this.#link.receive(Infinity);
      this.#look();
      const before = this.done;
      if (this.#deed === undefined) this.#read(this.first, this.count);
      this.#link.receive(Infinity);
      this.#look();
      if (this.done > before || this.#isBarred) return this.#link.lose();
    }
    throw new assert.AssertionError({ message: "the blocks cannot be read at the end" });
  }

  #login(): void {
    this.#link = new LinkStandIn(this.#rig.connect().connection, this.#random);
    this.#noise = new LineNoise(this.#random, 16);
    this.#unsolicited = this.#random.below(2) === 0;
    this.#firstBurst = this.#random.pick([512, 1000, 4096, 65536]);
    const text = Object.entries({
      InitiatorName: "iqn.2026-11.org.scst.test:keeper",
      TargetName: TARGET,
      SessionType: "Normal",
      InitialR2T: this.#unsolicited ? "No" : "Yes",
      FirstBurstLength: String(this.#firstBurst),
      MaxBurstLength: String(Math.max(this.#firstBurst, this.#random.pick([1536, 8192]))),
      MaxRecvDataSegmentLength: this.#random.pick(["512", "1000", "8192", "262144"]),
      MaxOutstandingR2T: this.#random.pick(["1", "4"]),
      HeaderDigest: this.#random.pick(DIGEST_OFFERS),
      DataDigest: this.#random.pick(DIGEST_OFFERS),
    }).map(([key, value]) => `${key}=${value}\0`).join("");
    const isid = new Uint8Array([0, 0, 0, 0, this.#isid >> 8, this.#isid]);
    this.#send(loginRequest({
      itt: 0,
      cmdSn: this.#cmdSn,
      expStatSn: 0,
      text: new TextEncoder().encode(text),
      flags: FINAL | 1 << 2 | 3,
      isid,
    }));
    const [response] = this.#link.flush();
    assert.equal(response!.opcode, Opcode.LoginResponse);
    assert.equal(response!.u16(Field.statusClass), 0);
    this.#witness = new Witness({
      expStatSn: response!.u32(Field.statSn) + 1 >>> 0,
      expCmdSn: response!.u32(Field.expCmdSn),
      maxCmdSn: response!.u32(Field.maxCmdSn),
    });
    for (let tries = 0; tries < 4; tries++) {
      this.#send(scsiCommand({ ...this.#numbers(), cdb: testUnitReady() }));
      const [answer] = this.#observed(this.#link.flush());
      if (answer!.u8(Field.status) === Status.GOOD) return;
      const sense = parseResponseSense(answer!.data);
      this.#isBarred = sense?.key !== SenseKey.UNIT_ATTENTION && sense?.deferred !== true;
    }
    if (!this.#isBarred) throw new assert.AssertionError({ message: "the unit never gets ready" });
  }

  #numbers(): Numbers {
    const cmdSn = this.#cmdSn;
    this.#cmdSn = cmdSn + 1 >>> 0;
    return { itt: this.#itt++, cmdSn, expStatSn: this.#witness.expStatSn };
  }

  #send(pdu: Pdu): void {
    const noise = this.#noise;
    const { digests } = this.#link;
    const spoilt = noise.isPending ? undefined : noise.spoil(pdu, digests);
    if (spoilt !== undefined && pdu.opcode === Opcode.DataOut) this.#deed!.spoilt = true;
    this.#link.push(spoilt ?? pdu.encode({}, digests));
  }

  /**
   * A request goes out once more, and the unsolicited data behind it, which nobody has taken. A
   * Data-Out does not: its task fails at the end of its data.
   */
  #rejected(reject: Pdu): void {
    const pdu = this.#noise.rejected(reject);
    assert(pdu !== undefined, "a Reject for nothing");
    assertSameBytes(reject.data.subarray(8), pdu.header.subarray(8), "what was rejected");
    if (pdu.opcode === Opcode.DataOut) return;
    this.#link.push(pdu.encode({}, this.#link.digests));
    if ((pdu.flags & FINAL) !== 0) return;
    const deed = this.#deed!;
    const end = Math.min(deed.data.length + deed.surplus, this.#firstBurst);
    deed.owed.splice(0, Infinity, { ttt: NO_TAG, offset: pdu.data.length, end, dataSn: 0 });
  }

  #begin(): void {
    const first = this.first + this.#random.below(this.count);
    const count = 1 + this.#random.below(this.first + this.count - first);
    if (this.#random.below(6) === 0) return this.#ping();
    const choice = this.#random.below(10);
    if (choice < 4) this.#read(first, count);
    else if (choice < 9) this.#write(first, count);
    else this.#command(new Deed(this.#itt, this.first, 0), synchronizeCache10(0, 0), 0);
  }

  #ping(): void {
    const data = this.#random.bytes(1 + this.#random.below(200));
    this.#nop = nopOut({ ...this.#numbers(), data });
    this.#send(this.#nop);
  }

  #read(first: number, count: number): void {
    this.#command(new Deed(this.#itt, first, count), read10(first, count), READ);
  }

  #write(first: number, count: number): void {
    const random = this.#random;
    const version = ++this.#version;
    this.#possible.begin({ first, count }, version);
    const fua = random.below(4) === 0 ? FUA : 0;
    const cdb = random.below(2) === 0 ? write16(first, count, fua) : write10(first, count, fua);
    if (cdb[0] === WRITE_10 && fua === 0 && random.below(4) === 0) cdb[0] = WRITE_AND_VERIFY;
    const surplus = random.below(8) === 0 ? BLOCK : 0;
    this.#command(new Deed(this.#itt, first, count, version, surplus), cdb, WRITE);
  }

  #command(deed: Deed, cdb: Uint8Array, direction: number): void {
    const random = this.#random;
    const expectedLength = deed.data.length + deed.surplus;
    const burst = direction === WRITE ? Math.min(expectedLength, this.#firstBurst) : 0;
    const here = random.below(3) === 0 ? burst : random.below(burst + 1);
    const more = this.#unsolicited && here < burst && random.below(2) === 0;
    if (more) deed.owed.push({ ttt: NO_TAG, offset: here, end: burst, dataSn: 0 });
    const flags = (more ? 0 : FINAL) | direction | SIMPLE;
    const data = deed.bytes(0, here);
    this.#deed = deed;
    this.#send(scsiCommand({ ...this.#numbers(), cdb, flags, expectedLength, data }));
  }

  /** Sends some of the data that is owed. */
  #pay(deed: Deed): void {
    const owed = deed.owed[0]!;
    const { ttt, offset, dataSn } = owed;
    const left = owed.end - offset;
    const length = this.#random.below(2) === 0 ? left : 1 + this.#random.below(left);
    const final = length === left;
    const data = deed.bytes(offset, offset + length);
    owed.offset += length;
    owed.dataSn++;
    if (final) deed.owed.shift();
    this.#send(dataOut({ itt: deed.itt, ttt, expStatSn: 0, offset, dataSn, final, data }));
  }

  /** Gives up what is under way; what it was to write may have been written, or not. */
  #abort(deed: Deed): void {
    deed.aborted = true;
    this.#send(taskManagement({
      itt: this.#itt++,
      cmdSn: this.#cmdSn,
      expStatSn: 0,
      immediate: true,
      function: TaskFunction.AbortTask,
      referencedTag: deed.itt,
    }));
  }

  /** Takes what has come, notices what will never come, and logs in again when it has to. */
  #look(): void {
    const link = this.#link;
    for (const pdu of this.#observed(link.send())) this.#handle(pdu);
    if (!link.isOpen) {
      this.#deed = undefined;
      this.#nop = undefined;
      // A login ends with commands that have to be answered.
      if (!this.#rig.device.gate.isShut) this.#login();
      return;
    }
    assert(link.isWaiting || this.#nop === undefined, "a NOP-Out is not answered");
    if (!link.isWaiting && this.#deed !== undefined) {
      if (!this.#isUnderWay(this.#deed)) this.#deed = undefined; // reset by somebody else
      else this.#mustBeHeldUp(this.#deed);
    }
  }

  #isUnderWay(deed: Deed): boolean {
    for (const { connection, tasks } of this.#rig.node.sessions) {
      if (connection === this.#link.connection) return tasks.has(deed.itt);
    }
    return false;
  }

  #mustBeHeldUp(deed: Deed): void {
    const { store: { hanging, held }, device: { gate } } = this.#rig;
    const isHeldUp = hanging || held.length > 0 || deed.owed.length > 0 || gate.isShut;
    assert(isHeldUp, "a command hangs though the store does not");
  }

  #observed(pdus: Pdu[]): Pdu[] {
    for (const pdu of pdus) this.#witness.observe(pdu);
    return pdus;
  }

  #handle(pdu: Pdu): void {
    switch (pdu.opcode) {
      case Opcode.TaskManagementResponse:
        this.#deed = undefined;
        return;
      case Opcode.NopIn:
        return pdu.itt === NO_TAG ? this.#pong(pdu) : this.#ponged(pdu);
      case Opcode.AsyncMessage:
        return; // what it says shows in what follows
      case Opcode.Reject:
        return this.#rejected(pdu);
    }
    const deed = this.#deed;
    assert(deed !== undefined && pdu.itt === deed.itt, `${opcodeName(pdu.opcode)} for nothing`);
    switch (pdu.opcode) {
      case Opcode.R2T: {
        const offset = pdu.u32(Field.bufferOffset);
        const end = offset + pdu.u32(Field.desiredLength);
        assert(end <= deed.data.length, "an R2T asks for more than the CDB");
        deed.owed.push({ ttt: pdu.u32(Field.ttt), offset, end, dataSn: 0 });
        return;
      }
      case Opcode.DataIn:
        deed.data.set(pdu.data, pdu.u32(Field.bufferOffset));
        if ((pdu.flags & STATUS_BIT) !== 0) this.#end(deed, pdu);
        return;
      case Opcode.ScsiResponse:
        return this.#end(deed, pdu);
      default:
        throw new assert.AssertionError({ message: `${opcodeName(pdu.opcode)} is not expected` });
    }
  }

  #pong(ping: Pdu): void {
    const numbers = { itt: NO_TAG, cmdSn: this.#cmdSn, expStatSn: 0, immediate: true };
    this.#send(nopOut({ ...numbers, ttt: ping.u32(Field.ttt) }));
  }

  #ponged(pdu: Pdu): void {
    assert.equal(pdu.itt, this.#nop?.itt, "a NOP-In for nothing");
    assertSameBytes(pdu.data, this.#nop!.data, "the data of a NOP-In");
    this.#nop = undefined;
    this.answered++;
  }

  #end(deed: Deed, answer: Pdu): void {
    // The answer to an ABORT TASK that is on its way ends it for good.
    this.#deed = deed.aborted ? deed.remainder : undefined;
    const status = answer.u8(Field.status);
    if (status === Status.GOOD) {
      assert.equal(answer.u32(Field.residual), deed.surplus);
      assert(!deed.spoilt, "GOOD for data with a wrong digest");
      this.done++;
      return this.#possible.settle(deed, deed.data);
    }
    const sense = parseResponseSense(answer.data);
    const attention = sense?.key === SenseKey.UNIT_ATTENTION;
    this.#isBarred = status === Status.RESERVATION_CONFLICT || sense?.key === SenseKey.NOT_READY;
    const refused = attention || this.#isBarred || status === Status.TASK_SET_FULL ||
      status === Status.BUSY;
    const ended = status === Status.CHECK_CONDITION || status === Status.TASK_ABORTED;
    assert(refused || ended, `status ${status}`);
    assert(senseText(sense) !== CRC_ERROR || deed.spoilt, "a CRC error though all data was right");
    assert(senseText(sense) !== WRITE_PROTECTED, "the guard took the data for a stranger's");
    if (!refused || deed.version === undefined) return;
    this.#possible.refuse(deed, deed.version);
  }
}
