/** Messages of iSNSP (RFC 4171 5): one PDU as a rule, more where the payload is long. */
import {
  type Attribute,
  IsnsFormatError,
  lengthOf,
  readAttributes,
  writeAttributes,
} from "./attribute.ts";
import { nameOfFunction, RESPONSE } from "./function_id.ts";
import {
  Flag,
  HEADER_LENGTH,
  PAYLOAD_MOST,
  type PduHeader,
  readHeader,
  writeHeader,
} from "./pdu.ts";

/** PDUs that a message may come in; a server fills them. */
const PDUS_MOST = 1024;

export interface Message {
  readonly functionId: number;
  readonly transactionId: number;
  /** Of a response; undefined for a request. */
  readonly status: number | undefined;
  readonly attributes: readonly Attribute[];
  /** Whether a registration takes the place of what is there (5.1.4). */
  readonly isReplacing?: boolean;
}

/** The PDU of a client's message, whose attributes take no more than PAYLOAD_MOST with a status. */
export function encodeMessage(message: Message): Uint8Array<ArrayBuffer> {
  const { functionId, transactionId, status, attributes, isReplacing } = message;
  const statusLength = status === undefined ? 0 : 4;
  const length = statusLength + lengthOf(attributes);
  if (length > PAYLOAD_MOST) throw new RangeError(`Cannot put ${length} bytes into one PDU`);
  const bytes = new Uint8Array(HEADER_LENGTH + length);
  const view = new DataView(bytes.buffer);
  const flags = Flag.CLIENT | Flag.FIRST_PDU | Flag.LAST_PDU | (isReplacing ? Flag.REPLACE : 0);
  writeHeader(view, { functionId, length, flags, transactionId, sequenceId: 0 });
  if (status !== undefined) view.setUint32(HEADER_LENGTH, status);
  writeAttributes(bytes, HEADER_LENGTH + statusLength, attributes);
  return bytes;
}

/** Puts the messages of a server together from the bytes of a connection, however these are cut. */
export class MessageReader {
  readonly #most: number;
  /** The PDU that is being received, with room for its header or for all of it. */
  #pdu = new Uint8Array(HEADER_LENGTH);
  #filled = 0;
  #header: PduHeader | undefined = undefined;
  /** The first PDU's header and the payloads so far of a message of several PDUs. */
  #first: PduHeader | undefined = undefined;
  #payloads: Uint8Array<ArrayBuffer>[] = [];
  #length = 0;
  #nextSequence = 0;

  /** `most` is how many bytes the payload of a message may have. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether a message has begun and is not all there. */
  get isWithin(): boolean {
    return this.#filled > 0 || this.#first !== undefined;
  }

  /** The messages that end in `bytes`. Throws IsnsFormatError at what is none, after those before it. */
  *take(bytes: Uint8Array): Generator<Message> {
    let at = 0;
    for (;;) {
      const count = Math.min(bytes.length - at, this.#pdu.length - this.#filled);
      this.#pdu.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled < this.#pdu.length) return;
      const message = this.#header === undefined ? this.#beginPdu() : this.#endPdu(this.#header);
      if (message !== undefined) yield message;
    }
  }

  #beginPdu(): Message | undefined {
    const header = readHeader(new DataView(this.#pdu.buffer));
    this.#check(header);
    this.#header = header;
    if (header.length === 0) return this.#endPdu(header);
    const whole = new Uint8Array(HEADER_LENGTH + header.length);
    whole.set(this.#pdu);
    this.#pdu = whole;
    return undefined;
  }

  /** The PDUs of a message come one after the other, numbered from 0 (5.1.6). */
  #check({ functionId, transactionId, sequenceId, flags, length }: PduHeader): void {
    const isFirst = (flags & Flag.FIRST_PDU) !== 0;
    const first = this.#first;
    if (isFirst !== (first === undefined)) {
      const what = isFirst ? "began before the last one ended" : "has no first PDU";
      throw new IsnsFormatError(`${nameOfFunction(functionId)} ${what}`);
    }
    if (sequenceId !== this.#nextSequence) {
      throw new IsnsFormatError(`sequence ID ${sequenceId} instead of ${this.#nextSequence}`);
    }
    if (sequenceId >= PDUS_MOST) {
      throw new IsnsFormatError(`a message of more than ${PDUS_MOST} PDUs`);
    }
    if (
      first !== undefined &&
      (first.functionId !== functionId || first.transactionId !== transactionId)
    ) throw new IsnsFormatError(`${nameOfFunction(functionId)} amidst another message`);
    // A message that goes on with nothing would take time and a number, and never end.
    if (length === 0 && (flags & Flag.LAST_PDU) === 0) {
      throw new IsnsFormatError("a PDU without payload that is not the last one");
    }
    if (this.#length + length > this.#most) {
      throw new IsnsFormatError(`a message of more than ${this.#most} bytes`);
    }
  }

  #endPdu(header: PduHeader): Message | undefined {
    this.#payloads.push(this.#pdu.subarray(HEADER_LENGTH));
    this.#length += header.length;
    this.#first ??= header;
    this.#nextSequence += 1;
    this.#pdu = new Uint8Array(HEADER_LENGTH);
    this.#filled = 0;
    this.#header = undefined;
    if ((header.flags & Flag.LAST_PDU) === 0) return undefined;
    const payload = this.#payloads.length === 1 ? this.#payloads[0]! : joined(this.#payloads);
    this.#first = undefined;
    this.#payloads = [];
    this.#length = 0;
    this.#nextSequence = 0;
    return messageOf(header, payload);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function messageOf(
  { functionId, transactionId }: PduHeader,
  payload: Uint8Array<ArrayBuffer>,
): Message {
  if ((functionId & RESPONSE) === 0) {
    return { functionId, transactionId, status: undefined, attributes: readAttributes(payload) };
  }
  if (payload.length < 4) throw new IsnsFormatError(`${nameOfFunction(functionId)} has no status`);
  const status = new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
  return { functionId, transactionId, status, attributes: readAttributes(payload.subarray(4)) };
}
