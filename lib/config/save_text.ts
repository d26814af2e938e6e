/** Replacing small files so that a crash leaves the old or the new content, never a part. */

/** Writes `text` to `path` with mode `mode`, atomically and durably; call it under a lock. */
export function saveText(path: string, text: string, mode = 0o600): void {
  const temporary = `${path}.tmp`;
  removeIfThere(temporary);
  try {
    // createNew refuses to follow a symbolic link that was put there.
    using file = Deno.openSync(temporary, { write: true, createNew: true, mode });
    const bytes = new TextEncoder().encode(text);
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    file.syncSync();
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
  // The rename itself is durable only with the directory.
  using directory = Deno.openSync(path.slice(0, path.lastIndexOf("/")) || "/", { read: true });
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
