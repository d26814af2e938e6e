/** Attributes as they are in messages: tag, length, value (RFC 4171 5.6.1). */
import { isIPv6 } from "../scst/model.ts";
import { decodeText, faultOfValue, nameOfTag, Tag } from "./tag.ts";

export interface Attribute {
  readonly tag: number;
  /** With the padding; of no length where there is no value. */
  readonly value: Uint8Array<ArrayBuffer>;
}

/** What a peer has sent that is not iSNSP; the connection cannot be understood any more. */
export class IsnsFormatError extends Error {
  override name = "IsnsFormatError";
}

/** Bytes of tag and length. */
const HEADER = 8;

/** An attribute without a value: the delimiter, or a question for the value. */
export function empty(tag: number): Attribute {
  return { tag, value: new Uint8Array(0) };
}

export function uint32(tag: number, number: number): Attribute {
  const value = new Uint8Array(4);
  new DataView(value.buffer).setUint32(0, number);
  return { tag, value };
}

/** Text with its NUL, padded to four bytes. */
export function text(tag: number, string: string): Attribute {
  const bytes = new TextEncoder().encode(string);
  const value = new Uint8Array((bytes.length + 1 + 3) & ~3);
  value.set(bytes);
  return { tag, value };
}

/** An IPv4 or IPv6 address without brackets; IPv4 as an IPv4-mapped IPv6 one (RFC 4171 6.3.1). */
export function address(tag: number, hostname: string): Attribute {
  const value = new Uint8Array(16);
  if (isIPv6(hostname)) {
    const view = new DataView(value.buffer);
    for (const [index, group] of groupsOf(hostname).entries()) view.setUint16(index * 2, group);
  } else {
    value.set([0xff, 0xff, ...hostname.split(".").map(Number)], 10);
  }
  return { tag, value };
}

/** The eight groups of an IPv6 address, in any of its notations (RFC 4291 2.2). */
function groupsOf(hostname: string): number[] {
  const canonical = new URL(`http://[${hostname}]/`).hostname.slice(1, -1);
  const [left = "", right] = canonical.split("::");
  const parse = (part: string) =>
    part === "" ? [] : part.split(":").map((one) => parseInt(one, 16));
  const [head, tail] = [parse(left), parse(right ?? "")];
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** A TCP port (RFC 4171 6.3.2). */
export function tcpPort(tag: number, port: number): Attribute {
  return uint32(tag, port);
}

/** The number that an attribute of four bytes has; undefined where it has no value. */
export function numberOf({ value }: Attribute): number | undefined {
  if (value.length !== 4) return undefined;
  return new DataView(value.buffer, value.byteOffset, 4).getUint32(0);
}

/** The text that an attribute has; undefined where it has no value. */
export function textOf({ value }: Attribute): string | undefined {
  const end = value.indexOf(0);
  return end < 0 ? undefined : decodeText(value.subarray(0, end));
}

/** Whether two attributes say the same. */
export function isSame(one: Attribute, other: Attribute): boolean {
  return one.tag === other.tag && one.value.length === other.value.length &&
    one.value.every((byte, index) => byte === other.value[index]);
}

/** The bytes that attributes take in a message. */
export function lengthOf(attributes: readonly Attribute[]): number {
  return attributes.reduce((sum, { value }) => sum + HEADER + value.length, 0);
}

/** Writes attributes to `bytes` from `at` on; there is room for them. */
export function writeAttributes(
  bytes: Uint8Array,
  at: number,
  attributes: readonly Attribute[],
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = at;
  for (const { tag, value } of attributes) {
    view.setUint32(offset, tag);
    view.setUint32(offset + 4, value.length);
    bytes.set(value, offset + HEADER);
    offset += HEADER + value.length;
  }
}

/** Reads the attributes that fill `bytes` to the end. Throws IsnsFormatError. */
export function readAttributes(bytes: Uint8Array<ArrayBuffer>): Attribute[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const attributes: Attribute[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const left = bytes.length - offset - HEADER;
    if (left < 0) throw new IsnsFormatError(`${left + HEADER} bytes behind the last attribute`);
    const tag = view.getUint32(offset);
    const length = view.getUint32(offset + 4);
    if (length > left || length % 4 !== 0) {
      const what = `attribute ${nameOfTag(tag)} has a length of ${length}`;
      throw new IsnsFormatError(`${what}, a multiple of 4 up to ${left} is allowed`);
    }
    const value = bytes.subarray(offset + HEADER, offset + HEADER + length);
    const fault = faultOfValue(tag, value);
    if (fault !== undefined) throw new IsnsFormatError(`attribute ${nameOfTag(tag)} has ${fault}`);
    attributes.push({ tag, value });
    offset += HEADER + length;
  }
  return attributes;
}

/** The attributes behind the delimiter: the operating ones (RFC 4171 5.6.4). */
export function operating(attributes: readonly Attribute[]): readonly Attribute[] {
  const at = attributes.findIndex(({ tag }) => tag === Tag.Delimiter);
  return at < 0 ? [] : attributes.slice(at + 1);
}
