/**
 * The system's own program for mounting FUSE without privileges. On Linux it opens the device and
 * passes the descriptor back (fusermount3, which is setuid root); on FreeBSD it is given the descriptor
 * (mount_fusefs, where vfs.usermount is 1). What is said of FreeBSD was read, not run.
 */
import { ReadableWait } from "./await_readable.ts";
import { startChild } from "./child.ts";
import { receiveDescriptor, socketPair } from "./descriptor_passing.ts";
import { describeErrno, Errno } from "./errno.ts";
import { closeFile } from "./file.ts";
import { openFuseDevice } from "./fuse_device.ts";
import { SYSTEM } from "./platform.ts";

export interface Helper {
  readonly program: string;
  /** Where the program comes from. */
  readonly origin: string;
  /** -o and what follows it. */
  readonly options: readonly string[];
  readonly unmount: readonly [program: string, ...args: string[]];
}

const HELPERS: Readonly<Record<typeof SYSTEM, Helper>> = {
  linux: {
    program: "fusermount3",
    origin: "it is in the package fuse3",
    options: ["subtype=scst_tgt", "fsname=scst", "nosuid", "nodev", "noexec"],
    unmount: ["fusermount3", "-u", "-z", "--"],
  },
  freebsd: {
    program: "mount_fusefs",
    origin: "it is in the base system",
    options: ["subtype=scst_tgt", "fsname=scst", "nosuid", "noexec"],
    unmount: ["umount", "-f"],
  },
};

/** That of this system. */
export const HELPER: Helper = HELPERS[SYSTEM];
const ANSWER_LIMIT_MS = 10_000;

/** Receives a descriptor that has to come soon. A descriptor, or a sentence about why there is none. */
export async function awaitDescriptor(socket: number, sender: string): Promise<number | string> {
  const wait = new ReadableWait([socket]);
  const until = performance.now() + ANSWER_LIMIT_MS;
  for (;;) {
    const fd = receiveDescriptor(socket);
    if (fd >= 0) return fd;
    if (fd === -Errno.EPIPE) return `${sender} gave no descriptor`;
    if (fd !== -Errno.EAGAIN && fd !== -Errno.EINTR) return `${sender}: ${describeErrno(-fd)}`;
    const left = until - performance.now();
    if (left <= 0) return `${sender} gave no descriptor within ${ANSWER_LIMIT_MS / 1000} s`;
    await wait.wait(Math.ceil(left));
  }
}

/**
 * Mounts at `path` with the help of the system's program.
 *
 * @returns the descriptor of the device, or a sentence about why there is none
 */
export async function mountByHelper(
  path: string,
  options: readonly string[],
): Promise<number | string> {
  const list = [...HELPER.options, ...options].join(",");
  return SYSTEM === "linux" ? await mountAndReceive(path, list) : await mountAndGive(path, list);
}

function cannotStart(result: number): string {
  return result === -Errno.ENOENT
    ? `there is no ${HELPER.program}: ${HELPER.origin}`
    : `${HELPER.program} does not start: ${describeErrno(-result)}`;
}

async function mountAndReceive(path: string, options: string): Promise<number | string> {
  const pair = socketPair();
  if (typeof pair === "number") return `there is no socket: ${describeErrno(-pair)}`;
  const [ours, theirs] = pair;
  const child = startChild(HELPER.program, ["-o", options, "--", path], {
    descriptor: theirs,
    env: { _FUSE_COMMFD: "3" },
  });
  closeFile(theirs);
  if (typeof child === "number") {
    closeFile(ours);
    return cannotStart(child);
  }
  const fd = await awaitDescriptor(ours, HELPER.program);
  closeFile(ours);
  const { code, stderr } = await child.ended();
  if (typeof fd === "number" && code === 0) return fd;
  if (typeof fd === "number") closeFile(fd);
  return stderr === "" ? `${HELPER.program} ended with code ${code}` : stderr;
}

async function mountAndGive(path: string, options: string): Promise<number | string> {
  const fd = openFuseDevice();
  if (fd < 0) return `the device cannot be opened: ${describeErrno(-fd)}`;
  const child = startChild(HELPER.program, ["-o", options, "3", path], { descriptor: fd });
  if (typeof child === "number") {
    closeFile(fd);
    return cannotStart(child);
  }
  const { code, stderr } = await child.ended();
  if (code === 0) return fd;
  closeFile(fd);
  return stderr === "" ? `${HELPER.program} ended with code ${code}` : stderr;
}

/** Unmounts what was mounted by the helper: undefined, or a sentence about why it stays. */
export async function unmountByHelper(path: string): Promise<string | undefined> {
  const [program, ...args] = HELPER.unmount;
  const child = startChild(program, [...args, path]);
  if (typeof child === "number") return `${program} does not start: ${describeErrno(-child)}`;
  const { code, stderr } = await child.ended();
  if (code === 0) return undefined;
  return stderr === "" ? `${program} ended with code ${code}` : stderr;
}
