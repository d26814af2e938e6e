/**
 * What was written to files and when it was brought to stable storage, and from that every state that
 * a loss of power may leave. Between two flushes a disk writes what it likes in what order it likes: of
 * each sector it has what was flushed last, or anything that was written since.
 */
import type { IoVector } from "../../ffi/iovec.ts";
import { copyFrom } from "../../ffi/memory.ts";
import { IoOperation, type IoRequest } from "../../lib/store/io_request.ts";
import { entriesOf } from "./iovec_entries.ts";
import type { Random } from "./random.ts";

export const SECTOR = 512;

/** So many states are looked at one by one; of more there is a choice. */
const ALL_MOST = 128;
const CHOSEN = 48;

/** A file that is written to. */
export interface LoggedFile {
  /** What it holds before the first event. */
  readonly base: Uint8Array;
}

interface Write {
  readonly kind: "write";
  readonly file: LoggedFile;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Flush {
  readonly kind: "flush";
  readonly file: LoggedFile;
  readonly offset: number;
  readonly length: number;
  /** How many events there had been when it began: it need not do anything for later ones. */
  readonly began: number;
}

/** What a sector may hold, and the number of the event that wrote it. */
interface Version {
  readonly bytes: Uint8Array;
  readonly event: number;
}

/** The possible contents of one sector, the oldest first. */
interface Sector {
  readonly file: LoggedFile;
  readonly offset: number;
  versions: Version[];
}

/** The content of each file, in a state. */
export type CrashState = ReadonlyMap<LoggedFile, Uint8Array>;

export class CrashLog {
  #events: (Write | Flush)[] = [];

  /** How many events there have been: after each of them the power may fail. */
  get length(): number {
    return this.#events.length;
  }

  /**
   * Logs what an operation will do that succeeds; a flush of everything may have begun when there had
   * been `began` events.
   */
  log(file: LoggedFile, request: IoRequest, began = this.length): void {
    const { operation, offset, length, iov } = request;
    switch (operation) {
      case IoOperation.SYNC:
        return this.flush(file, 0, file.base.length, began);
      case IoOperation.WRITE:
        return this.write(file, offset, iov);
      case IoOperation.WRITE_DURABLE:
        this.write(file, offset, iov);
        return this.flush(file, offset, length);
      case IoOperation.PUNCH:
      case IoOperation.ZERO:
        return this.#change(file, offset, new Uint8Array(length));
      case IoOperation.FILL:
        return this.#change(file, offset, repeated(iov, length));
    }
  }

  write(file: LoggedFile, offset: number, iov: IoVector): void {
    let at = offset;
    for (const { address, length } of entriesOf(iov)) {
      this.#change(file, at, copyFrom(address, length));
      at += length;
    }
  }

  #change(file: LoggedFile, offset: number, bytes: Uint8Array): void {
    this.#events.push({ kind: "write", file, offset, bytes });
  }

  flush(file: LoggedFile, offset: number, length: number, began = this.length): void {
    this.#events.push({ kind: "flush", file, offset, length, began });
  }

  /** How many times something was brought to stable storage. */
  get flushes(): number {
    return this.#events.filter(({ kind }) => kind === "flush").length;
  }

  /** How many sectors a loss of power may undo now. */
  get unflushed(): number {
    return this.#sectorsAfter(this.length).filter(({ versions }) => versions.length > 1).length;
  }

  /** What a file holds for those who read it after the first `count` events. */
  written(file: LoggedFile, count: number): Uint8Array {
    const bytes = file.base.slice();
    for (const event of this.#events.slice(0, count)) {
      if (event.file === file && event.kind === "write") bytes.set(event.bytes, event.offset);
    }
    return bytes;
  }

  /** The states that may be found when the power fails after the first `count` events. */
  *states(files: readonly LoggedFile[], count: number, random: Random): Generator<CrashState> {
    const sectors = this.#sectorsAfter(count);
    const open = sectors.filter(({ versions }) => versions.length > 1);
    for (const choice of choices(open.map(({ versions }) => versions.length), random)) {
      const state = new Map(files.map((file) => [file, file.base.slice()]));
      for (const { file, offset, versions } of sectors) {
        state.get(file)!.set(versions[0]!.bytes, offset);
      }
      for (const [index, { file, offset, versions }] of open.entries()) {
        state.get(file)!.set(versions[choice[index]!]!.bytes, offset);
      }
      yield state;
    }
  }

  #sectorsAfter(count: number): Sector[] {
    const sectors = new Map<LoggedFile, Map<number, Sector>>();
    for (const [number, event] of this.#events.slice(0, count).entries()) {
      const { file, offset } = event;
      const own = sectors.get(file) ?? new Map<number, Sector>();
      sectors.set(file, own);
      if (event.kind === "flush") {
        for (const sector of own.values()) {
          const within = sector.offset >= offset && sector.offset < offset + event.length;
          if (within) sector.versions = flushedBy(event, sector.versions);
        }
        continue;
      }
      for (let at = 0; at < event.bytes.length; at += SECTOR) {
        const place = offset + at;
        const old = file.base.subarray(place, place + SECTOR);
        const sector = own.get(place) ??
          { file, offset: place, versions: [{ bytes: old, event: -1 }] };
        own.set(place, sector);
        const fresh = event.bytes.subarray(at, at + SECTOR);
        const newest = sector.versions.at(-1)!.bytes;
        if (newest.some((byte, index) => byte !== fresh[index])) {
          sector.versions.push({ bytes: fresh, event: number });
        }
      }
    }
    return [...sectors.values()].flatMap((own) => [...own.values()]);
  }
}

/** What a flush leaves possible: what was written last before it began, and all that came later. */
function flushedBy({ began }: Flush, versions: readonly Version[]): Version[] {
  return versions.slice(versions.findLastIndex(({ event }) => event < began));
}

/** The one piece of `iov` over and over (IoOperation.FILL). */
function repeated(iov: IoVector, length: number): Uint8Array {
  const [piece] = entriesOf(iov, 1);
  const pattern = copyFrom(piece!.address, piece!.length);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += pattern.length) {
    bytes.set(pattern.subarray(0, length - at), at);
  }
  return bytes;
}

/** A version for each of the sectors that have so many: all choices, or some that are telling. */
function* choices(counts: readonly number[], random: Random): Generator<number[]> {
  const all = counts.reduce((product, count) => product * count, 1);
  if (all <= ALL_MOST) {
    for (let index = 0; index < all; index++) {
      let rest = index;
      yield counts.map((count) => {
        const version = rest % count;
        rest = Math.floor(rest / count);
        return version;
      });
    }
    return;
  }
  const newest = (wanted: (index: number) => boolean) =>
    counts.map((count, index) => wanted(index) ? count - 1 : 0);
  for (let cut = 0; cut <= counts.length; cut++) {
    yield newest((index) => index < cut);
    yield newest((index) => index >= cut);
    yield newest((index) => index !== cut);
  }
  for (let count = 0; count < CHOSEN; count++) yield counts.map((most) => random.below(most));
}
