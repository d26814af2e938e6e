/**
 * The record of an atomic write: the blocks that are about to be written, all of them or none, kept
 * until they are. A file holds one record: a header in its last page, and the data right in front of
 * it. So nothing of a record is valid before its last byte is written, and a record that is torn
 * anywhere has the wrong checksum: it is none, and its blocks were not touched.
 */
import { crc32 } from "node:zlib";
import { describeErrno } from "../../ffi/errno.ts";
import { readSmallFile } from "../../ffi/small_file.ts";
import { Memory } from "../../ffi/memory.ts";
import { newerState } from "../newer_state.ts";
import { StoreError } from "./store.ts";

/** Bytes of data that one record may hold. */
export const ATOMIC_MOST = 2 ** 20;

/** Pieces of data that one record may hold: those of so many commands. */
export const PIECES_MOST = 64;

/** Bytes of the header: a page, which no file system has to read before it writes it. */
export const HEADER_LENGTH = 4096;

/** Bytes of the file. */
export const RECORD_FILE_LENGTH = ATOMIC_MOST + HEADER_LENGTH;

const MAGIC = new TextEncoder().encode("SCSTATOM");
const VERSION_NUMBER = 1;
const HIGH = 2 ** 32;

/** Offsets in the header; numbers are little-endian. */
const VERSION = 8;
/** Pieces; 0 says that nothing is recorded. */
const COUNT = 12;
/** Bytes of data. */
const LENGTH = 16;
/** CRC-32 of the data and then of the header, with 0 in this place. */
const CHECKSUM = 20;
const KEY = 24;
const KEY_LENGTH = 32;
const NAME_LENGTH = 56;
const NAME = 60;
const PIECES = 2048;
const PIECE_LENGTH = 16;

/** Bytes of the name that are kept. */
const NAME_MOST = PIECES - NAME;

/** The medium that a record is about. */
export interface RecordedMedium {
  /** 32 bytes that tell it from others. */
  readonly key: Uint8Array;
  /** What the operator knows it by. */
  readonly name: string;
}

/** Blocks of a record. */
export interface RecordedPiece {
  /** Where they belong on the medium, in bytes. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What the file of a record says. */
export interface FoundRecord extends RecordedMedium {
  /** Empty when nothing is recorded. */
  readonly pieces: readonly RecordedPiece[];
}

/** The header of a record that is being made. */
export class RecordHeader {
  readonly memory = new Memory(HEADER_LENGTH);
  #count = 0;
  #length = 0;
  /** The checksum of the data. */
  #sum = 0;

  constructor({ key, name }: RecordedMedium) {
    const { bytes, view } = this.memory;
    bytes.set(MAGIC);
    view.setUint32(VERSION, VERSION_NUMBER, true);
    bytes.set(key, KEY);
    const { written } = new TextEncoder().encodeInto(name, bytes.subarray(NAME, NAME + NAME_MOST));
    view.setUint32(NAME_LENGTH, written, true);
  }

  /** Bytes of data so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether there is room for another piece of `length` bytes. */
  fits(length: number): boolean {
    return this.#count < PIECES_MOST && this.#length + length <= ATOMIC_MOST;
  }

  /** Begins anew, with nothing recorded. */
  clear(): void {
    this.#count = 0;
    this.#length = 0;
    this.#sum = 0;
  }

  /** Adds a piece that fits; its data comes behind that of those before. */
  add({ offset, bytes }: RecordedPiece): void {
    const { view } = this.memory;
    const at = PIECES + this.#count * PIECE_LENGTH;
    view.setUint32(at, offset >>> 0, true);
    view.setUint32(at + 4, offset / HIGH, true);
    view.setUint32(at + 8, bytes.length, true);
    this.#count++;
    this.#length += bytes.length;
    this.#sum = crc32(bytes, this.#sum);
  }

  /** Makes what was added valid: the header can be written behind the data. */
  seal(): void {
    const { bytes, view } = this.memory;
    view.setUint32(COUNT, this.#count, true);
    view.setUint32(LENGTH, this.#length, true);
    view.setUint32(CHECKSUM, 0, true);
    view.setUint32(CHECKSUM, crc32(bytes, this.#sum), true);
  }
}

/**
 * Reads the file of a record; undefined when there is none, or nothing valid in it. Throws a StoreError
 * when it cannot be read, or another version of the program wrote it.
 */
export function readRecord(path: string): FoundRecord | undefined {
  const bytes = readSmallFile(path);
  if (bytes === undefined) return undefined;
  if (typeof bytes === "number") {
    throw new StoreError(`Cannot read ${path}: ${describeErrno(-bytes)}`);
  }
  return parse(bytes, path);
}

function parse(file: Uint8Array<ArrayBuffer>, path: string): FoundRecord | undefined {
  if (file.length !== RECORD_FILE_LENGTH) return undefined;
  const header = file.slice(ATOMIC_MOST);
  const view = new DataView(header.buffer);
  if (MAGIC.some((byte, at) => header[at] !== byte)) return undefined;
  const version = view.getUint32(VERSION, true);
  if (version !== VERSION_NUMBER) {
    const isNewer = version > VERSION_NUMBER;
    const why = isNewer ? newerState(version, VERSION_NUMBER) : `it has the format ${version}`;
    throw new StoreError(`Cannot use ${path}: ${why}`);
  }
  const sum = view.getUint32(CHECKSUM, true);
  const count = view.getUint32(COUNT, true);
  const length = view.getUint32(LENGTH, true);
  if (count > PIECES_MOST || length > ATOMIC_MOST) return undefined;
  const data = file.subarray(ATOMIC_MOST - length, ATOMIC_MOST);
  view.setUint32(CHECKSUM, 0, true);
  if (crc32(header, crc32(data)) !== sum) return undefined;
  const pieces: RecordedPiece[] = [];
  for (let index = 0, from = 0; index < count; index++) {
    const at = PIECES + index * PIECE_LENGTH;
    const offset = view.getUint32(at, true) + view.getUint32(at + 4, true) * HIGH;
    const end = from + view.getUint32(at + 8, true);
    pieces.push({ offset, bytes: data.subarray(from, end) });
    from = end;
  }
  const nameLength = Math.min(NAME_MOST, view.getUint32(NAME_LENGTH, true));
  return {
    key: header.subarray(KEY, KEY + KEY_LENGTH),
    name: new TextDecoder().decode(header.subarray(NAME, NAME + nameLength)),
    pieces,
  };
}
