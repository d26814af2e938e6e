/** Whether the server can use its files. */
import { dirname } from "node:path";
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { kindOfFile, sizeOfFile, spaceLeft, spaceUsed } from "../../ffi/file_facts.ts";
import { shellWord } from "./shell_word.ts";
import { failure, type Finding, note, ok, type Patient, type Wants, warning } from "./finding.ts";

const STATE_LEAST = 64 * 2 ** 20;

type Device = Wants["devices"][number];

/** What an open file has. */
interface Backing {
  readonly kind: string;
  readonly size: number;
  readonly used: number;
  readonly left: number;
}

export function lookAtDevices(patient: Patient): Finding[] {
  const { wants } = patient;
  if (wants === undefined) return [note("the devices are not known without a configuration")];
  const findings: Finding[] = [];
  for (const device of wants.devices) {
    const { filename, active = true } = device;
    if (filename !== undefined && active) findings.push(lookAtDevice(device, filename, patient));
  }
  return findings.length === 0 ? [ok("no device has a file that is to be opened")] : findings;
}

function lookAtDevice(device: Device, filename: string, patient: Patient): Finding {
  const { name, readOnly } = device;
  const fd = openFile(filename, !readOnly);
  if (fd < 0) {
    const what = `device ${name}: ${filename} cannot be opened (${describeErrno(-fd)})`;
    if (patient.isAboutOther && isDenied(-fd)) return note(`${what} by this user`);
    return failure(what, mendOfFile(device, filename, -fd, patient));
  }
  const backing = {
    kind: kindOfFile(fd),
    size: sizeOfFile(fd),
    used: spaceUsed(fd),
    left: spaceLeft(fd),
  };
  closeFile(fd);
  return judge(device, filename, backing);
}

function isDenied(errno: number): boolean {
  return errno === Errno.EACCES || errno === Errno.EPERM;
}

/** The command by which a file can be opened that could not be, for the reason `errno`. */
function mendOfFile(device: Device, path: string, errno: number, { owner }: Patient): string {
  const file = shellWord(path);
  const isNode = path.startsWith("/dev/");
  const isRead = device.readOnly || device.handler === "vcdrom";
  if (errno === Errno.ENOENT) {
    if (isNode) return "lsblk -p   # shows the block devices that there are";
    if (isRead) return `ls -l ${shellWord(dirname(path))}   # is it there under another name?`;
    return `mkdir -p ${shellWord(dirname(path))} && truncate -s 20G ${file} && ` +
      `chown ${owner} ${file}   # for a new disk`;
  }
  if (isDenied(errno)) {
    if (isNode) {
      return `chgrp ${owner} ${file} && chmod g+rw ${file}   # until the next boot; for good: a rule of udev`;
    }
    const shut = shutDirectory(path);
    if (shut !== undefined) {
      return `chmod a+x ${shellWord(shut)}   # lets everybody through, not in`;
    }
    return isRead ? `chmod a+r ${file}` : `chown ${owner} ${file} && chmod u+rw ${file}`;
  }
  if (errno === Errno.EROFS && !isRead) {
    return "give the device read_only: true, or mount the file system with rw";
  }
  return `ls -l ${file}`;
}

/** The first directory on the way to a file that this user may not go through. */
function shutDirectory(path: string): string | undefined {
  let dir = "/";
  for (const name of path.split("/").filter((part) => part !== "")) {
    const next = `${dir === "/" ? "" : dir}/${name}`;
    try {
      Deno.statSync(next);
    } catch (error) {
      return error instanceof Deno.errors.PermissionDenied ? dir : undefined;
    }
    dir = next;
  }
  return undefined;
}

function judge(device: Device, filename: string, backing: Backing): Finding {
  const { kind, size, used, left } = backing;
  const { name, handler, blocksize } = device;
  const subject = `device ${name}: ${filename}`;
  if (kind !== "file" && kind !== "block") {
    return failure(`${subject} is neither a file nor a block device`, `ls -l ${filename}`);
  }
  if (handler === "vdisk_blockio" && kind !== "block") {
    return failure(`${subject} is no block device`, "take the handler vdisk_fileio for a file");
  }
  if (size < blocksize) {
    const what = `${subject} has ${size} bytes, not even a block`;
    return failure(what, `truncate -s 20G ${filename}`);
  }
  if (size % blocksize !== 0) {
    const what = `the last ${size % blocksize} bytes are no whole block and are not exported`;
    return warning(`${subject}: ${what}`, `truncate -s %${blocksize} ${filename}`);
  }
  const missing = kind === "file" ? size - used - left : 0;
  if (missing <= 0) return ok(`${subject} has ${size} bytes`);
  return warning(
    `${subject} is sparse, and its file system has ${missing} bytes too few to fill it`,
    `df -h ${filename}   # writes that find no room end with 07/27/07`,
  );
}

export function lookAtStateDir({ stateDir, owner, isAboutOther }: Patient): Finding[] {
  if (isAboutOther) return [note(`state directory ${stateDir} is not for this user to look into`)];
  const path = shellWord(stateDir);
  const dir = openFile(stateDir, false);
  if (dir === -Errno.ENOENT) {
    if (mayWriteTo(firstDirectory(stateDir)) === undefined) {
      return [note(`state directory ${stateDir} is not there yet: the server makes it`)];
    }
    const what = `state directory ${stateDir} is not there, and this user cannot make it`;
    return [failure(what, `install -d -o ${owner} -m 750 ${path}`)];
  }
  if (dir < 0) {
    const what = `state directory ${stateDir} cannot be opened (${describeErrno(-dir)})`;
    const shut = shutDirectory(`${stateDir}/any`);
    const isOnTheWay = shut !== undefined && shut !== stateDir;
    return [failure(what, isOnTheWay ? `chmod a+x ${shellWord(shut)}` : giveTo(owner, path))];
  }
  const left = spaceLeft(dir);
  closeFile(dir);
  const why = mayWriteTo(stateDir);
  if (why !== undefined) {
    const what = `nothing can be saved in the state directory ${stateDir} (${why})`;
    return [failure(what, left === 0 ? `df -h ${path}` : giveTo(owner, path))];
  }
  if (left < STATE_LEAST) {
    const what = `state directory ${stateDir} has ${Math.floor(left / 2 ** 20)} MiB left`;
    return [warning(`${what}: WRITE ATOMIC and reservations need room`, `df -h ${stateDir}`)];
  }
  return [ok(`state directory ${stateDir} can be written`)];
}

function giveTo(owner: string, path: string): string {
  return `chown -R ${owner} ${path} && chmod u+rwx ${path}`;
}

/** Why no file can be made in a directory; undefined if one can. */
function mayWriteTo(dir: string): string | undefined {
  const probe = `${dir}/.doctor-${crypto.randomUUID()}`;
  try {
    Deno.writeTextFileSync(probe, "", { createNew: true });
    Deno.removeSync(probe);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The deepest directory on the way to a path that is there. */
function firstDirectory(path: string): string {
  for (let dir = dirname(path);; dir = dirname(dir)) {
    const fd = openFile(dir, false);
    if (fd >= 0) closeFile(fd);
    if (fd !== -Errno.ENOENT || dir === "/") return dir;
  }
}
