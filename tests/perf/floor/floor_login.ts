/** The login of the floor: it agrees to whatever makes the least work. */
import { Field, Opcode, Pdu } from "../../initiator/pdu.ts";
import { decodeText, encodeText, type Pair } from "../../initiator/text.ts";

const FULL_FEATURE = 0x83; // T, and full feature as the next stage

/** What is answered to the keys that an initiator offers; all others are not understood. */
const ANSWERS: Readonly<Record<string, (offer: string) => string | undefined>> = {
  InitiatorName: () => undefined,
  InitiatorAlias: () => undefined,
  TargetName: () => undefined,
  SessionType: () => undefined,
  AuthMethod: () => "None",
  HeaderDigest: () => "None",
  DataDigest: () => "None",
  MaxConnections: () => "1",
  InitialR2T: () => "No",
  ImmediateData: () => "Yes",
  MaxRecvDataSegmentLength: () => String(2 ** 20),
  MaxBurstLength: (offer) => offer,
  FirstBurstLength: (offer) => offer,
  DefaultTime2Wait: (offer) => offer,
  DefaultTime2Retain: (offer) => offer,
  MaxOutstandingR2T: () => "1",
  DataPDUInOrder: () => "Yes",
  DataSequenceInOrder: () => "Yes",
  ErrorRecoveryLevel: () => "0",
};

/** Answers a Login Request; `isLast` says whether the session begins behind it. */
export function answerLogin(
  request: Pdu,
  statSN: number,
  window: number,
): { readonly response: Pdu; readonly isLast: boolean } {
  const pairs: Pair[] = [];
  for (const [key, offer] of decodeText(request.data)) {
    const value = key in ANSWERS ? ANSWERS[key]!(offer) : "NotUnderstood";
    if (value !== undefined) pairs.push([key, value]);
  }
  const cmdSN = request.u32(Field.cmdSn);
  const isLast = (request.flags & FULL_FEATURE) === FULL_FEATURE;
  const response = new Pdu(undefined, encodeText(pairs))
    .put8(Field.opcode, Opcode.LoginResponse)
    .put8(Field.flags, request.flags)
    .putBytes(Field.isid, request.header.subarray(Field.isid, Field.tsih))
    .put16(Field.tsih, isLast ? 1 : 0)
    .put32(Field.itt, request.itt)
    .put32(Field.statSn, statSN)
    .put32(Field.expCmdSn, cmdSN)
    .put32(Field.maxCmdSn, cmdSN + window - 1 >>> 0);
  return { response, isLast };
}
