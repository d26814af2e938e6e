/** One request of the kernel's, decoded in place: valid until the next one is read. */
import { InHeader } from "./abi.ts";

const HIGH = 2 ** 32;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The request is shorter than what it has to hold: the peer's fault, answered with EIO. */
export class MalformedRequest extends Error {
  override name = "MalformedRequest";
}

export class Request {
  readonly opcode: number;
  /** Its number, which the answer repeats. */
  readonly unique: bigint;
  /** The node that it is about; a number beyond 2**53 is no node's. */
  readonly nodeid: number;
  readonly uid: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;

  /** `bytes`: a header at least, and what belongs to it. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.opcode = this.#view.getUint32(InHeader.opcode, true);
    this.unique = this.#view.getBigUint64(InHeader.unique, true);
    this.nodeid = this.#u64(InHeader.nodeid);
    this.uid = this.#view.getUint32(InHeader.uid, true);
  }

  /** Asks for a structure of `size` bytes behind the header; everything below needs it. */
  require(size: number): void {
    const got = this.#bytes.length - InHeader.SIZE;
    if (got < size) throw new MalformedRequest(`${got} bytes where ${size} are needed`);
  }

  /** A field of 32 bits, `at` bytes behind the header. */
  u32(at: number): number {
    return this.#view.getUint32(InHeader.SIZE + at, true);
  }

  /** A field of 64 bits; beyond 2**53 it is not exact, and no number of ours. */
  u64(at: number): number {
    return this.#u64(InHeader.SIZE + at);
  }

  /** A field of 64 bits, exactly. */
  big(at: number): bigint {
    return this.#view.getBigUint64(InHeader.SIZE + at, true);
  }

  /** A copy of `length` bytes, `at` bytes behind the header. */
  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    this.require(at + length);
    return this.#bytes.slice(InHeader.SIZE + at, InHeader.SIZE + at + length);
  }

  /** The name behind the header, which ends with a zero; undefined where it is not UTF-8. */
  name(): string | undefined {
    const end = this.#bytes.indexOf(0, InHeader.SIZE);
    if (end < 0) throw new MalformedRequest("a name without an end");
    try {
      return decoder.decode(this.#bytes.subarray(InHeader.SIZE, end));
    } catch {
      return undefined;
    }
  }

  #u64(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * HIGH;
  }
}
