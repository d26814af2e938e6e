/**
 * Data-In (RFC 7143 11.7): how data is laid out in PDUs. The store fills the data segments in place,
 * and the headers are written in front of them when the data is known to be good.
 */
import type { IoVector } from "../../ffi/iovec.ts";
import type { Memory } from "../../ffi/memory.ts";
import {
  clearHeader,
  FINAL,
  FLAGS,
  INITIATOR_TASK_TAG,
  NO_TAG,
  OPCODE,
  setDataSegmentLength,
  TARGET_TRANSFER_TAG,
} from "./bhs.ts";
import { Opcode } from "./opcode.ts";
import type { Parameters } from "./parameters.ts";
import type { Session } from "./session.ts";

const DATA_SN = 36;
const BUFFER_OFFSET = 40;
export const RESIDUAL_COUNT = 44;

const STATUS_BIT = 0x01; // S: the PDU carries the status

/** Bytes of the data segment at `offset`: no PDU crosses the end of a burst. */
function segmentLength(parameters: Parameters, offset: number, length: number): number {
  const burst = parameters.maxBurstLength - offset % parameters.maxBurstLength;
  return Math.min(length - offset, burst, parameters.maxRecvDataSegmentLength);
}

/** Bytes that `length` bytes of data take with headers, pads and digests. */
export function sizeOfDataIn({ parameters, digests }: Session, length: number): number {
  if (length <= parameters.maxRecvDataSegmentLength && length <= parameters.maxBurstLength) {
    return digests.sizeOf(length);
  }
  let size = 0;
  for (let offset = 0; offset < length;) {
    const segment = segmentLength(parameters, offset, length);
    size += digests.sizeOf(segment);
    offset += segment;
  }
  return size;
}

/** Appends the data segments of `length` bytes laid out at `at` of `memory` to `iov`. */
export function layoutDataIn(
  { parameters, digests }: Session,
  memory: Memory,
  at: number,
  length: number,
  iov: IoVector,
): void {
  let place = at;
  for (let offset = 0; offset < length;) {
    const segment = segmentLength(parameters, offset, length);
    iov.push(memory.address + place + digests.dataOffset, segment);
    place += digests.sizeOf(segment);
    offset += segment;
  }
}

/** Copies `length` bytes into the data segments of a layout at `at` of `memory`. */
export function copyToDataIn(
  { parameters, digests }: Session,
  memory: Memory,
  at: number,
  bytes: Uint8Array,
  length: number,
): void {
  let place = at;
  for (let offset = 0; offset < length;) {
    const segment = segmentLength(parameters, offset, length);
    memory.bytes.set(bytes.subarray(offset, offset + segment), place + digests.dataOffset);
    place += digests.sizeOf(segment);
    offset += segment;
  }
}

/**
 * Writes the headers, pads and digests of what was laid out and filled; the last PDU carries `status`
 * and the residual count.
 */
export function encodeDataIn(
  session: Session,
  memory: Memory,
  at: number,
  length: number,
  initiatorTaskTag: number,
  status: number,
  residualFlags: number,
  residual: number,
): void {
  const { parameters, digests } = session;
  const { view } = memory;
  let place = at;
  let dataSN = 0;
  for (let offset = 0; offset < length;) {
    const segment = segmentLength(parameters, offset, length);
    const next = offset + segment;
    const last = next === length;
    clearHeader(view, place);
    view.setUint8(place + OPCODE, Opcode.DATA_IN);
    if (last || next % parameters.maxBurstLength === 0) view.setUint8(place + FLAGS, FINAL);
    setDataSegmentLength(view, place, segment);
    view.setUint32(place + INITIATOR_TASK_TAG, initiatorTaskTag);
    view.setUint32(place + TARGET_TRANSFER_TAG, NO_TAG);
    view.setUint32(place + DATA_SN, dataSN++);
    view.setUint32(place + BUFFER_OFFSET, offset);
    if (last) {
      view.setUint8(place + FLAGS, FINAL | STATUS_BIT | residualFlags);
      view.setUint8(place + 3, status);
      view.setUint32(place + RESIDUAL_COUNT, residual);
    }
    session.putSequenceNumbers(view, place, last);
    place += digests.seal(memory, place);
    offset = next;
  }
}
