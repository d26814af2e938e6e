/** The one command that an initiator has under way, and the data of it that is still to be sent. */
import { markedBlocks } from "./marked_block.ts";

/** Data of a sequence that is still to be sent. */
export interface Owed {
  readonly ttt: number;
  offset: number;
  readonly end: number;
  dataSn: number;
}

export class Deed {
  readonly itt: number;
  readonly first: number;
  readonly count: number;
  /** What it writes; undefined for anything but a write. */
  readonly version: number | undefined;
  readonly data: Uint8Array<ArrayBuffer>;
  /** Bytes that the initiator announces and the CDB does not ask for. */
  readonly surplus: number;
  readonly owed: Owed[] = [];
  aborted = false;
  /** Whether data of it was sent that went wrong on the way. */
  spoilt = false;

  constructor(itt: number, first: number, count: number, version?: number, surplus = 0) {
    this.itt = itt;
    this.first = first;
    this.count = count;
    this.version = version;
    this.surplus = surplus;
    this.data = markedBlocks(version ?? 0, first, count);
  }

  /** What is under way of an aborted one that has its answer: nothing by its tag. */
  get remainder(): Deed {
    const rest = new Deed(-1, this.first, this.count, this.version, this.surplus);
    rest.aborted = this.aborted;
    rest.spoilt = this.spoilt;
    return rest;
  }

  /** What is sent for a part of the data; rubbish where the CDB asks for nothing. */
  bytes(from: number, to: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(to - from).fill(0xdd);
    bytes.set(this.data.subarray(from, to));
    return bytes;
  }
}
