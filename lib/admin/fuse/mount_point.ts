/**
 * The directory that the tree is mounted at: whether it can be, and what an earlier server that was
 * killed left there. As long as a server lives it holds a lock file beside the directory; a mount of
 * ours without one is dead. Nothing that is mounted there is touched before that is known: a server
 * that hangs would make us hang.
 */
import { basename, dirname } from "node:path";
import { describeErrno, Errno } from "../../../ffi/errno.ts";
import { closeFile } from "../../../ffi/file.ts";
import { takeLock } from "../../../ffi/lock_file.ts";
import { effectiveIds, listMounts, type MountEntry } from "../../../ffi/mount.ts";
import { FuseDoorError } from "./fuse_door_error.ts";
import { MOUNT_TYPE, unmountStale } from "./mounting.ts";
import type { Report } from "./served_tree.ts";

const PROBE_LIMIT_MS = 2_000;
/** Stale mounts may lie on top of each other; more of them than this are no accident of ours. */
const MOST_STALE = 16;

/** A mount point that is ours until release(). */
export interface ClaimedPoint {
  /** Without symbolic links. */
  readonly path: string;
  release(): void;
}

/**
 * Claims `path` and cleans it of dead mounts of ours. `isBrokered`: a broker mounts there, and cleans
 * up itself. Throws a FuseDoorError.
 */
export async function claimMountPoint(
  path: string,
  isBrokered: boolean,
  report: Report,
): Promise<ClaimedPoint> {
  const real = await resolvePlace(path);
  const lock = takeLock(`${real}.lock`);
  if (lock === -Errno.EBUSY) {
    throw new FuseDoorError(path, "another scst has mounted its own there");
  }
  // Where no file can be made, the mount itself is asked.
  const isLocked = lock >= 0;
  const release = () => {
    if (isLocked) closeFile(lock);
  };
  try {
    if (isBrokered) refuseForeign(path, topMount(real));
    else {
      await cleanUp(real, isLocked, report);
      await checkDirectory(real);
    }
    return { path: real, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** The mount point itself may be dead, so that only the way to it is followed. */
async function resolvePlace(path: string): Promise<string> {
  if (!path.startsWith("/") || basename(path) === "" || /(^|\/)\.\.?\/*$/.test(path)) {
    throw new FuseDoorError(path, "it has to be an absolute path of a directory other than /");
  }
  try {
    const parent = await Deno.realPath(dirname(path));
    return `${parent === "/" ? "" : parent}/${basename(path)}`;
  } catch (error) {
    throw new FuseDoorError(path, reasonOf(error));
  }
}

/** What is mounted at `path`, without symbolic links, and seen there; undefined when nothing is. */
export function topMount(path: string): MountEntry | undefined {
  const mounts = listMounts();
  if (typeof mounts === "number") return undefined; // no such list on this system
  const here = mounts.filter((entry) => entry.path === path);
  return here.find(({ id }) => !here.some(({ parent }) => parent === id));
}

function refuseForeign(path: string, mount: MountEntry | undefined): void {
  if (mount !== undefined && mount.type !== MOUNT_TYPE) {
    throw new FuseDoorError(path, `${mount.source} (${mount.type}) is mounted there already`);
  }
}

async function cleanUp(path: string, isLocked: boolean, report: Report): Promise<void> {
  for (let count = 0; count < MOST_STALE; count++) {
    const mount = topMount(path);
    if (mount === undefined) return;
    refuseForeign(path, mount);
    refuseOthers(path, mount);
    if (!isLocked) await probe(path);
    const failure = await unmountStale(path);
    if (failure !== undefined) {
      throw new FuseDoorError(path, `the mount that a dead server left there stays: ${failure}`);
    }
    report("warning", `A server that was killed had left ${path} mounted: it is unmounted`);
  }
  throw new FuseDoorError(
    path,
    `more than ${MOST_STALE} dead mounts are on top of each other there`,
  );
}

/** Root may clean up after everybody. */
function refuseOthers(path: string, mount: MountEntry): void {
  const { uid } = effectiveIds();
  const user = /(?:^|,)user_id=(\d+)/.exec(mount.options)?.[1];
  if (uid !== 0 && user !== String(uid)) {
    throw new FuseDoorError(path, `a tree that user ${user ?? "?"} has mounted is there`);
  }
}

/** A name that is in no tree. */
const PROBE_NAME = ".scst-is-there-anybody";

/**
 * Returns when the mount at `path` is dead. A server that hangs does not answer. The kernel asks the
 * server for a name, whereas it may know the attributes of the directory itself.
 */
async function probe(path: string): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("does not answer"), PROBE_LIMIT_MS);
  const asked = Deno.lstat(`${path}/${PROBE_NAME}`).then(
    () => "lives",
    (error) => {
      if (error instanceof Deno.errors.NotConnected) return undefined;
      return error instanceof Deno.errors.NotFound ? "lives" : `says: ${reasonOf(error)}`;
    },
  );
  const found = await Promise.race([asked, late]);
  clearTimeout(timer);
  if (found !== undefined) {
    throw new FuseDoorError(path, `another scst has mounted its own there, and ${found}`);
  }
}

async function checkDirectory(path: string): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    throw new FuseDoorError(path, reasonOf(error));
  }
  if (info.isSymlink) throw new FuseDoorError(path, "it is a symbolic link, not a directory");
  if (!info.isDirectory) throw new FuseDoorError(path, "it is not a directory");
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return describeErrno(Errno.ENOENT);
  if (error instanceof Deno.errors.PermissionDenied) return describeErrno(Errno.EACCES);
  // Deno keeps /dev, /proc and /sys to itself unless it may do everything.
  if (error instanceof Deno.errors.NotCapable) return "Deno gives no access to that place";
  return error instanceof Error ? error.message : String(error);
}
