/** iSCSI TransportIDs (SPC-4 7.6.4.6): the name of an initiator port, or of all ports of a node. */

const PROTOCOL_ISCSI = 0x05;
const PROTOCOL = 0x0f;
const FORMAT_PORT = 0x40;
const FORMAT = 0xc0;

const HEADER = 4;
/** ADDITIONAL LENGTH is at least this, and a multiple of four. */
const NAME_LEAST = 20;

/** Names as the login takes them. */
const NODE = /^[!-~]{1,223}$/;
const PORT = /^([!-~]{1,223}),i,0x([0-9a-f]{1,12})$/;

export interface TransportId {
  /** iSCSI name in lower case. */
  readonly node: string;
  /** The initiator port, `name,i,0x<isid>` (RFC 7143 4.4.2); undefined if the node as a whole is named. */
  readonly port: string | undefined;
  /** Bytes that it takes. */
  readonly length: number;
}

/** Why there is no TransportID: `cut` says that it goes on behind the end, else it is wrong. */
export type TransportIdFault = "cut" | "wrong";

/** Reads the TransportID that begins at `at` and ends before `end`. */
export function decodeTransportId(
  bytes: Uint8Array,
  at: number,
  end: number,
): TransportId | TransportIdFault {
  if (at + HEADER > end) return "cut";
  const additional = bytes[at + 2]! << 8 | bytes[at + 3]!;
  const length = HEADER + additional;
  if ((bytes[at]! & PROTOCOL) !== PROTOCOL_ISCSI) return "wrong";
  if (additional < NAME_LEAST || additional % 4 !== 0) return "wrong";
  if (at + length > end) return "cut";
  const field = bytes.subarray(at + HEADER, at + length);
  const nul = field.indexOf(0);
  if (nul < 0) return "wrong";
  const text = String.fromCharCode(...field.subarray(0, nul)).toLowerCase();
  switch (bytes[at]! & FORMAT) {
    case 0:
      return NODE.test(text) ? { node: text, port: undefined, length } : "wrong";
    case FORMAT_PORT: {
      const [, node, isid] = PORT.exec(text) ?? [];
      if (node === undefined) return "wrong";
      return { node, port: `${node},i,0x${isid!.padStart(12, "0")}`, length };
    }
    default:
      return "wrong";
  }
}

/** The TransportID of an initiator port. */
export function encodeTransportId(port: string): Uint8Array<ArrayBuffer> {
  // At least one NUL ends the name.
  const additional = Math.max(NAME_LEAST, (port.length + 4) & ~3);
  const bytes = new Uint8Array(HEADER + additional);
  bytes[0] = FORMAT_PORT | PROTOCOL_ISCSI;
  new DataView(bytes.buffer).setUint16(2, additional);
  bytes.set(new TextEncoder().encode(port), HEADER);
  return bytes;
}
