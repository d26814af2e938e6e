/** Replacing small files so that a crash leaves the old or the new content, never a part. */
import { dirname } from "node:path";

/** Writes `text` to `path` with mode `mode`, atomically and durably; call it under a lock. */
export function saveText(path: string, text: string, mode = 0o600): void {
  using next = new NextText(path, text, mode);
  next.take();
}

/** A text that lies on stable storage beside the file that it is for, until it takes its place or is dropped. */
export class NextText implements Disposable {
  /** Where it lies. */
  readonly temporary: string;
  readonly #path: string;

  constructor(path: string, text: string, mode = 0o600) {
    this.#path = path;
    this.temporary = `${path}.tmp`;
    removeIfThere(this.temporary);
    try {
      // createNew refuses to follow a symbolic link that was put there.
      using file = Deno.openSync(this.temporary, { write: true, createNew: true, mode });
      const bytes = new TextEncoder().encode(text);
      for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
      file.syncSync();
    } catch (error) {
      removeIfThere(this.temporary);
      throw error;
    }
  }

  take(): void {
    Deno.renameSync(this.temporary, this.#path);
    syncDirectory(dirname(this.#path)); // the rename is durable only with the directory
  }

  [Symbol.dispose](): void {
    removeIfThere(this.temporary);
  }
}

/**
 * Makes the directory `path` with mode 0700 where there is none, and those above it, so that no crash
 * takes it away again with what is saved in it.
 */
export function makeDirectory(path: string): void {
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    makeDirectory(dirname(path));
  }
  // Another process may make it meanwhile.
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  syncDirectory(dirname(path));
}

function syncDirectory(path: string): void {
  using directory = Deno.openSync(path, { read: true });
  directory.syncSync();
}

/** Runs `action` while no other process runs one under the lock file `path`. */
export function withLock<T>(path: string, action: () => T): T {
  using file = Deno.openSync(path, { write: true, create: true, mode: 0o600 });
  file.lockSync(true);
  try {
    return action();
  } finally {
    file.unlockSync();
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
