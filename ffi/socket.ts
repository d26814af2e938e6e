/** Stream sockets. Every call gives what C returns, or -errno. */
import { Errno } from "./errno.ts";
import { IoVector } from "./iovec.ts";
import { check, libc, setWord, words } from "./libc.ts";
import { Memory } from "./memory.ts";
import { SYSTEM } from "./platform.ts";

const SOCK_NONBLOCK = { linux: 0o4000, freebsd: 0x20000000 }[SYSTEM];
const SOCK_CLOEXEC = { linux: 0o2000000, freebsd: 0x10000000 }[SYSTEM];
const MSG_NOSIGNAL = { linux: 0x4000, freebsd: 0x20000 }[SYSTEM];
const SOL_SOCKET = { linux: 1, freebsd: 0xffff }[SYSTEM];
const SO_ACCEPTCONN = { linux: 30, freebsd: 0x2 }[SYSTEM];
const SO_KEEPALIVE = { linux: 9, freebsd: 0x8 }[SYSTEM];
const AF_INET = 2;
const AF_INET6 = { linux: 10, freebsd: 28 }[SYSTEM];
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = { linux: 26, freebsd: 27 }[SYSTEM];
const TCP_NODELAY = 1;
const SHUT_WR = 1;

/** When a silent peer is asked whether it is there, and how often until it counts as dead. */
const KEEPALIVE = [
  { option: { linux: 4, freebsd: 0x100 }[SYSTEM], value: 60 }, // TCP_KEEPIDLE, seconds
  { option: { linux: 5, freebsd: 0x200 }[SYSTEM], value: 15 }, // TCP_KEEPINTVL, seconds
  { option: { linux: 6, freebsd: 0x400 }[SYSTEM], value: 4 }, // TCP_KEEPCNT
];

/** The end of a connection: an address without brackets, and a port. */
export interface SocketAddress {
  readonly hostname: string;
  readonly port: number;
}

/** Accepts one connection, non-blocking and closed on exec; -EAGAIN when there is none. */
export function acceptSocket(listener: number): number {
  return check(libc.accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

/** Receives up to `length` bytes to `address`; 0 at the end of the stream. */
export function receive(fd: number, address: number, length: number): number {
  setWord(0, address);
  setWord(1, length);
  return check(libc.recv(fd, words[0]!, words[1]!, 0));
}

/** Receives into the pieces of `iov`. */
export function receiveVector(fd: number, iov: IoVector): number {
  setWord(0, iov.address);
  return check(libc.readv(fd, words[0]!, iov.count));
}

/** Sends `length` bytes from `address`; a closed peer is -EPIPE, never a signal. */
export function send(fd: number, address: number, length: number): number {
  setWord(0, address);
  setWord(1, length);
  return check(libc.send(fd, words[0]!, words[1]!, MSG_NOSIGNAL));
}

// struct msghdr, both systems, 64 bits: msg_name 0, msg_namelen 8, msg_iov 16, msg_iovlen 24
// (size_t on Linux, int on FreeBSD), msg_control 32, msg_controllen 40, msg_flags 44 or 48.
const message = new Memory(64);

/** Sends the pieces of `iov` in one call. */
export function sendVector(fd: number, iov: IoVector): number {
  const address = iov.address;
  message.view.setUint32(16, address >>> 0, true);
  message.view.setUint32(20, address / 2 ** 32, true);
  message.view.setUint32(24, iov.count, true);
  setWord(0, message.address);
  return check(libc.sendmsg(fd, words[0]!, MSG_NOSIGNAL));
}

/** Tells the peer that nothing more comes; what was sent is still delivered. */
export function shutdownSend(fd: number): void {
  libc.shutdown(fd, SHUT_WR);
}

export function closeSocket(fd: number): void {
  libc.close(fd);
}

/**
 * Sends small segments at once, unless `atOnce` is false, and notices within two minutes that a peer is
 * dead.
 */
export function tuneSocket(fd: number, atOnce = true): void {
  if (atOnce) setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  for (const { option, value } of KEEPALIVE) setOption(fd, IPPROTO_TCP, option, value);
}

function setOption(fd: number, level: number, option: number, value: number): void {
  libc.setsockopt(fd, level, option, new Uint8Array(new Int32Array([value]).buffer), 4);
}

/** Whether a socket that is bound to an IPv6 address takes IPv4 connections too. */
export function takesIPv4(fd: number): boolean {
  const value = new Int32Array(1);
  const bytes = new Uint8Array(value.buffer);
  const length = new Uint8Array(new Uint32Array([4]).buffer);
  const result = check(libc.getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, bytes, length));
  return result === 0 && value[0] === 0; // an IPv4 socket has no such option
}

type NameCall = (
  fd: number,
  address: Uint8Array<ArrayBuffer>,
  length: Uint8Array<ArrayBuffer>,
) => number;

function addressBy(call: NameCall, fd: number): SocketAddress | undefined {
  const view = new DataView(new ArrayBuffer(128));
  const length = new Uint8Array(new Uint32Array([128]).buffer);
  if (call(fd, new Uint8Array(view.buffer), length) !== 0) return undefined;
  const family = SYSTEM === "linux" ? view.getUint16(0, true) : view.getUint8(1);
  const port = view.getUint16(2);
  if (family === AF_INET) {
    return { hostname: Array.from(new Uint8Array(view.buffer, 4, 4)).join("."), port };
  }
  if (family !== AF_INET6) return undefined;
  return { hostname: formatIPv6(view, 8), port };
}

/** Writes an IPv6 address as RFC 5952 says; an IPv4 address inside it as IPv4. */
function formatIPv6(view: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(at + index * 2));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return Array.from(new Uint8Array(view.buffer, at + 12, 4)).join(".");
  }
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (longest === undefined) return text;
  const before = text.slice(0, longest.index).replace(/:$/, "");
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}

/** The local end of a socket; undefined when it is none or not of the internet. */
export function localAddress(fd: number): SocketAddress | undefined {
  return addressBy(libc.getsockname, fd);
}

/** The far end of a connected socket. */
export function remoteAddress(fd: number): SocketAddress | undefined {
  return addressBy(libc.getpeername, fd);
}

const MOST_DESCRIPTORS = 65536;

/**
 * Finds the descriptor of a listening socket of this process by the address it is bound to. Deno
 * does not tell the descriptor of a `Deno.Listener`; the system knows which one it is.
 */
export function findListener(address: SocketAddress): number | undefined {
  const hostname = address.hostname.replace(/^::ffff:(?=\d+\.)/, ""); // as localAddress() writes it
  const value = new Int32Array(1);
  const length = new Uint32Array([4]);
  for (let fd = 3; fd < MOST_DESCRIPTORS; fd++) {
    length[0] = 4;
    const result = check(libc.getsockopt(
      fd,
      SOL_SOCKET,
      SO_ACCEPTCONN,
      new Uint8Array(value.buffer),
      new Uint8Array(length.buffer),
    ));
    if (result === -Errno.EBADF && fd > 4096) return undefined;
    if (result !== 0 || value[0] === 0) continue;
    const bound = localAddress(fd);
    if (bound?.hostname === hostname && bound.port === address.port) return fd;
  }
  return undefined;
}
