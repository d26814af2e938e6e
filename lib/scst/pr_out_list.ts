/** The parameter lists of PERSISTENT RESERVE OUT (SPC-4 6.16.3, 6.16.4). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { badParameter, failure, type Refusal } from "./pr_verdict.ts";
import { decodeTransportId, type TransportId } from "./transport_id.ts";

/** Service actions (SPC-4 table 210). */
export const PrOut = {
  REGISTER: 0x00,
  RESERVE: 0x01,
  RELEASE: 0x02,
  CLEAR: 0x03,
  PREEMPT: 0x04,
  PREEMPT_AND_ABORT: 0x05,
  REGISTER_AND_IGNORE_EXISTING_KEY: 0x06,
  REGISTER_AND_MOVE: 0x07,
} as const;

/** Bytes of the basic list, and of the other one without its TransportID. */
const BASIC = 24;
/** Bytes that a list may have: room for some hundred TransportIDs. */
const LIST_MOST = 65536;

const SPEC_I_PT = 0x08;
const ALL_TG_PT = 0x04;
const APTPL = 0x01;
const UNREG = 0x02;

export interface PrOutList {
  /** RESERVATION KEY and SERVICE ACTION RESERVATION KEY. */
  readonly key: bigint;
  readonly actionKey: bigint;
  readonly aptpl: boolean;
  /** Not in the list of REGISTER AND MOVE. */
  readonly specIPt: boolean;
  readonly allTgPt: boolean;
  /** Only in the list of REGISTER AND MOVE. */
  readonly unreg: boolean;
  /** RELATIVE TARGET PORT IDENTIFIER. */
  readonly relativePort: number;
  readonly transportIds: readonly TransportId[];
}

/** Checks a PERSISTENT RESERVE OUT before its parameter list is asked for. */
export function checkPrOut(_disk: unknown, command: Command): boolean {
  const { allocationLength: length } = command;
  if (length >= BASIC && length <= LIST_MOST) return true;
  command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  return false;
}

/** Reads the parameter list of a command whose data has come. */
export function readPrOutList(command: Command): PrOutList | Refusal {
  if (command.outLength < command.wantedOut) return failure(Sense.PARAMETER_LIST_LENGTH_ERROR);
  const bytes = command.out!.bytes.subarray(command.outAt, command.outAt + command.wantedOut);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const keys = { key: view.getBigUint64(0), actionKey: view.getBigUint64(8) };
  const action = command.cdb[1]! & 0x1f;
  if (action !== PrOut.REGISTER_AND_MOVE) {
    const flags = bytes[20]!;
    const specIPt = (flags & SPEC_I_PT) !== 0;
    if (specIPt && action !== PrOut.REGISTER) return badParameter(20, 3);
    const transportIds = specIPt ? readTransportIds(bytes, view) : [];
    if (typeof transportIds === "function") return transportIds;
    if (!specIPt && bytes.length !== BASIC) return failure(Sense.PARAMETER_LIST_LENGTH_ERROR);
    return {
      ...keys,
      aptpl: (flags & APTPL) !== 0,
      specIPt,
      allTgPt: (flags & ALL_TG_PT) !== 0,
      unreg: false,
      relativePort: 0,
      transportIds,
    };
  }
  const transportIds = decodeAll(bytes, BASIC, BASIC + view.getUint32(20));
  if (typeof transportIds === "function") return transportIds;
  if (transportIds.length !== 1) return badParameter(BASIC);
  return {
    ...keys,
    aptpl: (bytes[17]! & APTPL) !== 0,
    specIPt: false,
    allTgPt: false,
    unreg: (bytes[17]! & UNREG) !== 0,
    relativePort: view.getUint16(18),
    transportIds,
  };
}

/** The additional list of SPEC_I_PT (SPC-4 table 214). */
function readTransportIds(bytes: Uint8Array, view: DataView): TransportId[] | Refusal {
  const first = BASIC + 4;
  if (bytes.length < first) return failure(Sense.PARAMETER_LIST_LENGTH_ERROR);
  return decodeAll(bytes, first, first + view.getUint32(BASIC));
}

function decodeAll(bytes: Uint8Array, from: number, end: number): TransportId[] | Refusal {
  if (end > bytes.length) return failure(Sense.PARAMETER_LIST_LENGTH_ERROR);
  const found: TransportId[] = [];
  for (let at = from; at < end;) {
    const transportId = decodeTransportId(bytes, at, end);
    if (transportId === "cut") return failure(Sense.PARAMETER_LIST_LENGTH_ERROR);
    if (transportId === "wrong") return badParameter(at);
    found.push(transportId);
    at += transportId.length;
  }
  return found;
}
