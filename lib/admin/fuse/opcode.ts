/** The requests of FUSE (enum fuse_opcode of include/uapi/linux/fuse.h). */

export const Opcode = {
  LOOKUP: 1,
  FORGET: 2, // has no answer
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36, // has no answer
  DESTROY: 38,
  IOCTL: 39, // 7.11
  BATCH_FORGET: 42, // 7.16, has no answer
  READDIRPLUS: 44, // 7.21
  RENAME2: 45, // 7.23
  TMPFILE: 51, // 7.37
} as const;

const names = new Map<number, string>(
  Object.entries(Opcode).map(([name, opcode]) => [opcode, name]),
);

/** The name of a request, for messages. */
export function opcodeName(opcode: number): string {
  return names.get(opcode) ?? `opcode ${opcode}`;
}
