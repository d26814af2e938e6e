/**
 * Requests that are refused whatever they say, with the errno that the call gets on sysfs: kernfs has
 * no way to make a file (EACCES) and refuses every other change of a directory (EPERM).
 */
import type { ErrnoName } from "../../../ffi/errno.ts";
import { Opcode } from "./opcode.ts";

export const REFUSALS: Readonly<Record<number, ErrnoName>> = {
  [Opcode.CREATE]: "EACCES",
  [Opcode.MKNOD]: "EPERM",
  [Opcode.MKDIR]: "EPERM",
  [Opcode.UNLINK]: "EPERM",
  [Opcode.RMDIR]: "EPERM",
  [Opcode.RENAME]: "EPERM",
  [Opcode.RENAME2]: "EPERM",
  [Opcode.LINK]: "EPERM",
  [Opcode.SYMLINK]: "EPERM",
  [Opcode.TMPFILE]: "EOPNOTSUPP",
  [Opcode.IOCTL]: "ENOTTY",
  // The kernel remembers these and asks no more: FLUSH does nothing, attributes give EOPNOTSUPP.
  [Opcode.FLUSH]: "ENOSYS",
  [Opcode.SETXATTR]: "ENOSYS",
  [Opcode.GETXATTR]: "ENOSYS",
  [Opcode.LISTXATTR]: "ENOSYS",
  [Opcode.REMOVEXATTR]: "ENOSYS",
};
