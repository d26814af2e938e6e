/** The PDU that is being handled: a place in a buffer, not a copy. */
import { Memory } from "../../ffi/memory.ts";
import {
  BHS_LENGTH,
  FLAGS,
  getDataSegmentLength,
  IMMEDIATE,
  INITIATOR_TASK_TAG,
  LUN,
  OPCODE,
  OPCODE_MASK,
  TOTAL_AHS_LENGTH,
} from "./bhs.ts";
import type { Digests } from "./digests.ts";

const NOTHING = new Memory(BHS_LENGTH);

/** One object for each connection, pointed to one PDU after the other. */
export class Pdu {
  #digests: Digests;
  memory: Memory = NOTHING;
  /** Where the header begins. */
  at = 0;
  /** Where the data segment begins. */
  dataAt = 0;
  dataLength = 0;

  /** `digests`: those that the PDUs have that it will be pointed to. */
  constructor(digests: Digests) {
    this.#digests = digests;
  }

  /** Points to the PDU at `at`. */
  set(memory: Memory, at: number): void {
    this.memory = memory;
    this.at = at;
    const ahs = memory.view.getUint8(at + TOTAL_AHS_LENGTH) * 4;
    this.dataAt = at + ahs + this.#digests.dataOffset;
    this.dataLength = getDataSegmentLength(memory.view, at);
  }

  /** Where the additional header segments end. */
  get ahsEnd(): number {
    return this.dataAt - this.#digests.headerDigest;
  }

  get hasAhs(): boolean {
    return this.ahsEnd > this.at + BHS_LENGTH;
  }

  /** Whether the data segment, which lies behind the header, has the digest that came with it. */
  get isIntact(): boolean {
    const { memory, dataAt, dataLength } = this;
    return this.#digests.isDataIntact(memory, dataAt, dataLength, memory, dataAt + dataLength);
  }

  get opcode(): number {
    return this.memory.view.getUint8(this.at + OPCODE) & OPCODE_MASK;
  }

  get isImmediate(): boolean {
    return (this.memory.view.getUint8(this.at + OPCODE) & IMMEDIATE) !== 0;
  }

  get flags(): number {
    return this.memory.view.getUint8(this.at + FLAGS);
  }

  /** Where the LUN field begins in `memory`. */
  get lunAt(): number {
    return this.at + LUN;
  }

  get initiatorTaskTag(): number {
    return this.memory.view.getUint32(this.at + INITIATOR_TASK_TAG);
  }

  /** A field of one, two or four bytes at `offset` of the header. */
  uint8(offset: number): number {
    return this.memory.view.getUint8(this.at + offset);
  }

  uint16(offset: number): number {
    return this.memory.view.getUint16(this.at + offset);
  }

  uint32(offset: number): number {
    return this.memory.view.getUint32(this.at + offset);
  }

  /** The data segment, valid until the call returns. */
  get data(): Uint8Array<ArrayBuffer> {
    return this.memory.bytes.subarray(this.dataAt, this.dataAt + this.dataLength);
  }
}
