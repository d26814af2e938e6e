/** Unix sockets through which a descriptor comes from another process (SCM_RIGHTS, unix(7)). */
import { Errno } from "./errno.ts";
import { closeFile } from "./file.ts";
import { IoVector } from "./iovec.ts";
import { check } from "./libc.ts";
import { mainLibc } from "./libc_main.ts";
import { Memory } from "./memory.ts";
import { SYSTEM } from "./platform.ts";
import { AF_UNIX, unixAddress } from "./unix_address.ts";

const SOCK_STREAM = 1;
const SOCK_CLOEXEC = { linux: 0o2000000, freebsd: 0x10000000 }[SYSTEM];
const SOL_SOCKET = { linux: 1, freebsd: 0xffff }[SYSTEM];
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = { linux: 0x40, freebsd: 0x80 }[SYSTEM];
const MSG_CMSG_CLOEXEC = { linux: 0x40000000, freebsd: 0x40000 }[SYSTEM];

/** struct msghdr (sys/socket.h), 64 bits; the lengths are size_t on Linux, 32 bits on FreeBSD. */
const MESSAGE = { size: 56, iov: 16, iovlen: 24, control: 32, controllen: 40 } as const;

/** struct cmsghdr with one descriptor, for both: CMSG_DATA is at 16, CMSG_LEN(4) is 20. */
const CONTROL = {
  linux: { size: 24, length: 0, level: 8, type: 12, data: 16, whole: 20 },
  freebsd: { size: 24, length: 0, level: 4, type: 8, data: 16, whole: 20 },
}[SYSTEM];

/** Two connected sockets, closed on exec; or -errno. */
export function socketPair(): [number, number] | number {
  const fds = new Int32Array(2);
  const made = check(
    mainLibc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, new Uint8Array(fds.buffer)),
  );
  return made < 0 ? made : [fds[0]!, fds[1]!];
}

/** Connects to the socket at `path`: a descriptor, -ENAMETOOLONG, or -errno. */
export function connectUnix(path: string): number {
  const address = unixAddress(path);
  if (typeof address === "number") return address;
  const fd = check(mainLibc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  const connected = check(mainLibc.connect(fd, address, address.length));
  if (connected === 0) return fd;
  closeFile(fd);
  return connected;
}

/**
 * Receives one descriptor, closed on exec, without waiting: -EAGAIN when there is nothing yet, -EPIPE
 * when the other end was closed, -EIO when something else came, or -errno.
 */
export function receiveDescriptor(socket: number): number {
  const byte = new Memory(8);
  const iov = new IoVector(1);
  iov.push(byte.address, 1);
  const control = new Memory(CONTROL.size);
  const message = new Memory(MESSAGE.size);
  message.view.setBigUint64(MESSAGE.iov, BigInt(iov.address), true);
  message.view.setUint32(MESSAGE.iovlen, 1, true);
  message.view.setBigUint64(MESSAGE.control, BigInt(control.address), true);
  message.view.setUint32(MESSAGE.controllen, control.length, true);
  const received = check(
    mainLibc.recvmsg(socket, message.address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC),
  );
  if (received < 0) return received;
  if (received === 0) return -Errno.EPIPE;
  const isOne = message.view.getUint32(MESSAGE.controllen, true) >= CONTROL.whole &&
    control.view.getUint32(CONTROL.length, true) === CONTROL.whole &&
    control.view.getInt32(CONTROL.level, true) === SOL_SOCKET &&
    control.view.getInt32(CONTROL.type, true) === SCM_RIGHTS;
  return isOne ? control.view.getInt32(CONTROL.data, true) : -Errno.EIO;
}
