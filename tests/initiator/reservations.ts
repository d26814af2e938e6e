/** Reservation commands (SPC-4 6.15, 6.16; SPC-2 7.17, 7.21) and what they carry. */

/** Service actions of PERSISTENT RESERVE IN. */
export const PrIn = { READ_KEYS: 0, READ_RESERVATION: 1, REPORT_CAPABILITIES: 2, FULL_STATUS: 3 };

/** Service actions of PERSISTENT RESERVE OUT. */
export const PrOut = {
  REGISTER: 0,
  RESERVE: 1,
  RELEASE: 2,
  CLEAR: 3,
  PREEMPT: 4,
  PREEMPT_AND_ABORT: 5,
  REGISTER_AND_IGNORE: 6,
  REGISTER_AND_MOVE: 7,
};

export const RESERVE_6 = cdb(0x16);
export const RELEASE_6 = cdb(0x17);
export const RESERVE_10 = cdb(0x56);
export const RELEASE_10 = cdb(0x57);

function cdb(...bytes: number[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(16);
  all.set(bytes);
  return all;
}

/** PERSISTENT RESERVE IN. */
export function prIn(action: number, length: number): Uint8Array<ArrayBuffer> {
  return cdb(0x5e, action, 0, 0, 0, 0, 0, length >> 8, length & 0xff);
}

/** PERSISTENT RESERVE OUT; the scope is the logical unit unless `type` has one in its upper half. */
export function prOut(action: number, type: number, length: number): Uint8Array<ArrayBuffer> {
  return cdb(0x5f, action, type, 0, 0, length >>> 24, length >> 16 & 0xff, length >> 8, length);
}

/** A TransportID: of a port with an ISID of 12 hex digits, of a whole node without. */
export function transportId(node: string, isid?: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(isid === undefined ? node : `${node},i,0x${isid}`);
  const length = Math.max(20, (text.length + 4) & ~3);
  const bytes = new Uint8Array(4 + length);
  bytes.set([isid === undefined ? 0x05 : 0x45, 0, length >> 8, length & 0xff]);
  bytes.set(text, 4);
  return bytes;
}

export interface PrList {
  readonly key?: bigint;
  readonly actionKey?: bigint;
  readonly aptpl?: boolean;
  readonly allTgPt?: boolean;
  /** Sets SPEC_I_PT. */
  readonly transportIds?: readonly Uint8Array[];
}

/** The basic parameter list of PERSISTENT RESERVE OUT. */
export function prList(list: PrList): Uint8Array<ArrayBuffer> {
  const { transportIds } = list;
  const ids = (transportIds ?? []).flatMap((id) => [...id]);
  const bytes = new Uint8Array(24 + (transportIds === undefined ? 0 : 4 + ids.length));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, list.key ?? 0n);
  view.setBigUint64(8, list.actionKey ?? 0n);
  bytes[20] = (transportIds === undefined ? 0 : 0x08) | (list.allTgPt ? 0x04 : 0) |
    (list.aptpl ? 0x01 : 0);
  if (transportIds !== undefined) {
    view.setUint32(24, ids.length);
    bytes.set(ids, 28);
  }
  return bytes;
}

export interface MoveList {
  readonly key: bigint;
  readonly actionKey: bigint;
  readonly aptpl?: boolean;
  readonly unreg?: boolean;
  readonly relativePort: number;
  readonly transportId: Uint8Array;
}

/** The parameter list of REGISTER AND MOVE. */
export function moveList(list: MoveList): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(24 + list.transportId.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, list.key);
  view.setBigUint64(8, list.actionKey);
  bytes[17] = (list.unreg ? 0x02 : 0) | (list.aptpl ? 0x01 : 0);
  view.setUint16(18, list.relativePort);
  view.setUint32(20, list.transportId.length);
  bytes.set(list.transportId, 24);
  return bytes;
}

export interface Keys {
  readonly generation: number;
  readonly keys: readonly bigint[];
}

/** Reads the data of READ KEYS. */
export function parseKeys(data: Uint8Array): Keys {
  const view = viewOf(data);
  const keys = Array.from({ length: (data.length - 8) / 8 }, (_, index) => {
    return view.getBigUint64(8 + index * 8);
  });
  return { generation: view.getUint32(0), keys };
}

/** Reads the data of READ RESERVATION; undefined when there is none. */
export function parseReservation(data: Uint8Array): { key: bigint; type: number } | undefined {
  if (data.length === 8) return undefined;
  return { key: viewOf(data).getBigUint64(8), type: data[21]! };
}

export interface FullStatus {
  readonly key: bigint;
  readonly holder: boolean;
  /** Scope and type, of a holder. */
  readonly type: number;
  readonly relativePort: number;
  /** Name of the initiator port. */
  readonly initiator: string;
}

/** Reads the data of READ FULL STATUS. */
export function parseFullStatus(data: Uint8Array): FullStatus[] {
  const view = viewOf(data);
  const found: FullStatus[] = [];
  for (let at = 8; at < data.length;) {
    const length = view.getUint32(at + 20);
    const name = data.subarray(at + 28, at + 24 + length);
    found.push({
      key: view.getBigUint64(at),
      holder: (data[at + 12]! & 1) !== 0,
      type: data[at + 13]!,
      relativePort: view.getUint16(at + 18),
      initiator: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    });
    at += 24 + length;
  }
  return found;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
