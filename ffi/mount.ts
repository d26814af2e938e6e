/** Mounting and unmounting of FUSE, and what is mounted where. */
import { cString } from "./file.ts";
import { check } from "./libc.ts";
import { mainLibc, mainLinux } from "./libc_main.ts";
import { Errno } from "./errno.ts";
import { readSystemFile } from "./system_file.ts";

const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/** The identity that the system checks the process's permissions with. */
export function effectiveIds(): { uid: number; gid: number } {
  return { uid: mainLibc.geteuid(), gid: mainLibc.getegid() };
}

/** Mounts `type` at a directory with its own options, nosuid, nodev and noexec. 0 or -errno. */
export function mountAt(path: string, source: string, type: string, options: string): number {
  if (mainLinux === undefined) return -Errno.ENOSYS;
  const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  return check(
    mainLinux.mount(cString(source), cString(path), cString(type), flags, cString(options)),
  );
}

/**
 * Takes the mount that is on top at `path` out of sight, whoever uses it; it ends with its last user.
 * Does not ask the server of the mount anything. 0 or -errno.
 */
export function detachMount(path: string): number {
  if (mainLinux === undefined) return -Errno.ENOSYS;
  return check(mainLinux.umount2(cString(path), MNT_DETACH | UMOUNT_NOFOLLOW));
}

/** A line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface MountEntry {
  readonly id: string;
  readonly parent: string;
  readonly path: string;
  readonly type: string;
  readonly source: string;
  /** Options of the file system itself. */
  readonly options: string;
}

/** Space, tab, line feed and backslash are written as three octal digits. */
function unescape(text: string): string {
  const byCode = (_: string, digits: string) => String.fromCharCode(parseInt(digits, 8));
  return text.replaceAll(/\\([0-7]{3})/g, byCode);
}

/** Reads what the lines of a mountinfo say; what is no such line is left out. */
export function parseMountInfo(text: string): MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const [id, parent, , , path] = before?.split(" ") ?? [];
    const [type, source, options] = after?.split(" ") ?? [];
    if (id === undefined || parent === undefined || path === undefined) return [];
    if (type === undefined || source === undefined || options === undefined) return [];
    return [{ id, parent, path: unescape(path), type, source: unescape(source), options }];
  });
}

/** What this process sees mounted, or -errno. */
export function listMounts(): MountEntry[] | number {
  const text = readSystemFile("/proc/self/mountinfo");
  return typeof text === "number" ? text : parseMountInfo(text);
}
