/**
 * The states that a directory may be found in after a crash, from what was done to its files. A process
 * that was killed leaves what it did, and perhaps a part of its last write. A loss of power may undo
 * whatever was not brought to stable storage: the content of a file that was not synchronised, and names
 * that were given or taken since their directory was, each of them alone.
 */
import type { FileEvent, RecordedFile } from "./file_record.ts";

/** The files of a directory by their paths, directories in it with `undefined`. */
export type FileState = ReadonlyMap<string, Uint8Array | undefined>;

/** Changes of names that are looked at in all their combinations. */
const CHOICES_MOST = 8;

type NameEvent = Extract<FileEvent, { readonly path: string }>;

/** The files below the directory `root`. */
export function readState(root: string): FileState {
  const state = new Map<string, Uint8Array | undefined>();
  for (const { name, isDirectory } of Deno.readDirSync(root)) {
    const path = `${root}/${name}`;
    if (!isDirectory) state.set(path, Deno.readFileSync(path));
    else {
      state.set(path, undefined);
      for (const [below, bytes] of readState(path)) state.set(below, bytes);
    }
  }
  return state;
}

/** Makes the directory `root` hold this, and nothing else. */
export function writeState(root: string, state: FileState): void {
  for (const { name } of [...Deno.readDirSync(root)]) {
    Deno.removeSync(`${root}/${name}`, { recursive: true });
  }
  const depth = (path: string) => path.split("/").length;
  for (const [path, bytes] of [...state].sort(([a], [b]) => depth(a) - depth(b))) {
    if (bytes === undefined) Deno.mkdirSync(path);
    else Deno.writeFileSync(path, bytes);
  }
}

/** What a process leaves that is killed behind each event, or within it. */
export function* statesAfterKill(
  base: FileState,
  events: readonly FileEvent[],
): Generator<FileState> {
  for (let count = 0; count <= events.length; count++) {
    const done = events.slice(0, count);
    yield stateOf(base, done, done, (file) => written(done, file));
    const last = done.at(-1);
    if (last?.kind !== "write") continue;
    const half = last.bytes.subarray(0, Math.floor(last.bytes.length / 2));
    const cut = [...done.slice(0, -1), { ...last, bytes: half }];
    yield stateOf(base, cut, cut, (file) => written(cut, file));
  }
}

/** What a loss of power may leave behind the first `count` events. */
export function* statesAfterPowerCut(
  base: FileState,
  events: readonly FileEvent[],
  count: number,
): Generator<FileState> {
  const done = events.slice(0, count);
  const open = done.filter((event, at) => isName(event) && !isSynced(event, done.slice(at + 1)));
  if (open.length > CHOICES_MOST) throw new RangeError(`${open.length} names are not synchronised`);
  for (let choice = 0; choice < 2 ** open.length; choice++) {
    const lost = new Set(open.filter((_, at) => (choice >> at & 1) === 0));
    const kept = done.filter((event) => !lost.has(event));
    for (const part of [0, 0.5, 1]) {
      yield stateOf(base, done, kept, (file) => partlyWritten(done, file, part));
    }
  }
}

function isName(event: FileEvent): event is NameEvent {
  return "path" in event && event.kind !== "syncdir";
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Whether the directory of a name was brought to stable storage afterwards. */
function isSynced(event: FileEvent, later: readonly FileEvent[]): boolean {
  return isName(event) &&
    later.some(({ kind, ...other }) =>
      kind === "syncdir" && "path" in other && other.path === directoryOf(event.path)
    );
}

function written(events: readonly FileEvent[], file: RecordedFile): Uint8Array {
  const parts = events.flatMap((event) =>
    event.kind === "write" && event.file === file ? [...event.bytes] : []
  );
  return Uint8Array.from(parts);
}

/** What was synchronised of a file, and a part of the rest. */
function partlyWritten(events: readonly FileEvent[], file: RecordedFile, part: number): Uint8Array {
  const sync = events.findLastIndex((event) => event.kind === "sync" && event.file === file);
  const sure = written(events.slice(0, sync + 1), file);
  const all = written(events, file);
  return all.subarray(0, sure.length + Math.floor((all.length - sure.length) * part));
}

/** Has the names of `kept` happen, one after the other; `content` says what new files hold. */
function stateOf(
  base: FileState,
  done: readonly FileEvent[],
  kept: readonly FileEvent[],
  content: (file: RecordedFile) => Uint8Array,
): FileState {
  const state = new Map(base);
  const root = commonRoot(base, done);
  for (const event of kept) {
    switch (event.kind) {
      case "create": {
        const directory = directoryOf(event.path);
        if (directory === root || state.has(directory)) state.set(event.path, content(event.file));
        break;
      }
      case "mkdir":
        state.set(event.path, undefined);
        break;
      case "unlink":
        state.delete(event.path);
        break;
      case "rename":
        if (!state.has(event.path)) break;
        state.set(event.to, state.get(event.path));
        state.delete(event.path);
        break;
    }
  }
  return state;
}

/** The directory that all of it is in. */
function commonRoot(base: FileState, events: readonly FileEvent[]): string {
  const names = [...base.keys(), ...events.filter(isName).map(({ path }) => path)];
  return names.map(directoryOf).reduce(
    (one, other) => one.length < other.length ? one : other,
    names[0] ?? "",
  );
}
