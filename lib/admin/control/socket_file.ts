/**
 * The file of a listening Unix socket. It is bound in a directory that nobody else can enter, gets its
 * mode and group there and then its name, so that there is no moment at which others could connect.
 * (A umask would do that too, but it is one for all threads, and they make files.)
 */
import { dirname } from "node:path";
import { reason } from "../../config/read_text.ts";
import { ControlError } from "./control_error.ts";

/** Bytes of sun_path without its NUL (unix(7)). */
const MAX_PATH = 107;
const DIRECTORY_MODE = 0o755;
const SOCKET_MODE = 0o660;

export interface SocketFile {
  readonly listener: Deno.UnixListener;
  /** Stops to listen and takes the file away, if it is still this one. */
  close(): void;
}

/**
 * Listens at `path`, of mode 0660; `gid` gets the file, the group of the process when left out. The
 * directory is made where there is none. What a killed server has left is replaced. Rejects with a
 * ControlError, which names a server that lives.
 */
export async function listenAt(path: string, gid: number | undefined): Promise<SocketFile> {
  const parent = dirname(path);
  await attempt(`make the directory ${parent}`, () => {
    Deno.mkdirSync(parent, { recursive: true, mode: DIRECTORY_MODE });
  });
  const room = await attempt(`make a file in ${parent}`, () => {
    return Deno.makeTempDirSync({ dir: parent, prefix: "." });
  });
  try {
    return await listenIn(room, path, gid);
  } finally {
    Deno.removeSync(room, { recursive: true });
  }
}

async function listenIn(room: string, path: string, gid: number | undefined): Promise<SocketFile> {
  const bound = `${room}/s`;
  const lengths = [bound, path].map((text) => new TextEncoder().encode(text).length);
  const excess = Math.max(...lengths) - MAX_PATH;
  if (excess > 0) throw new ControlError(`The path ${path} is ${excess} bytes too long`);
  const listener = await attempt(`listen at ${path}`, () => {
    return Deno.listen({ transport: "unix", path: bound });
  });
  try {
    await attempt(`give ${path} to group ${gid}`, () => {
      if (gid !== undefined) Deno.chownSync(bound, null, gid);
      Deno.chmodSync(bound, SOCKET_MODE);
    });
    await removeStale(path, room);
    await attempt(`listen at ${path}`, () => linkTo(bound, path));
    return new OpenSocketFile(listener, path);
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Gives a socket its name. Throws a ControlError where another server was quicker. */
function linkTo(bound: string, path: string): void {
  try {
    Deno.linkSync(bound, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new ControlError(`Cannot listen at ${path}: another server has taken it`, {
      cause: error,
    });
  }
}

/** Takes away what a killed server has left at `path`, through `room`. Rejects with a ControlError. */
async function removeStale(path: string, room: string): Promise<void> {
  const found = identity(path);
  if (found === undefined) return;
  if (!found.isSocket) throw new ControlError(`${path} is not a socket: it is left as it is`);
  if (await isAlive(path)) throw new ControlError(`Another server answers at ${path}`);
  await attempt(`replace ${path}`, () => Deno.renameSync(path, `${room}/stale`));
  const taken = identity(`${room}/stale`);
  if (taken?.key === found.key) return;
  // Another server has put its own there between the look and the move.
  await attempt(`put back ${path}`, () => Deno.linkSync(`${room}/stale`, path));
  throw new ControlError(`Another server answers at ${path}`);
}

/** Whether somebody listens. Rejects with a ControlError where that cannot be told. */
async function isAlive(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    if (error instanceof Deno.errors.WouldBlock) return true; // its backlog is full
    throw failure(`tell whether a server answers at ${path}`, error);
  }
}

interface Identity {
  readonly isSocket: boolean;
  readonly key: string;
}

function identity(path: string): Identity | undefined {
  try {
    const { dev, ino, isSocket } = Deno.lstatSync(path);
    return { isSocket: isSocket === true, key: `${dev}:${ino}` };
  } catch {
    return undefined; // there is none
  }
}

class OpenSocketFile implements SocketFile {
  readonly listener: Deno.UnixListener;
  readonly #path: string;
  readonly #key: string | undefined;

  constructor(listener: Deno.UnixListener, path: string) {
    this.listener = listener;
    this.#path = path;
    this.#key = identity(path)?.key;
  }

  close(): void {
    if (this.#key !== undefined && identity(this.#path)?.key === this.#key) {
      Deno.removeSync(this.#path);
    }
    this.listener.close();
  }
}

async function attempt<T>(what: string, work: () => T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ControlError ? error : failure(what, error);
  }
}

function failure(what: string, cause: unknown): ControlError {
  const why = `Cannot ${what} for the control socket: ${reason(cause)}`;
  return new ControlError(why, { cause });
}
