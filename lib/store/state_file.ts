/**
 * A small file of our own that survives a kill at any instant: state of a device that initiators
 * rely on. The first line says what it is and bears a checksum of the rest; the generation before is
 * kept beside it.
 */
import { createHash } from "node:crypto";
import { describeErrno } from "../../ffi/errno.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { readSmallFile } from "../../ffi/small_file.ts";
import { newerState } from "../newer_state.ts";
import type { IoPool } from "./io_pool.ts";
import { submitReplace } from "./path_request.ts";
import { StoreError } from "./store.ts";

const MAGIC = "scst-state";
const VERSION = 1;

/** What was found where the state is kept. */
export interface LoadedState {
  /** The text that was saved last; undefined when nothing ever was. */
  readonly text: string | undefined;
  /** A sentence for the log when it is not the newest generation. */
  readonly warning: string | undefined;
}

export class StateFile {
  readonly path: string;
  #pool: IoPool;
  #saving = false;
  #whenSaved: (() => void)[] = [];
  #next: { text: string; done: (result: number) => void } | undefined = undefined;

  /** The file `name` in `directory`, which is made when something is saved; its parent is there. */
  constructor(directory: string, name: string, pool: IoPool) {
    this.path = `${directory}/${name}`;
    this.#pool = pool;
  }

  /**
   * The file of an absolute path. Throws a StoreError when the directory is not there that is to have it:
   * what cannot be saved is to be known at once.
   */
  static at(path: string, pool: IoPool): StateFile {
    const slash = path.lastIndexOf("/");
    const directory = path.slice(0, slash);
    const fd = openFile(`${directory}/.`, false);
    if (fd < 0) {
      throw new StoreError(`Cannot keep state in ${directory}: ${describeErrno(-fd)}`);
    }
    closeFile(fd);
    return new StateFile(directory, path.slice(slash + 1), pool);
  }

  /**
   * Reads what was saved last: the newest generation that is whole. Throws a StoreError when there
   * are only broken ones, or one of a newer version of the program: going on without would forget what
   * initiators were promised.
   */
  load(): LoadedState {
    const newest = this.#read(this.path);
    if (newest.text !== undefined) return { text: newest.text, warning: undefined };
    const before = this.#read(`${this.path}.1`);
    if (before.text !== undefined) {
      // Without a newest one the last save was cut off between its two renames.
      const warning = newest.problem === undefined
        ? undefined
        : `${newest.problem}; the generation before it is used`;
      return { text: before.text, warning };
    }
    const problem = newest.problem ?? before.problem;
    if (problem !== undefined) throw new StoreError(problem);
    return { text: undefined, warning: undefined };
  }

  /**
   * Saves `text`; `done` hears 0 when it is on stable storage, or -errno. Saves follow one another:
   * a save that was asked for while one was under way comes after it, and only the last of several
   * is made, for all of them.
   */
  save(text: string, done: (result: number) => void): void {
    if (this.#saving) {
      const earlier = this.#next?.done;
      const both = (result: number) => {
        earlier?.(result);
        done(result);
      };
      this.#next = { text, done: earlier === undefined ? done : both };
      return;
    }
    this.#saving = true;
    const content = new TextEncoder().encode(seal(text));
    submitReplace(this.#pool, this.path, content, (result) => this.#saved(result, done));
  }

  #saved(result: number, done: (result: number) => void): void {
    this.#saving = false;
    const next = this.#next;
    this.#next = undefined;
    done(result);
    if (next !== undefined) this.save(next.text, next.done);
    if (!this.#saving) { for (const then of this.#whenSaved.splice(0)) this.whenSaved(then); }
  }

  /** Calls `then`, perhaps in the same turn, when nothing is being saved. */
  whenSaved(then: () => void): void {
    if (this.#saving) this.#whenSaved.push(then);
    else then();
  }

  #read(path: string): { text?: string; problem?: string } {
    const bytes = readSmallFile(path);
    if (bytes === undefined) return {};
    if (typeof bytes === "number") {
      return { problem: `Cannot read ${path}: ${describeErrno(-bytes)}` };
    }
    const { text, version } = unseal(new TextDecoder().decode(bytes));
    if (text === undefined) return { problem: `Cannot use ${path}: it is damaged` };
    if (version === String(VERSION)) return { text };
    throw new StoreError(`Cannot use ${path}: ${newerState(version, VERSION)}`);
  }
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function seal(text: string): string {
  return `${MAGIC} ${VERSION} ${checksum(text)}\n${text}`;
}

/** What is in a file, and its version; no text where it is not whole. */
function unseal(sealed: string): { readonly text?: string; readonly version: string } {
  const end = sealed.indexOf("\n");
  const [magic, version = "", sum] = sealed.slice(0, Math.max(0, end)).split(" ");
  const text = sealed.slice(end + 1);
  const isVersion = /^[1-9]\d*$/.test(version);
  const whole = magic === MAGIC && isVersion && sum === checksum(text);
  return whole ? { text, version } : { version };
}
