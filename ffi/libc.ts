/**
 * The C library. Addresses travel as plain numbers (user space has 47 bits of them), so that a call
 * with an address in the middle of a buffer makes no object. Results are i32: a transfer is always
 * shorter than 2 GiB, and an i64 result would be a BigInt on the heap.
 *
 * Deno takes a number for a parameter of 64 bits, but such a call takes ten times as long as one with a
 * bigint, and V8 compiles its caller again and again. Calls of the data path hand over words[0] and so
 * on, after setWord().
 *
 * A Deno worker stays on one thread, so the address of its errno is asked for once.
 */
import { SYSTEM } from "./platform.ts";

/**
 * Deno's types ask for a bigint where a parameter has 64 bits; Deno itself takes a number as well
 * (exact up to 2**53).
 */
type WithNumbers<Calls> = {
  [Name in keyof Calls]: Calls[Name] extends (...args: infer Args) => infer Result ? (
      ...args: { [Index in keyof Args]: Args[Index] extends bigint ? number | bigint : Args[Index] }
    ) => Result
    : never;
};

/** Words that a call hands over for parameters of 64 bits, as setWord() has put them there. */
export const words = new BigInt64Array(4);
const halves = new Uint32Array(words.buffer); // both systems are little-endian

/**
 * Puts a number from 0 to 2**53 - 1 into a word. Compiled code loads a word that stands in a call into
 * a register; a bigint that came from a function would be on the heap as often as not.
 */
export function setWord(index: number, value: number): void {
  halves[2 * index] = value; // its lowest 32 bits
  halves[2 * index + 1] = value / 2 ** 32;
}

/** Puts a word together from its halves: a number in between would be on the heap. */
export function setHalves(index: number, low: number, high: number): void {
  halves[2 * index] = low;
  halves[2 * index + 1] = high;
}

/** The calls of a library as this code types them. */
export function withNumbers<Calls>(calls: Calls): WithNumbers<Calls> {
  return calls as WithNumbers<Calls>;
}

/** The name under which each system finds it. */
export const LIBRARY = { linux: "libc.so.6", freebsd: "libc.so.7" } as const;

const portable = Deno.dlopen(LIBRARY[SYSTEM], {
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  fsync: { parameters: ["i32"], result: "i32" },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  unlink: { parameters: ["buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "usize", "usize"], result: "i32" },
  write: { parameters: ["i32", "usize", "usize"], result: "i32" },
  readv: { parameters: ["i32", "usize", "i32"], result: "i32" },
  pread: { parameters: ["i32", "usize", "usize", "i64"], result: "i32" },
  pwrite: { parameters: ["i32", "usize", "usize", "i64"], result: "i32" },
  preadv: { parameters: ["i32", "usize", "i32", "i64"], result: "i32" },
  pwritev: { parameters: ["i32", "usize", "i32", "i64"], result: "i32" },
  posix_fadvise: { parameters: ["i32", "i64", "i64", "i32"], result: "i32" },
  fdatasync: { parameters: ["i32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "usize"], result: "i32" },
  ioctl: { parameters: ["i32", "usize", "usize"], result: "i32" },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  poll: { parameters: ["usize", "usize", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "usize", "usize", "i32"], result: "i32" },
  recv: { parameters: ["i32", "usize", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "usize", "usize", "i32"], result: "i32" },
  sendmsg: { parameters: ["i32", "usize", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getrusage: { parameters: ["i32", "buffer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  memcpy: { parameters: ["usize", "usize", "usize"], result: "void" },
});

/** Calls that every system has under one name and with one meaning. */
export const libc = withNumbers(portable.symbols);

function openLinux() {
  const library = Deno.dlopen(LIBRARY.linux, {
    __errno_location: { parameters: [], result: "pointer" },
    preadv2: { parameters: ["i32", "usize", "i32", "i64", "i32"], result: "i32" },
    pwritev2: { parameters: ["i32", "usize", "i32", "i64", "i32"], result: "i32" },
    fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
    sync_file_range: { parameters: ["i32", "i64", "i64", "u32"], result: "i32" },
    statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
    epoll_create1: { parameters: ["i32"], result: "i32" },
    epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
    madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
    epoll_wait: { parameters: ["i32", "usize", "i32", "i32"], result: "i32" },
  });
  return withNumbers(library.symbols);
}

function openFreeBSD() {
  return Deno.dlopen(LIBRARY.freebsd, {
    __error: { parameters: [], result: "pointer" },
    fstat: { parameters: ["i32", "buffer"], result: "i32" },
    stat: { parameters: ["buffer", "buffer"], result: "i32" },
  }).symbols;
}

/** Linux's own calls; undefined elsewhere. */
export const linux = SYSTEM === "linux" ? openLinux() : undefined;

/** FreeBSD's own calls; undefined elsewhere. */
export const freebsd = SYSTEM === "freebsd" ? openFreeBSD() : undefined;

function errnoCell(): Int32Array {
  const pointer = linux?.__errno_location() ?? freebsd?.__error();
  if (!pointer) throw new Error("Cannot find errno in the C library");
  return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, 4));
}

const errnoOfThread = errnoCell();

/** The errno of this thread; ask directly after the call that failed. */
export function errno(): number {
  return errnoOfThread[0]!;
}

/** A result of a C call as this code passes it on: what it returned, or -errno. */
export function check(result: number): number {
  return result < 0 ? -errnoOfThread[0]! : result;
}
