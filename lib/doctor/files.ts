/** Whether the server can use its files. */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { kindOfFile, sizeOfFile, spaceLeft, spaceUsed } from "../../ffi/file_facts.ts";
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

export function lookAtDevices({ wants }: Patient): Finding[] {
  if (wants === undefined) return [note("the devices are not known without a configuration")];
  const findings: Finding[] = [];
  for (const device of wants.devices) {
    const { filename, active = true } = device;
    if (filename !== undefined && active) findings.push(lookAtDevice(device, filename));
  }
  return findings.length === 0 ? [ok("no device has a file that is to be opened")] : findings;
}

function lookAtDevice(device: Device, filename: string): Finding {
  const { name, readOnly } = device;
  const fd = openFile(filename, !readOnly);
  if (fd < 0) return whyNot(name, filename, fd, readOnly);
  const backing = {
    kind: kindOfFile(fd),
    size: sizeOfFile(fd),
    used: spaceUsed(fd),
    left: spaceLeft(fd),
  };
  closeFile(fd);
  return judge(device, filename, backing);
}

function whyNot(name: string, filename: string, result: number, readOnly: boolean): Finding {
  const what = `device ${name}: ${filename} cannot be opened (${describeErrno(-result)})`;
  if (result === -Errno.ENOENT) {
    return failure(what, `truncate -s 20G ${filename}   # for a new disk`);
  }
  if (result === -Errno.EACCES || result === -Errno.EPERM) {
    const isDevice = filename.startsWith("/dev/");
    const mend = isDevice ? "usermod -a -G disk scst" : `chown scst: ${filename}`;
    return failure(what, mend);
  }
  if (result === -Errno.EROFS && !readOnly) {
    return failure(what, "give the device read_only: true, or mount the file system with rw");
  }
  return failure(what, `ls -l ${filename}`);
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

export function lookAtStateDir({ stateDir }: Patient): Finding[] {
  const dir = openFile(stateDir, false);
  if (dir === -Errno.ENOENT) {
    return [note(`state directory ${stateDir} is not there yet: the server makes it`)];
  }
  if (dir < 0) {
    const what = `state directory ${stateDir} cannot be opened (${describeErrno(-dir)})`;
    return [failure(what, `chown scst: ${stateDir}`)];
  }
  const left = spaceLeft(dir);
  closeFile(dir);
  const probe = `${stateDir}/.doctor-${crypto.randomUUID()}`;
  try {
    Deno.writeTextFileSync(probe, "", { createNew: true });
    Deno.removeSync(probe);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const what = `nothing can be saved in the state directory ${stateDir} (${why})`;
    return [failure(what, `chown scst: ${stateDir}; df -h ${stateDir}`)];
  }
  if (left < STATE_LEAST) {
    const what = `state directory ${stateDir} has ${Math.floor(left / 2 ** 20)} MiB left`;
    return [warning(`${what}: WRITE ATOMIC and reservations need room`, `df -h ${stateDir}`)];
  }
  return [ok(`state directory ${stateDir} can be written`)];
}
