/** Error numbers by name. Linux and FreeBSD share the old ones and differ in the newer ones. */
import { SYSTEM } from "./platform.ts";

const NUMBERS = {
  //             linux, freebsd
  EPERM: [1, 1],
  ENOENT: [2, 2],
  EINTR: [4, 4],
  EIO: [5, 5],
  ENXIO: [6, 6],
  E2BIG: [7, 7],
  EBADF: [9, 9],
  EAGAIN: [11, 35],
  ENOMEM: [12, 12],
  EACCES: [13, 13],
  EBUSY: [16, 16],
  EEXIST: [17, 17],
  ENODEV: [19, 19],
  ENOTDIR: [20, 20],
  EISDIR: [21, 21],
  EINVAL: [22, 22],
  ENFILE: [23, 23],
  EMFILE: [24, 24],
  ENOTTY: [25, 25],
  EFBIG: [27, 27],
  ENOSPC: [28, 28],
  EROFS: [30, 30],
  EPIPE: [32, 32],
  ERANGE: [34, 34],
  ENAMETOOLONG: [36, 63],
  ENOSYS: [38, 78],
  ELOOP: [40, 62],
  EBADSLT: [57, 22], // FreeBSD has none: EINVAL
  ENODATA: [61, 5], // FreeBSD has none: EIO
  ENOLINK: [67, 91],
  EBADMSG: [74, 89],
  EILSEQ: [84, 86],
  EOPNOTSUPP: [95, 45],
  ENOBUFS: [105, 55],
  ECONNABORTED: [103, 53],
  ECONNRESET: [104, 54],
  ENOTCONN: [107, 57],
  ETIMEDOUT: [110, 60],
  ECONNREFUSED: [111, 61],
  ESTALE: [116, 70],
  EUCLEAN: [117, 97], // FreeBSD calls it EINTEGRITY
  EREMOTEIO: [121, 5], // FreeBSD has none: EIO
  EDQUOT: [122, 69],
  ENOMEDIUM: [123, 123], // FreeBSD has none, and nothing of this number
  EMEDIUMTYPE: [124, 22], // FreeBSD has none: EINVAL
  ESHORT: [4095, 4095], // neither has it: a transfer ended before its end
} as const;

export type ErrnoName = keyof typeof NUMBERS;

const column = SYSTEM === "linux" ? 0 : 1;

/** The error numbers of this system. */
export const Errno = Object.fromEntries(
  Object.entries(NUMBERS).map(([name, numbers]) => [name, numbers[column]]),
) as Record<ErrnoName, number>;

const SENTENCES: Partial<Record<ErrnoName, string>> = {
  EPERM: "operation not permitted",
  ENOENT: "no such file or directory",
  EIO: "input/output error",
  ENXIO: "no such device",
  EACCES: "permission denied",
  EBUSY: "device or resource busy",
  EEXIST: "file exists",
  ENODEV: "no such device",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "is a directory",
  EMFILE: "too many open files",
  ENFILE: "too many open files in the system",
  EFBIG: "file too large",
  ENOSPC: "no space left on device",
  EROFS: "read-only file system",
  ENODATA: "no data available",
  ENOLINK: "link has been severed",
  EUCLEAN: "the file system is damaged",
  EREMOTEIO: "remote input/output error",
  ENOTCONN: "not connected",
  ENAMETOOLONG: "file name too long",
  ELOOP: "too many levels of symbolic links",
  EBADF: "bad file descriptor",
  ESTALE: "stale file handle",
  ENOMEM: "out of memory",
  ETIMEDOUT: "timed out",
  EDQUOT: "disk quota exceeded",
  ENOMEDIUM: "no medium",
  ESHORT: "the store ended before the transfer did",
  ECONNREFUSED: "nobody listens there",
};

// Where two names have one number, the first one is its own.
const names = new Map(
  Object.entries(Errno).reverse().map(([name, number]) => [number, name as ErrnoName]),
);

/** Names an error number for a message: "no such file or directory (ENOENT)". */
export function describeErrno(number: number): string {
  const name = names.get(number);
  if (name === undefined) return `errno ${number}`;
  const sentence = SENTENCES[name];
  return sentence === undefined ? name : `${sentence} (${name})`;
}
