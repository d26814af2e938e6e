/**
 * One session of a load. It keeps its commands under way and looks at no more of an answer than it
 * has to: it is to cost less than the server that it drives. Whatever is not the good end of a command
 * is an Error.
 */
import { crc32c } from "../../../ffi/crc32c.ts";
import { describeErrno, Errno } from "../../../ffi/errno.ts";
import { IoVector } from "../../../ffi/iovec.ts";
import { Memory } from "../../../ffi/memory.ts";
import { closeSocket, receive, sendVector } from "../../../ffi/socket.ts";
import { testUnitReady } from "../../initiator/cdb.ts";
import { INITIATOR_NAME, keysWith, login, LoginRefused } from "../../initiator/login.ts";
import { encodeLun } from "../../initiator/lun.ts";
import { agreedParameters, type Parameters } from "../../initiator/parameters.ts";
import {
  BHS_LENGTH,
  DIGEST_LENGTH,
  Field,
  FINAL,
  NO_TAG,
  Opcode,
  opcodeName,
} from "../../initiator/pdu.ts";
import { READ, scsiCommand, WRITE } from "../../initiator/requests.ts";
import { BlockingConnection, connectLoopback, setNonBlocking } from "./client_socket.ts";
import type { Latencies } from "./latencies.ts";
import type { LoadShape } from "./shape.ts";

const SIMPLE = 1;
const STATUS_BIT = 0x01; // S of a Data-In: it carries the status
const READ_16 = 0x88;
const WRITE_16 = 0x8a;
const MIB = 2 ** 20;

/** Bytes that are received at once: as many as there may be of large data. */
export const RECEIVE_LENGTH = MIB;

/** Bytes of a header with its digest. */
const SLOT = BHS_LENGTH + DIGEST_LENGTH;

/** Byte of all data that is written: a digest then depends on nothing but the length. */
const FILL = 0x5a;

const KEYS = {
  MaxRecvDataSegmentLength: String(MIB),
  FirstBurstLength: String(MIB),
  MaxOutstandingR2T: "1",
} as const;

export class LoadSession {
  readonly fd: number;
  /** Commands that have ended, and those that are under way. */
  ended = 0;
  underWay = 0;
  receives = 0;
  sends = 0;
  /** Whether what is to be sent has to wait until the socket takes more. */
  isFull = false;
  readonly #shape: LoadShape;
  readonly #parameters: Parameters;
  readonly #latencies: Latencies;
  #cmdSN: number;
  #maxCmdSN: number;
  #expStatSN: number;
  /** Headers: for each command its own, then those of the Data-Outs that answer an R2T. */
  readonly #headers: Memory;
  /** Slots of one command. */
  readonly #slots: number;
  readonly #free: number[] = [];
  readonly #began: Float64Array;
  readonly #iov = new IoVector(1024);
  #pieces = 0;
  readonly #data: Memory;
  /** What ask() sends. */
  readonly #question = new Memory(SLOT);
  readonly #digests = new Map<number, Memory>();
  readonly #immediate: number;
  /** The header that is cut off, and the bytes of the PDU behind its header that are still to come. */
  readonly #header = new Uint8Array(BHS_LENGTH);
  #headerLength = 0;
  #skip = 0;
  #random: number;
  #next: number;
  /** The first words of the LUNs as they stand in a header, and which is the next one. */
  readonly #luns: Uint32Array;
  #lun = 0;

  private constructor(
    fd: number,
    shape: LoadShape,
    index: number,
    latencies: Latencies,
    parameters: Parameters,
    numbers: { readonly cmdSN: number; readonly maxCmdSN: number; readonly expStatSN: number },
  ) {
    this.fd = fd;
    this.#shape = shape;
    this.#latencies = latencies;
    this.#parameters = parameters;
    this.#cmdSN = numbers.cmdSN;
    this.#maxCmdSN = numbers.maxCmdSN;
    this.#expStatSN = numbers.expStatSN;
    const { immediateData, firstBurstLength, maxBurstLength, targetMaxRecv } = parameters;
    this.#immediate = immediateData ? Math.min(shape.length, firstBurstLength, targetMaxRecv) : 0;
    const dataOuts = Math.ceil(Math.min(shape.length, maxBurstLength) / targetMaxRecv);
    this.#slots = 1 + (shape.reads < 1 ? dataOuts : 0);
    this.#headers = new Memory(shape.depth * this.#slots * SLOT);
    this.#began = new Float64Array(shape.depth);
    this.#data = new Memory(shape.reads < 1 ? shape.length : 1);
    this.#data.bytes.fill(FILL);
    this.#random = index * 2654435761 + 1 >>> 0 || 1;
    this.#next = Math.floor(index * this.#places / shape.sessions);
    const firstWord = (lun: number) => new DataView(encodeLun(lun).buffer).getUint32(0);
    this.#luns = Uint32Array.from(shape.luns, firstWord);
    for (let tag = 0; tag < shape.depth; tag++) this.#prepare(tag);
  }

  /** Logs in, and has each LUN say what it has to say at first. */
  static async open(shape: LoadShape, index: number, latencies: Latencies): Promise<LoadSession> {
    const fd = connectLoopback(shape.port);
    try {
      const connection = new BlockingConnection(fd);
      const digest = shape.digests ? "CRC32C" : "None";
      const result = await login(connection, {
        initiatorName: `${INITIATOR_NAME}${index}`,
        targetName: shape.target,
        keys: keysWith({ ...KEYS, HeaderDigest: digest, DataDigest: digest }),
      });
      if (result.status !== 0) throw new LoginRefused(result);
      const { cmdSn: cmdSN, maxCmdSn: maxCmdSN, expStatSn: expStatSN } = result;
      const parameters = agreedParameters(result.offered, result.answers);
      const session = new LoadSession(fd, shape, index, latencies, parameters, {
        cmdSN,
        maxCmdSN,
        expStatSN,
      });
      setNonBlocking(fd);
      return session;
    } catch (error) {
      closeSocket(fd);
      throw error;
    }
  }

  /** Asks a LUN whether it is ready, which ends with its unit attention the first time. */
  ask(lun: number): void {
    const numbers = { itt: 0, cmdSn: this.#cmdSN, expStatSn: this.#expStatSN };
    this.#cmdSN = this.#cmdSN + 1 >>> 0;
    const { digests } = this.#parameters;
    const bytes = scsiCommand({ ...numbers, lun, cdb: testUnitReady() }).encode({}, digests);
    this.#question.bytes.set(bytes);
    this.#push(this.#question.address, bytes.length);
    this.underWay++;
    this.flush();
  }

  /** Sends as many commands as there may be. */
  issue(now: number): void {
    const { reads } = this.#shape;
    while (this.#free.length > 0 && ((this.#cmdSN - this.#maxCmdSN) | 0) <= 0) {
      const tag = this.#free.pop()!;
      const isRead = reads === 1 || reads > 0 && this.#draw() < reads * 2 ** 32;
      this.#command(tag, isRead);
      this.#began[tag] = now;
      this.underWay++;
    }
  }

  /** Sends what there is; with a full socket the rest is kept. */
  flush(): void {
    while (this.#pieces > 0) {
      const sent = sendVector(this.fd, this.#iov);
      if (sent === -Errno.EINTR) continue;
      this.isFull = sent === -Errno.EAGAIN;
      if (this.isFull) return;
      if (sent < 0) throw new Error(`Cannot send: ${describeErrno(-sent)}`);
      this.sends++;
      this.#iov.advance(sent);
      if (this.#iov.count > 0) continue;
      this.#iov.clear();
      this.#pieces = 0;
    }
  }

  /** Takes what has come into `buffer`, which all sessions share. */
  take(buffer: Memory, now: number): void {
    const { bytes, view } = buffer;
    // A header that was cut off goes in front of its rest.
    bytes.set(this.#header.subarray(0, this.#headerLength), BHS_LENGTH - this.#headerLength);
    const count = receive(this.fd, buffer.address + BHS_LENGTH, RECEIVE_LENGTH);
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return;
    if (count <= 0) {
      const why = count === 0 ? "it was closed by the target" : describeErrno(-count);
      throw new Error(`The connection is gone: ${why}`);
    }
    this.receives++;
    const end = BHS_LENGTH + count;
    let at = BHS_LENGTH - this.#headerLength;
    const { header, data } = this.#parameters.digests;
    while (at < end) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      if (end - at < BHS_LENGTH) break;
      this.#answer(view, at, now);
      const length = view.getUint32(at + Field.totalAhsLength) & 0xffffff;
      at += BHS_LENGTH;
      this.#skip = (header ? DIGEST_LENGTH : 0) + (length + 3 & ~3) +
        (data && length > 0 ? DIGEST_LENGTH : 0);
    }
    this.#headerLength = Math.max(0, end - at);
    if (this.#headerLength > 0) this.#header.set(bytes.subarray(at, end));
  }

  close(): void {
    closeSocket(this.fd);
  }

  get #places(): number {
    return Math.max(1, Math.floor(this.#shape.span / this.#shape.length));
  }

  /** Lays out the header of a command as far as it stays the same. */
  #prepare(tag: number): void {
    const { length, blocksize, luns } = this.#shape;
    const cdb = new Uint8Array(16);
    new DataView(cdb.buffer).setUint32(10, length / blocksize);
    const numbers = { itt: tag, cmdSn: 0, expStatSn: 0 };
    const pdu = scsiCommand({ ...numbers, cdb, lun: luns[0] ?? 0, expectedLength: length });
    this.#headers.bytes.set(pdu.header, this.#slotOf(tag));
    this.#free.push(tag);
  }

  #slotOf(tag: number): number {
    return tag * this.#slots * SLOT;
  }

  #command(tag: number, isRead: boolean): void {
    const { view } = this.#headers;
    const at = this.#slotOf(tag);
    const data = isRead ? 0 : this.#immediate;
    view.setUint8(at + Field.flags, FINAL | SIMPLE | (isRead ? READ : WRITE));
    view.setUint32(at + Field.totalAhsLength, data);
    view.setUint32(at + Field.cmdSn, this.#cmdSN);
    view.setUint32(at + Field.expStatSn, this.#expStatSN);
    view.setUint8(at + Field.cdb, isRead ? READ_16 : WRITE_16);
    view.setUint32(at + Field.cdb + 6, this.#place());
    this.#cmdSN = this.#cmdSN + 1 >>> 0;
    view.setUint32(at + Field.lun, this.#luns[this.#lun]!);
    this.#lun = (this.#lun + 1) % this.#luns.length;
    this.#pushPdu(at, data);
  }

  /** The block at which the next command begins. */
  #place(): number {
    const { length, blocksize, sequential } = this.#shape;
    const places = this.#places;
    const place = sequential ? this.#next++ % places : this.#draw() % places;
    return place * (length / blocksize);
  }

  /** The next number of a xorshift, from 0 to 2**32 - 1. */
  #draw(): number {
    let value = this.#random;
    value ^= value << 13;
    value ^= value >>> 17;
    value ^= value << 5;
    return this.#random = value >>> 0;
  }

  #pushPdu(at: number, dataLength: number): void {
    const { digests } = this.#parameters;
    if (digests.header) {
      const crc = crc32c(this.#headers, at, BHS_LENGTH);
      this.#headers.view.setUint32(at + BHS_LENGTH, crc, true);
    }
    this.#push(this.#headers.address + at, digests.header ? SLOT : BHS_LENGTH);
    if (dataLength === 0) return;
    this.#push(this.#data.address, dataLength);
    if (digests.data) this.#push(this.#digestOf(dataLength).address, DIGEST_LENGTH);
  }

  #push(address: number, length: number): void {
    this.#iov.push(address, length);
    this.#pieces++;
  }

  #digestOf(length: number): Memory {
    let digest = this.#digests.get(length);
    if (digest === undefined) {
      digest = new Memory(DIGEST_LENGTH);
      digest.view.setUint32(0, crc32c(this.#data, 0, length), true);
      this.#digests.set(length, digest);
    }
    return digest;
  }

  #answer(view: DataView, at: number, now: number): void {
    const opcode = view.getUint8(at) & 0x3f;
    this.#maxCmdSN = view.getUint32(at + Field.maxCmdSn);
    if (opcode === Opcode.DataIn) {
      if ((view.getUint8(at + Field.flags) & STATUS_BIT) !== 0) this.#end(view, at, now);
    } else if (opcode === Opcode.ScsiResponse) this.#end(view, at, now);
    else if (opcode === Opcode.R2T) this.#sendData(view, at);
    else if (opcode !== Opcode.NopIn || view.getUint32(at + Field.ttt) !== NO_TAG) {
      throw new Error(`The target has sent ${opcodeName(opcode)} under load`);
    }
  }

  #end(view: DataView, at: number, now: number): void {
    const tag = view.getUint32(at + Field.itt);
    const status = view.getUint8(at + Field.status);
    this.#expStatSN = view.getUint32(at + Field.statSn) + 1 >>> 0;
    this.underWay--;
    if (this.#free.length === this.#shape.depth) return; // what ask() has asked
    if (status !== 0) throw new Error(`A command has ended with status ${status}`);
    this.ended++;
    this.#latencies.note((now - this.#began[tag]!) * 1000);
    this.#free.push(tag);
  }

  /** Answers an R2T with as many Data-Outs as the target wants the data in. */
  #sendData(answer: DataView, r2t: number): void {
    const { view, bytes } = this.#headers;
    const tag = answer.getUint32(r2t + Field.itt);
    const offset = answer.getUint32(r2t + Field.bufferOffset);
    const length = answer.getUint32(r2t + Field.desiredLength);
    const own = this.#slotOf(tag);
    let at = own;
    for (let done = 0, dataSN = 0; done < length; dataSN++) {
      at += SLOT;
      const segment = Math.min(length - done, this.#parameters.targetMaxRecv);
      bytes.fill(0, at, at + BHS_LENGTH);
      bytes.copyWithin(at + Field.lun, own + Field.lun, own + Field.itt + 4);
      view.setUint8(at + Field.opcode, Opcode.DataOut);
      view.setUint8(at + Field.flags, done + segment === length ? FINAL : 0);
      view.setUint32(at + Field.totalAhsLength, segment);
      view.setUint32(at + Field.ttt, answer.getUint32(r2t + Field.ttt));
      view.setUint32(at + Field.expStatSn, this.#expStatSN);
      view.setUint32(at + Field.dataSn, dataSN);
      view.setUint32(at + Field.bufferOffset, offset + done);
      this.#pushPdu(at, segment);
      done += segment;
    }
  }
}
