/**
 * Writes down what this process does to the files of a directory, by calls of the C library and of Deno.
 * It has to be the first import of a test: who calls the library keeps what Deno.dlopen() has given him.
 */

/** A file, whatever its name is by now. */
export interface RecordedFile {
  /** The name that it was made with. */
  readonly made: string;
}

export type FileEvent =
  | { readonly kind: "create"; readonly path: string; readonly file: RecordedFile }
  | { readonly kind: "write"; readonly file: RecordedFile; readonly bytes: Uint8Array }
  | { readonly kind: "sync"; readonly file: RecordedFile }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "unlink"; readonly path: string }
  | { readonly kind: "mkdir"; readonly path: string }
  | { readonly kind: "syncdir"; readonly path: string };

/** A record that is being made. */
class Recording {
  readonly events: FileEvent[] = [];
  /** What the descriptors of the C library stand for: a new file, or a directory by its path. */
  readonly opened = new Map<number, RecordedFile | string>();
  #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Whether a path is in the directory, or the directory itself; a lock has nothing to lose. */
  concerns(path: string): boolean {
    const within = path === this.#root || path.startsWith(`${this.#root}/`);
    return within && !path.endsWith(".lock");
  }

  create(path: string): RecordedFile {
    const file = { made: path };
    this.events.push({ kind: "create", path, file });
    return file;
  }

  sync(what: RecordedFile | string): void {
    if (typeof what === "string") this.events.push({ kind: "syncdir", path: what });
    else this.events.push({ kind: "sync", file: what });
  }
}

let recording: Recording | undefined;

/** What `body` does to the files in the directory `root`, in its order; it must not be asynchronous. */
export function recordFiles(root: string, body: () => void): readonly FileEvent[] {
  const mine = new Recording(root);
  recording = mine;
  try {
    body();
  } finally {
    recording = undefined;
  }
  return mine.events;
}

type Call = (...args: unknown[]) => unknown;

/** What a call that has succeeded means for the record. */
type Meaning = (record: Recording, args: readonly unknown[], result: number) => void;

const O_CREAT = 0o100;

function pathOf(cString: unknown): string {
  const bytes = cString as Uint8Array;
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

function bytesAt(address: number, length: number): Uint8Array {
  const pointer = Deno.UnsafePointer.create(BigInt(address))!;
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length)).slice();
}

const CALLS: Readonly<Record<string, Meaning>> = {
  open: (record, [name, flags], fd) => {
    const path = pathOf(name);
    if (!record.concerns(path)) return;
    const isNew = ((flags as number) & O_CREAT) !== 0;
    if (isNew) record.opened.set(fd, record.create(path));
    else if (isDirectory(path)) record.opened.set(fd, path);
  },
  close: (record, [fd]) => void record.opened.delete(fd as number),
  write: (record, [fd, address], length) => {
    const file = record.opened.get(fd as number);
    if (file === undefined || typeof file === "string") return;
    const bytes = bytesAt(Number(address), length);
    record.events.push({ kind: "write", file, bytes });
  },
  fsync: (record, [fd]) => {
    const what = record.opened.get(fd as number);
    if (what !== undefined) record.sync(what);
  },
  rename: (record, [from, to]) => {
    const path = pathOf(from);
    if (record.concerns(path)) record.events.push({ kind: "rename", path, to: pathOf(to) });
  },
  unlink: (record, [name]) => {
    const path = pathOf(name);
    if (record.concerns(path)) record.events.push({ kind: "unlink", path });
  },
  mkdir: (record, [name]) => {
    const path = pathOf(name);
    if (record.concerns(path)) record.events.push({ kind: "mkdir", path });
  },
};

function isDirectory(path: string): boolean {
  return Deno.statSync(path).isDirectory;
}

/** `real`, with a note of what it has done. */
function noted(real: Call, meaning: Meaning): Call {
  return (...args) => {
    const result = real(...args) as number;
    if (recording !== undefined && result >= 0) meaning(recording, args, result);
    return result;
  };
}

/** A file of Deno's that notes what is written to it. */
function watched(file: Deno.FsFile, record: Recording, what: RecordedFile | string): Deno.FsFile {
  const write = file.writeSync.bind(file);
  const sync = file.syncSync.bind(file);
  file.writeSync = (bytes) => {
    const count = write(bytes);
    if (typeof what !== "string") {
      record.events.push({ kind: "write", file: what, bytes: bytes.slice(0, count) });
    }
    return count;
  };
  file.syncSync = () => {
    sync();
    record.sync(what);
  };
  return file;
}

const real = {
  dlopen: Deno.dlopen,
  openSync: Deno.openSync,
  renameSync: Deno.renameSync,
  removeSync: Deno.removeSync,
  mkdirSync: Deno.mkdirSync,
};

/** What takes the place of Deno's own. */
const recorded = {
  dlopen: (name: string, calls: Deno.ForeignLibraryInterface) => {
    const library = real.dlopen(name, calls);
    const symbols: Record<string, unknown> = { ...library.symbols };
    for (const [call, meaning] of Object.entries(CALLS)) {
      if (Object.hasOwn(symbols, call)) symbols[call] = noted(symbols[call] as Call, meaning);
    }
    return { symbols, close: () => library.close() };
  },
  openSync: (path: string, options?: Deno.OpenOptions) => {
    const file = real.openSync(path, options);
    const record = recording;
    if (record === undefined || !record.concerns(path)) return file;
    if (options?.createNew === true || options?.create === true) {
      return watched(file, record, record.create(path));
    }
    return isDirectory(path) ? watched(file, record, path) : file;
  },
  renameSync: (path: string, to: string) => {
    real.renameSync(path, to);
    if (recording?.concerns(path)) recording.events.push({ kind: "rename", path, to });
  },
  removeSync: (path: string, options?: Deno.RemoveOptions) => {
    real.removeSync(path, options);
    if (recording?.concerns(path)) recording.events.push({ kind: "unlink", path });
  },
  mkdirSync: (path: string, options?: Deno.MkdirOptions) => {
    const isThere = recording === undefined || exists(path);
    real.mkdirSync(path, options);
    if (!isThere && recording!.concerns(path)) recording!.events.push({ kind: "mkdir", path });
  },
};

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Object.assign(Deno, recorded);
