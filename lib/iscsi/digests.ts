/** Header and data digests (RFC 7143 11.2.3, 13.1): which of them a connection has, and where. */
import { crc32c } from "../../ffi/crc32c.ts";
import type { Memory } from "../../ffi/memory.ts";
import { BHS_LENGTH, getDataSegmentLength, padOf } from "./bhs.ts";

/** Bytes of a CRC32C. */
const DIGEST_LENGTH = 4;

// The bytes of a digest go out from the lowest one on (RFC 7143 13.1, A.4).
const LITTLE_ENDIAN = true;

export class Digests {
  /** Bytes of a header digest: 0 or 4. */
  readonly headerDigest: number;
  /** Bytes of a data digest: 0 or 4. A PDU without data has none. */
  readonly dataDigest: number;
  /** Where the data segment of a PDU without AHS begins. */
  readonly dataOffset: number;

  /** Whether there are header digests and data digests. */
  constructor(header: boolean, data: boolean) {
    this.headerDigest = header ? DIGEST_LENGTH : 0;
    this.dataDigest = data ? DIGEST_LENGTH : 0;
    this.dataOffset = BHS_LENGTH + this.headerDigest;
  }

  /** What is protected, for a log line: "", or as in "headers and data". */
  get covered(): string {
    const header = this.headerDigest > 0 ? ["headers"] : [];
    const data = this.dataDigest > 0 ? ["data"] : [];
    return [...header, ...data].join(" and ");
  }

  /** Bytes behind a data segment of `length` bytes: its pad and its digest. */
  trailerOf(length: number): number {
    return length === 0 ? 0 : padOf(length) + this.dataDigest;
  }

  /** Bytes of a PDU without AHS and with `length` bytes of data. */
  sizeOf(length: number): number {
    return this.dataOffset + length + this.trailerOf(length);
  }

  /**
   * Adds what comes last to the PDU at `at`, which has no AHS: pad and digests. Returns how many
   * bytes it has.
   */
  seal(memory: Memory, at: number): number {
    const { view } = memory;
    const length = getDataSegmentLength(view, at);
    if (this.headerDigest > 0) {
      view.setUint32(at + BHS_LENGTH, crc32c(memory, at, BHS_LENGTH), LITTLE_ENDIAN);
    }
    const dataAt = at + this.dataOffset;
    if (length === 0) return this.dataOffset;
    const pad = padOf(length);
    const end = dataAt + length + pad;
    for (let place = end - pad; place < end; place++) view.setUint8(place, 0);
    if (this.dataDigest > 0) {
      view.setUint32(end, crc32c(memory, dataAt, length + pad), LITTLE_ENDIAN);
    }
    return end + this.dataDigest - at;
  }

  /** Whether the `length` bytes of a header at `at` have the digest that stands behind them. */
  isHeaderIntact(memory: Memory, at: number, length: number): boolean {
    return this.headerDigest === 0 ||
      crc32c(memory, at, length) === memory.view.getUint32(at + length, LITTLE_ENDIAN);
  }

  /**
   * Whether `length` bytes of data at `at` have the digest of their trailer, which may lie in another
   * place than they do.
   */
  isDataIntact(
    memory: Memory,
    at: number,
    length: number,
    trailer: Memory,
    trailerAt: number,
  ): boolean {
    if (this.dataDigest === 0 || length === 0) return true;
    const pad = padOf(length);
    const data = crc32c(memory, at, length);
    const crc = pad === 0 ? data : crc32c(trailer, trailerAt, pad, data);
    return crc === trailer.view.getUint32(trailerAt + pad, LITTLE_ENDIAN);
  }
}

/** What holds until the end of the login. */
export const NO_DIGESTS: Digests = new Digests(false, false);
