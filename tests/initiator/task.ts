/** One SCSI command on its way: collects Data-In, serves R2T, checks both (RFC 7143 11.7, 11.8). */
import { Field, NO_TAG, opcodeName, type Pdu } from "./pdu.ts";
import { parseResponseSense, type Sense } from "./sense.ts";
import { ProtocolViolation } from "./witness.ts";
import { dataOutSequence, type DataSource } from "./write_plan.ts";

export interface DataInRecord {
  readonly offset: number;
  readonly length: number;
  readonly final: boolean;
  readonly status: boolean;
}

export interface R2TRecord {
  readonly offset: number;
  readonly length: number;
}

/** How a command ended. */
export interface ScsiResult {
  /** SAM status: 0 GOOD, 2 CHECK CONDITION, ... */
  readonly status: number;
  /** iSCSI response: 0 Command Completed at Target (RFC 7143 11.4.3). */
  readonly response: number;
  readonly sense: Sense | undefined;
  /** The bytes that came in, without those missing at the end. */
  readonly data: Uint8Array;
  readonly overflow: boolean;
  readonly underflow: boolean;
  readonly residual: number;
  readonly dataIn: readonly DataInRecord[];
  readonly r2ts: readonly R2TRecord[];
}

export interface TaskSetup extends DataSource {
  /** Expected Data Transfer Length. */
  readonly expectedLength: number;
  /** Where solicited data begins: behind immediate and unsolicited data. */
  readonly solicitedFrom?: number;
}

export class Task {
  readonly setup: TaskSetup;
  readonly done = Promise.withResolvers<ScsiResult>();
  readonly #buffer: Uint8Array;
  readonly #dataIn: DataInRecord[] = [];
  readonly #r2ts: R2TRecord[] = [];
  #received = 0;
  #inBurst = 0;
  #nextSolicited: number;
  #outstanding = 0;

  constructor(setup: TaskSetup) {
    this.setup = setup;
    this.#buffer = new Uint8Array(setup.writeData === undefined ? setup.expectedLength : 0);
    this.#nextSolicited = setup.solicitedFrom ?? 0;
  }

  /** Takes a Data-In PDU; settles {@linkcode Task.done} if it carries the status. */
  takeDataIn(pdu: Pdu): void {
    const offset = pdu.u32(Field.bufferOffset);
    const end = offset + pdu.data.length;
    const { initiatorMaxRecv, maxBurstLength } = this.setup.parameters;
    const status = (pdu.flags & 1) !== 0;
    this.#require(pdu.u32(Field.dataSn) === this.#dataIn.length, pdu, "DataSN out of sequence");
    this.#require(offset === this.#received, pdu, `offset ${offset} after ${this.#received} bytes`);
    this.#require(pdu.data.length <= initiatorMaxRecv, pdu, "longer than MaxRecvDataSegmentLength");
    this.#require(end <= this.#buffer.length, pdu, "data beyond the expected length");
    this.#require(!status || pdu.final, pdu, "status without F");
    this.#inBurst += pdu.data.length;
    this.#require(this.#inBurst <= maxBurstLength, pdu, "sequence longer than MaxBurstLength");
    if (pdu.final) this.#inBurst = 0;

    this.#buffer.set(pdu.data, offset);
    this.#received = end;
    this.#dataIn.push({ offset, length: pdu.data.length, final: pdu.final, status });
    if (status) this.#finish(pdu, undefined, pdu.u8(Field.status), 0);
  }

  /** Takes an R2T; returns the Data-Out PDUs that answer it, to be acknowledged by `sent()`. */
  takeR2T(pdu: Pdu, expStatSn: number): Pdu[] {
    const [offset, length] = [pdu.u32(Field.bufferOffset), pdu.u32(Field.desiredLength)];
    const ttt = pdu.u32(Field.ttt);
    const { maxOutstandingR2T, maxBurstLength } = this.setup.parameters;
    this.#require(this.setup.writeData !== undefined, pdu, "no data to write");
    this.#require(pdu.u32(Field.r2tSn) === this.#r2ts.length, pdu, "R2TSN out of sequence");
    this.#require(ttt !== NO_TAG, pdu, "no target transfer tag");
    this.#require(length > 0 && length <= maxBurstLength, pdu, `desired length ${length}`);
    this.#require(
      offset === this.#nextSolicited,
      pdu,
      `offset ${offset} instead of ${this.#nextSolicited}`,
    );
    this.#nextSolicited += length;
    this.#require(this.#nextSolicited <= this.setup.expectedLength, pdu, "beyond expected length");
    this.#outstanding += 1;
    this.#require(this.#outstanding <= maxOutstandingR2T, pdu, "more than MaxOutstandingR2T");
    this.#r2ts.push({ offset, length });
    return dataOutSequence(this.setup, { offset, length, ttt }, expStatSn);
  }

  /** Says that one R2T has been answered in full. */
  sent(): void {
    this.#outstanding -= 1;
  }

  /** Takes a SCSI Response. */
  takeResponse(pdu: Pdu): void {
    this.#require(pdu.final, pdu, "SCSI Response without F");
    const response = pdu.u8(Field.response);
    const count = this.setup.writeData === undefined ? this.#dataIn.length : this.#r2ts.length;
    const expDataSn = pdu.u32(Field.expDataSn);
    // RFC 7143 11.4.8 counts R2Ts but also demands 0 without Data-In PDUs: both are right for a write.
    const plausible = expDataSn === count ||
      expDataSn === 0 && (response !== 0 || this.setup.writeData !== undefined);
    this.#require(plausible, pdu, `ExpDataSN ${expDataSn} after ${count} PDUs`);
    this.#finish(pdu, parseResponseSense(pdu.data), pdu.u8(Field.status), response);
  }

  #finish(pdu: Pdu, sense: Sense | undefined, status: number, response: number): void {
    const overflow = (pdu.flags & 4) !== 0;
    const underflow = (pdu.flags & 2) !== 0;
    const residual = pdu.u32(Field.residual);
    this.#require(!(overflow && underflow), pdu, "both O and U set");
    this.#require(overflow || underflow || residual === 0, pdu, "residual count without O or U");
    this.#require(status === 2 || sense === undefined, pdu, "sense without CHECK CONDITION");
    if (this.setup.writeData === undefined && status === 0) {
      const missing = underflow ? residual : 0;
      const sum = this.#received + missing;
      this.#require(sum === this.#buffer.length, pdu, "data and residual do not make the whole");
    }
    this.done.resolve({
      status,
      response,
      sense,
      data: this.#buffer.subarray(0, this.#received),
      overflow,
      underflow,
      residual,
      dataIn: this.#dataIn,
      r2ts: this.#r2ts,
    });
  }

  #require(condition: boolean, pdu: Pdu, what: string): void {
    if (condition) return;
    throw new ProtocolViolation(`${opcodeName(pdu.opcode)} of task ${this.setup.itt}: ${what}`);
  }
}
