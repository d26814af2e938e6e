/** An initiator on a Rig that knows the protocol and does not keep to it. */
import assert from "node:assert/strict";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { unmapList } from "../initiator/cdb.ts";
import {
  announcedLength,
  decodePdu,
  Field,
  FINAL,
  NO_TAG,
  Opcode,
  type Pdu,
} from "../initiator/pdu.ts";
import {
  dataOut,
  loginRequest,
  logoutRequest,
  nopOut,
  type Numbers,
  READ,
  scsiCommand,
  snackRequest,
  taskManagement,
  textRequest,
  WRITE,
} from "../initiator/requests.ts";
import { Witness } from "../initiator/witness.ts";
import { parseText } from "../../lib/iscsi/text.ts";
import { cdbOf } from "./cdb_of.ts";
import { ChapFire } from "./chap_fire.ts";
import { Debts } from "./debts.ts";
import { LineNoise } from "./line_noise.ts";
import { LinkStandIn } from "./link_stand_in.ts";
import { LENGTHS, loginText } from "./login_text.ts";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";
import { BLOCK, LOCKED_TARGET, type Rig, TARGET } from "./rig.ts";
import { type StillBlocks, StillReads } from "./still_reads.ts";

const CONTINUE = 0x40;
/** Commands that lock everybody else out, which is their right. */
const EXCLUDING = /RESERVE|FORMAT|SANITIZE|MODE SELECT|START STOP/;

export class Hostile {
  readonly link: LinkStandIn;
  #random: Random;
  #isid: number;
  #itt = 1;
  #cmdSn: number;
  #stage = 0;
  #introduced = false;
  /** How it logs in to LOCKED_TARGET; undefined if it logs in to TARGET. */
  #chap: ChapFire | undefined = undefined;
  #witness: Witness | undefined = undefined;
  /** What was agreed on. */
  #unsolicited = false;
  #immediate = true;
  #firstBurst = 65536;
  #blocks: number;
  /** Tags of commands that were sent, the last ones. */
  #tags: number[] = [];
  readonly #debts: Debts;
  readonly #reads: StillReads;
  #textTag = NO_TAG;
  #last = new Uint8Array();
  readonly #noise: LineNoise;

  constructor(rig: Rig, random: Random, isid: number, still: StillBlocks) {
    this.#reads = new StillReads(still);
    this.link = new LinkStandIn(rig.connect().connection, random);
    this.#random = random;
    this.#debts = new Debts(random);
    this.#noise = new LineNoise(random, 30);
    this.#isid = isid;
    this.#blocks = rig.disk.capacity;
    this.#cmdSn = random.pick([1, 0, 0xfffffff0, 0x7ffffff0]);
    this.#stage = random.pick([0, 1, 1, 1]);
    if (this.#stage === 0 && random.below(3) > 0) this.#chap = new ChapFire(random);
  }

  /** Sends something, has some of it received, and looks at some of the answers. */
  step(): void {
    const random = this.#random;
    if (!this.link.isOpen) return;
    if (this.link.connection.isLoggingIn && random.below(20) > 0) this.flush();
    this.#push(this.#damaged(this.#next()));
    if (random.below(100) === 0) this.#push(this.#last); // once more
    if (random.below(4) > 0) this.link.receive(1 + random.below(random.pick([60, 1000, 200_000])));
    if (random.below(4) > 0) this.look(random.below(3) === 0 ? random.below(2000) : Infinity);
    if (random.below(400) === 0) this.link.lose();
    if (random.below(400) === 0) this.link.connection.finish(); // as when the server stops
  }

  /** Lets everything through that was sent, and looks at all answers. */
  flush(): void {
    for (const pdu of this.link.flush()) this.#observe(pdu);
  }

  look(most: number): void {
    for (const pdu of this.link.send(most)) this.#observe(pdu);
  }

  #damaged(pdu: Pdu): Uint8Array<ArrayBuffer> {
    const random = this.#random;
    const { digests } = this.link;
    const spoilt = this.#noise.spoil(pdu, digests);
    if (spoilt !== undefined) return spoilt;
    const bytes = pdu.encode({}, digests);
    if (random.below(24) > 0) return bytes;
    // It may bear any tag now: those that were used are not relied on, nor those that come next.
    this.#reads.doubt();
    this.#itt = random.below(2 ** 32);
    if (random.below(3) === 0) return mutate(bytes, random);
    // With the digests that such a PDU has.
    const plain = mutate(pdu.encode(), random);
    const isWhole = announcedLength(plain) === plain.length;
    return isWhole ? decodePdu(plain).encode({}, digests) : plain;
  }

  /** Sends a request once more that was rejected for its data digest, as a rule. */
  #resend(reject: Pdu): void {
    const pdu = this.#noise.rejected(reject);
    if (pdu === undefined || pdu.opcode === Opcode.DataOut || this.#random.below(4) === 0) return;
    this.link.push(pdu.encode({}, this.link.digests));
  }

  #push(bytes: Uint8Array<ArrayBuffer>): void {
    this.#last = bytes;
    this.link.push(bytes.slice());
  }

  #observe(pdu: Pdu): void {
    if (pdu.opcode === Opcode.LoginResponse) return this.#loggedIn(pdu);
    this.#witness?.observe(pdu);
    switch (pdu.opcode) {
      case Opcode.R2T: {
        const left = pdu.u32(Field.desiredLength);
        assert(left > 0, "an R2T asks for nothing");
        const offset = pdu.u32(Field.bufferOffset);
        this.#debts.add(pdu.itt, pdu.u32(Field.ttt), offset, left);
        break;
      }
      case Opcode.DataIn:
        this.#reads.take(pdu);
        break;
      case Opcode.ScsiResponse:
        this.#reads.end(pdu.itt);
        break;
      case Opcode.Reject:
        this.#resend(pdu);
        break;
      case Opcode.TextResponse:
        this.#textTag = pdu.u32(Field.ttt);
        break;
    }
  }

  #loggedIn(pdu: Pdu): void {
    if (pdu.u8(Field.statusClass) !== 0) return;
    this.#introduced = true;
    const answers = parseText(pdu.data);
    this.#chap?.take(answers);
    if ((pdu.flags & FINAL) === 0) return;
    this.#stage = pdu.flags & 3;
    const keys = new Map(answers);
    if (keys.has("InitialR2T")) this.#unsolicited = keys.get("InitialR2T") === "No";
    if (keys.has("ImmediateData")) this.#immediate = keys.get("ImmediateData") === "Yes";
    this.#firstBurst = Number(keys.get("FirstBurstLength") ?? this.#firstBurst);
    if (this.#stage !== 3) return;
    const expCmdSn = pdu.u32(Field.expCmdSn);
    this.#witness = new Witness({
      expStatSn: pdu.u32(Field.statSn) + 1 >>> 0,
      expCmdSn,
      maxCmdSn: pdu.u32(Field.maxCmdSn),
    });
    this.#cmdSn = expCmdSn;
  }

  #next(): Pdu {
    const random = this.#random;
    if (this.link.connection.isLoggingIn && random.below(60) > 0) return this.#login();
    const choice = random.below(100);
    if (choice < 30) return this.#transfer();
    if (choice < 42) return this.#knownCommand();
    if (choice < 46) return this.#anyCommand();
    if (choice < 74) return this.#data();
    if (choice < 79) return this.#nop();
    if (choice < 86) return this.#text();
    if (choice < 96) return this.#taskManagement();
    if (choice < 97) return this.#snack();
    if (random.below(4) > 0) return this.#transfer();
    if (choice < 99) return this.#nop().put8(Field.opcode, random.below(256));
    return random.below(2) === 0 ? this.#logout() : this.#login();
  }

  #numbers(): Numbers {
    const random = this.#random;
    const itt = this.#itt = this.#itt + 1 >>> 0;
    this.#tags.push(itt);
    if (this.#tags.length > 40) this.#tags.shift();
    const numbers = { itt: random.below(50) === 0 ? this.#tag() : itt, expStatSn: 0 };
    this.#reads.doubt(numbers.itt);
    if (random.below(8) === 0) return { ...numbers, cmdSn: this.#cmdSn, immediate: true };
    const odd = random.below(60);
    if (odd === 0) return { ...numbers, cmdSn: this.#cmdSn + random.below(200) - 50 >>> 0 };
    if (odd < 3) { // a little too early: the gap is closed by what comes next, as a rule
      const cmdSn = this.#cmdSn + 1 >>> 0;
      return { ...numbers, cmdSn };
    }
    const cmdSn = this.#cmdSn;
    this.#cmdSn = cmdSn + 1 >>> 0;
    return { ...numbers, cmdSn };
  }

  #tag(): number {
    return this.#tags.length === 0 ? 0 : this.#random.pick(this.#tags);
  }

  #login(): Pdu {
    const random = this.#random;
    const stage = this.#stage;
    const text = loginText(random, {
      stage,
      introduced: this.#introduced,
      ...(this.#chap === undefined ? {} : { target: LOCKED_TARGET }),
      ...(this.#chap === undefined || stage > 0 ? {} : { security: this.#chap.next() }),
    });
    const next = stage === 0 ? random.pick([1, 3]) : 3;
    const flags = random.below(30) === 0
      ? random.below(256)
      : random.below(12) === 0
      ? stage << 2 | CONTINUE
      : FINAL | stage << 2 | next;
    const isid = new Uint8Array([0, 0, 0, 0, this.#isid >> 8, this.#isid]);
    return loginRequest({ itt: 0, cmdSn: this.#cmdSn, expStatSn: 7, text, flags, isid });
  }

  /** READ or WRITE with its length right and its data announced as it comes, as a rule. */
  #transfer(): Pdu {
    const random = this.#random;
    const rows = OPERATION_TABLE.rows.filter((row) => /^(READ|WRITE)\(/.test(row.name));
    const row = random.pick(rows);
    const writes = row.changesMedium === true;
    const length = 1 + random.below(random.pick([4, 64, 600]));
    const { first, count } = this.#reads.blocks;
    const isStill = !writes && random.below(2) === 0;
    const lba = isStill ? first + random.below(count - length) : random.below(this.#blocks);
    const cdb = cdbOf(row, { lba, length: row.code < 0x20 ? length & 0xff : length });
    if (row.code >= 0x20 && random.below(6) === 0) cdb[1]! |= 0x08; // FUA
    const odd = random.below(10) === 0 ? random.below(2000) - 1000 : 0;
    const pdu = this.#command(cdb, writes ? WRITE : READ, Math.max(0, length * BLOCK + odd));
    if (isStill && pdu.itt === this.#itt) this.#reads.expect(pdu.itt, lba);
    return pdu;
  }

  #command(cdb: Uint8Array, direction: number, expectedLength: number): Pdu {
    const random = this.#random;
    const numbers = this.#numbers();
    const attribute = random.pick([1, 1, 1, 1, 1, 2, 3, 0, 4]);
    const lun = random.below(30) === 0 ? random.below(300) : 0;
    const fields = { ...numbers, cdb, expectedLength, lun };
    if (direction !== WRITE) return scsiCommand({ ...fields, flags: FINAL | READ | attribute });
    const burst = random.below(50) === 0 ? 65536 : Math.min(this.#firstBurst, expectedLength);
    const here = random.below(3) === 0 || !this.#immediate && random.below(30) > 0
      ? 0
      : random.below(2) === 0
      ? burst
      : random.below(burst + 1);
    const unsolicited = random.below(this.#unsolicited ? 2 : 50) === 0;
    if (unsolicited) {
      const left = burst - here;
      if (left > 0) this.#debts.add(numbers.itt, NO_TAG, here, left);
    }
    const data = new Uint8Array(here).fill(random.below(256));
    const ahs = random.below(40) === 0 ? { ahs: random.bytes(4 * random.below(20)) } : {};
    const flags = (unsolicited ? 0 : FINAL) | WRITE | attribute;
    return scsiCommand({ ...fields, ...ahs, data, flags });
  }

  #knownCommand(): Pdu {
    const random = this.#random;
    const shares = random.below(200) > 0;
    const rows = OPERATION_TABLE.rows.filter((row) => !shares || !EXCLUDING.test(row.name));
    const row = random.pick(rows);
    if (row.name === "UNMAP") {
      const ranges = Array.from({ length: random.below(4) }, () => ({
        lba: random.below(this.#blocks),
        blocks: random.below(100),
      }));
      const list = unmapList(ranges);
      return scsiCommand({
        ...this.#numbers(),
        cdb: cdbOf(row, { length: list.length }),
        flags: FINAL | WRITE | 1,
        expectedLength: list.length,
        data: list,
      });
    }
    const length = random.pick([0, 1, 8, 36, 96, 200, 255]);
    const cdb = cdbOf(row, { lba: random.below(this.#blocks), length });
    if (random.below(3) === 0) cdb[1]! |= random.below(32);
    if (random.below(3) === 0) cdb[2]! |= random.below(256);
    const direction = row.out !== undefined ? WRITE : READ;
    return this.#command(cdb, direction, random.pick([0, 36, 255, 512, 512 * length]));
  }

  #anyCommand(): Pdu {
    const random = this.#random;
    const cdb = random.bytes(16);
    return this.#command(cdb, random.pick([READ, WRITE]), random.pick([0, 512, random.below(1e6)]));
  }

  /** Data-Out that is owed, or that nobody wants. */
  #data(): Pdu {
    const random = this.#random;
    if (this.#debts.isEmpty || random.below(30) === 0) {
      return dataOut({
        itt: this.#tag(),
        ttt: random.pick([NO_TAG, random.below(20)]),
        expStatSn: 0,
        data: random.bytes(random.below(600)),
        offset: 512 * random.below(4),
        dataSn: random.below(3),
        final: random.below(2) === 0,
      });
    }
    return this.#debts.pay();
  }

  #nop(): Pdu {
    const random = this.#random;
    const numbers = this.#numbers();
    const itt = random.below(4) === 0 ? NO_TAG : numbers.itt;
    return nopOut({ ...numbers, itt, data: random.bytes(random.below(random.pick([1, 9, 9000]))) });
  }

  #text(): Pdu {
    const random = this.#random;
    const words = [
      "SendTargets=All\0",
      `SendTargets=${TARGET}\0`,
      "SendTargets=\0",
      `MaxRecvDataSegmentLength=${random.pick(LENGTHS)}\0`,
      `MaxRecvDataSegmentLength=${random.pick(["512", "4096", "65536"])}\0`,
      `MaxRecvDataSegmentLength=${random.pick(["512", "4096", "65536"])}\0`,
      "InitiatorAlias=me\0",
      "MaxBurstLength=512\0",
      "X-nobody=knows\0",
      "no equals",
      "\xff\xfe",
      "=\0",
    ];
    let text = "";
    for (let count = random.below(4); count > 0; count--) text += random.pick(words);
    const ttt = random.below(3) === 0 ? this.#textTag : NO_TAG;
    const flags = random.pick([FINAL, FINAL, FINAL, CONTINUE, 0, FINAL | CONTINUE]);
    return textRequest({ ...this.#numbers(), text: new TextEncoder().encode(text), ttt, flags });
  }

  #taskManagement(): Pdu {
    const random = this.#random;
    const rare = random.below(20) === 0;
    const code = rare
      ? random.pick([3, 6, 7, 8, random.below(128)])
      : random.pick([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 4, 5]);
    const numbers = this.#numbers();
    return taskManagement({
      ...numbers,
      function: code,
      lun: random.below(20) === 0 ? 1 : 0,
      referencedTag: this.#tag(),
      refCmdSn: this.#cmdSn - random.below(10) >>> 0,
      immediate: random.below(2) === 0,
    });
  }

  #snack(): Pdu {
    return snackRequest({ itt: this.#tag(), expStatSn: 0, type: this.#random.below(4) });
  }

  #logout(): Pdu {
    return logoutRequest({ ...this.#numbers(), reason: this.#random.below(4) });
  }
}
