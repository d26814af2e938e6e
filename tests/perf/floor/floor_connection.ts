/**
 * A connection of the floor: it answers READs with whatever lies in its buffer and takes WRITEs without
 * a look at them. What is left is the price of sockets, of the runtime and of one header for each answer.
 */
import { Errno } from "../../../ffi/errno.ts";
import { Memory } from "../../../ffi/memory.ts";
import { READABLE, WRITABLE } from "../../../ffi/poller.ts";
import { receive, send } from "../../../ffi/socket.ts";
import type { Handler, Loop } from "../../../lib/shard/loop.ts";
import {
  announcedLength,
  BHS_LENGTH,
  decodePdu,
  Field,
  FINAL,
  Opcode,
} from "../../initiator/pdu.ts";
import { answerLogin } from "./floor_login.ts";
import { STREAM_REQUEST } from "./stream.ts";

const KIB = 2 ** 10;
const IN_LENGTH = 256 * KIB;
/** Bytes of data in one Data-In. */
const SEGMENT_MOST = 256 * KIB;
const OUT_LENGTH = SEGMENT_MOST + 64 * KIB;

/** The window that a session of scst has by default (QueuedCommands). */
const WINDOW = 32;

const STATUS_BIT = 0x01;
const READ = 0x40;
const WRITE = 0x20;

/** PDUs at once that show an initiator which waits for each answer. */
const FEW = 2;

/** READ CAPACITY (16) of 2**21 blocks of 512 bytes, as INQUIRY data a disk. */
const CAPACITY = new Uint8Array(32);
CAPACITY.set([0x20], 5);
CAPACITY.set([2], 10);

export class FloorConnection implements Handler {
  #loop: Loop;
  #fd: number;
  #in = new Memory(IN_LENGTH);
  #start = 0;
  #end = 0;
  #out = new Memory(OUT_LENGTH);
  #outStart = 0;
  #outEnd = 0;
  #isIn = false;
  #interest = READABLE;
  /** Bytes of data that came with a WRITE and are still to be passed over. */
  #skip = 0;
  /** A READ of which not all data is in the output yet. */
  #tag = 0;
  #length = 0;
  #offset = 0;
  #dataSN = 0;
  #statSN = 1;
  #expCmdSN = 0;
  /** Bytes of the blocks that are sent without being asked for; 0 is none. */
  #stream = 0;

  constructor(loop: Loop, fd: number) {
    this.#loop = loop;
    this.#fd = fd;
    loop.watch(fd, READABLE, this);
  }

  ready(found: number): void {
    if ((found & WRITABLE) !== 0 && !this.#flush()) return;
    if (this.#stream > 0) return this.#sendStream();
    if ((found & READABLE) !== 0 && this.#end < IN_LENGTH) {
      const count = receive(this.#fd, this.#in.address + this.#end, IN_LENGTH - this.#end);
      if (count === 0 || count < 0 && count !== -Errno.EAGAIN) return this.#loop.close(this.#fd);
      this.#end += Math.max(0, count);
    }
    this.#handleAll();
    if (this.#stream > 0) this.#sendStream();
  }

  #handleAll(): void {
    let handled = 0;
    while (this.#offset < this.#length || this.#next()) {
      handled++;
      if (this.#offset < this.#length) this.#putDataIn();
      if (this.#outEnd > 64 * KIB && !this.#flush()) break;
    }
    if (this.#start === this.#end) this.#start = this.#end = 0;
    else if (this.#start > 0) {
      this.#in.bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#flush() && handled <= FEW) this.#loop.expectSoon();
  }

  /** Takes one PDU; false when there is none that is complete. */
  #next(): boolean {
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, this.#end - this.#start);
      this.#skip -= skipped;
      this.#start += skipped;
      if (this.#skip > 0) return false;
      this.#putResponse(this.#tag);
      return true;
    }
    const { view } = this.#in;
    const at = this.#start;
    if (!this.#isIn) return this.#logIn();
    if (this.#end - at < BHS_LENGTH) return false;
    this.#start += BHS_LENGTH;
    const opcode = view.getUint8(at) & 0x3f;
    this.#tag = view.getUint32(at + Field.itt);
    if (opcode === Opcode.LogoutRequest) {
      this.#putHeader(Opcode.LogoutResponse, this.#tag, 0);
      return true;
    }
    this.#expCmdSN = view.getUint32(at + Field.cmdSn) + 1 >>> 0;
    const flags = view.getUint8(at + Field.flags);
    const data = view.getUint32(at + Field.totalAhsLength) & 0xffffff;
    if ((flags & WRITE) !== 0 || data > 0) this.#skip = data;
    else if ((flags & READ) !== 0) this.#read(view.getUint8(at + Field.cdb), view, at);
    else this.#putResponse(this.#tag);
    return true;
  }

  #read(operation: number, view: DataView, at: number): void {
    this.#length = view.getUint32(at + Field.expectedLength);
    this.#offset = 0;
    this.#dataSN = 0;
    if (operation === 0x9e) this.#length = Math.min(this.#length, CAPACITY.length);
  }

  #putDataIn(): void {
    const segment = Math.min(SEGMENT_MOST, this.#length - this.#offset);
    const isLast = this.#offset + segment === this.#length;
    const at = this.#putHeader(Opcode.DataIn, this.#tag, segment);
    const { view, bytes } = this.#out;
    view.setUint8(at + Field.flags, isLast ? FINAL | STATUS_BIT : 0);
    view.setUint32(at + Field.ttt, 0xffffffff);
    view.setUint32(at + Field.dataSn, this.#dataSN++);
    view.setUint32(at + Field.bufferOffset, this.#offset);
    if (this.#length === CAPACITY.length) bytes.set(CAPACITY, this.#outEnd);
    this.#outEnd += segment;
    this.#offset += segment;
  }

  #putResponse(tag: number): void {
    this.#putHeader(Opcode.ScsiResponse, tag, 0);
  }

  /** Writes a header and returns where it begins. */
  #putHeader(opcode: number, tag: number, dataLength: number): number {
    const at = this.#outEnd;
    const { view } = this.#out;
    for (let word = 0; word < BHS_LENGTH; word += 4) view.setUint32(at + word, 0);
    view.setUint8(at, opcode);
    view.setUint8(at + Field.flags, FINAL);
    view.setUint32(at + Field.totalAhsLength, dataLength);
    view.setUint32(at + Field.itt, tag);
    view.setUint32(at + Field.statSn, this.#statSN);
    view.setUint32(at + Field.expCmdSn, this.#expCmdSN);
    view.setUint32(at + Field.maxCmdSn, this.#expCmdSN + WINDOW - 1 >>> 0);
    if (this.#offset + dataLength >= this.#length) this.#statSN = this.#statSN + 1 >>> 0;
    this.#outEnd += BHS_LENGTH;
    return at;
  }

  /** Takes the PDU of a login, or what begins a stream. */
  #logIn(): boolean {
    const received = this.#in.bytes.subarray(this.#start, this.#end);
    if (received.length >= 8 && this.#in.view.getUint32(this.#start) === STREAM_REQUEST) {
      this.#stream = Math.min(OUT_LENGTH, this.#in.view.getUint32(this.#start + 4));
      this.#start += 8;
      return false;
    }
    const length = announcedLength(received);
    if (length === undefined || received.length < length) return false;
    const request = decodePdu(received);
    const { response, isLast } = answerLogin(request, this.#statSN++, WINDOW);
    this.#expCmdSN = request.u32(Field.cmdSn);
    const bytes = response.encode();
    this.#out.bytes.set(bytes, this.#outEnd);
    this.#outEnd += bytes.length;
    this.#start += length;
    this.#isIn = isLast;
    return true;
  }

  /** Sends blocks until the socket is full. */
  #sendStream(): void {
    for (;;) {
      if (this.#outEnd === 0) this.#outEnd = this.#stream;
      if (!this.#flush()) return;
    }
  }

  /** Sends what there is; false when the socket is full, or gone. */
  #flush(): boolean {
    while (this.#outStart < this.#outEnd) {
      const length = this.#outEnd - this.#outStart;
      const sent = send(this.#fd, this.#out.address + this.#outStart, length);
      if (sent === -Errno.EINTR) continue;
      if (sent === -Errno.EAGAIN) return this.#watch(WRITABLE);
      if (sent < 0) {
        this.#loop.close(this.#fd);
        return false;
      }
      this.#outStart += sent;
    }
    this.#outStart = this.#outEnd = 0;
    this.#watch(READABLE);
    return true;
  }

  #watch(interest: number): false {
    if (interest !== this.#interest) this.#loop.change(this.#fd, interest);
    this.#interest = interest;
    return false;
  }
}
