/** How write data travels: immediate, unsolicited and solicited (RFC 7143 4.2.5.2). */
import type { Parameters } from "./parameters.ts";
import type { Pdu } from "./pdu.ts";
import { dataOut } from "./requests.ts";

/** Limits that a test sets below what the session's parameters allow. */
export interface WriteLimits {
  /** At most so many bytes as immediate data; by default as many as allowed. */
  readonly immediate?: number;
  /** False to wait for R2T with all that is not immediate; by default FirstBurstLength is used up. */
  readonly unsolicited?: boolean;
}

export interface WritePlan {
  /** Bytes of immediate data. */
  readonly immediate: number;
  /** Where solicited data begins: behind immediate and unsolicited data. */
  readonly solicitedFrom: number;
}

/** Decides how `length` bytes are sent within the parameters and limits. */
export function planWrite(length: number, parameters: Parameters, limits: WriteLimits): WritePlan {
  const { immediateData, initialR2T, firstBurstLength, targetMaxRecv } = parameters;
  const immediate = immediateData
    ? Math.min(length, firstBurstLength, targetMaxRecv, limits.immediate ?? length)
    : 0;
  const unsolicited = initialR2T || limits.unsolicited === false
    ? 0
    : Math.min(length, firstBurstLength) - immediate;
  return { immediate, solicitedFrom: immediate + unsolicited };
}

export interface DataSource {
  readonly itt: number;
  readonly lun: number;
  readonly parameters: Parameters;
  readonly writeData?: Uint8Array;
}

export interface Stretch {
  readonly offset: number;
  readonly length: number;
  readonly ttt: number;
}

/** Cuts a stretch of write data into Data-Out PDUs of at most the target's segment length. */
export function dataOutSequence(source: DataSource, stretch: Stretch, expStatSn: number): Pdu[] {
  const pdus: Pdu[] = [];
  const end = stretch.offset + stretch.length;
  const data = source.writeData ?? new Uint8Array();
  for (let offset = stretch.offset; offset < end;) {
    const length = Math.min(source.parameters.targetMaxRecv, end - offset);
    pdus.push(dataOut({
      itt: source.itt,
      lun: source.lun,
      ttt: stretch.ttt,
      expStatSn,
      dataSn: pdus.length,
      offset,
      data: data.subarray(offset, offset + length),
      final: offset + length === end,
    }));
    offset += length;
  }
  return pdus;
}
