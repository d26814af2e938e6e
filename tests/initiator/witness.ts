/** Watches the sequence numbers of a connection and throws when the target breaks a rule. */
import { Field, NO_TAG, Opcode, opcodeName, type Pdu } from "./pdu.ts";

/** What a target did that RFC 7143 forbids. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}

/** Serial number arithmetic of 32 bits (RFC 7143 4.2.2.1, RFC 1982): whether a comes after b. */
export function isAfter(a: number, b: number): boolean {
  return (a - b | 0) > 0;
}

/** Whether the PDU's StatSN numbers a response; in others it only announces the next one. */
export function carriesStatus(pdu: Pdu): boolean {
  switch (pdu.opcode) {
    case Opcode.R2T:
      return false;
    case Opcode.DataIn:
      return (pdu.flags & 1) !== 0;
    case Opcode.NopIn:
      return pdu.itt !== NO_TAG;
    default:
      return true;
  }
}

export class Witness {
  /** The StatSN of the next response. */
  expStatSn: number;
  /** The CmdSN that the target expects next. */
  expCmdSn: number;
  /** The last CmdSN that the target accepts. */
  maxCmdSn: number;

  constructor(start: Pick<Witness, "expStatSn" | "expCmdSn" | "maxCmdSn">) {
    this.expStatSn = start.expStatSn;
    this.expCmdSn = start.expCmdSn;
    this.maxCmdSn = start.maxCmdSn;
  }

  /** Checks the numbers of a received PDU and follows them. */
  observe(pdu: Pdu): void {
    const name = opcodeName(pdu.opcode);
    if (pdu.opcode !== Opcode.DataIn || carriesStatus(pdu)) {
      const statSn = pdu.u32(Field.statSn);
      if (statSn !== this.expStatSn) {
        throw new ProtocolViolation(`${name} has StatSN ${statSn} instead of ${this.expStatSn}`);
      }
    }
    if (carriesStatus(pdu)) this.expStatSn = this.expStatSn + 1 >>> 0;

    const [expCmdSn, maxCmdSn] = [pdu.u32(Field.expCmdSn), pdu.u32(Field.maxCmdSn)];
    if (isAfter(expCmdSn - 1, maxCmdSn)) {
      throw new ProtocolViolation(`${name} has MaxCmdSN ${maxCmdSn} but ExpCmdSN ${expCmdSn}`);
    }
    if (isAfter(this.expCmdSn, expCmdSn)) {
      throw new ProtocolViolation(
        `${name} takes ExpCmdSN back from ${this.expCmdSn} to ${expCmdSn}`,
      );
    }
    if (isAfter(this.maxCmdSn, maxCmdSn)) {
      throw new ProtocolViolation(
        `${name} takes MaxCmdSN back from ${this.maxCmdSn} to ${maxCmdSn}`,
      );
    }
    this.expCmdSn = expCmdSn;
    this.maxCmdSn = maxCmdSn;
  }
}
