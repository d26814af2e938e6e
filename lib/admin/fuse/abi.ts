/**
 * The wire format of FUSE (include/uapi/linux/fuse.h of Linux), as far as the management tree speaks
 * it. All numbers are little-endian here; sizes and offsets in bytes. `7.N` is the version that brought
 * a field or flag; the rest is older than 7.9, and this code speaks no older one.
 */

/** The version that is answered at most: 7.31 has all that is used. */
export const VERSION = { MAJOR: 7, OLDEST_MINOR: 9, MINOR: 31 } as const;

/** struct fuse_in_header */
export const InHeader = {
  SIZE: 40,
  len: 0, // u32, with the header
  opcode: 4, // u32
  unique: 8, // u64, of the request
  nodeid: 16, // u64
  uid: 24, // u32, of the caller, as are
  gid: 28, // u32
  pid: 32, // u32
} as const;

/** struct fuse_out_header */
export const OutHeader = {
  SIZE: 16,
  len: 0, // u32, with the header
  error: 4, // i32, 0 or -errno
  unique: 8, // u64, of the request
} as const;

/** struct fuse_init_in */
export const InitIn = { SIZE: 16, major: 0, minor: 4, max_readahead: 8, flags: 12 } as const;

/** struct fuse_init_out */
export const InitOut = {
  SIZE: 64,
  SIZE_BEFORE_7_23: 24,
  major: 0, // u32
  minor: 4, // u32
  max_readahead: 8, // u32
  flags: 12, // u32
  max_background: 16, // u16, 7.13; 0: as the kernel likes
  congestion_threshold: 18, // u16, 7.13
  max_write: 20, // u32
  time_gran: 24, // u32, 7.23, in nanoseconds
  max_pages: 28, // u16, 7.28
} as const;

/** Flags of INIT. */
export const InitFlag = {
  ATOMIC_O_TRUNC: 1 << 3, // OPEN truncates, so that no SETATTR comes for it
  BIG_WRITES: 1 << 5, // a write of more than a page is one request
  DO_READDIRPLUS: 1 << 13, // 7.21
  READDIRPLUS_AUTO: 1 << 14, // 7.21, only where it looks useful
  PARALLEL_DIROPS: 1 << 18, // 7.25
  MAX_PAGES: 1 << 22, // 7.28, max_pages counts
} as const;

/** struct fuse_attr; its three times are followed by their nanoseconds. */
export const Attr = {
  SIZE: 88,
  ino: 0, // u64
  size: 8, // u64
  blocks: 16, // u64
  atime: 24, // u64, seconds since 1970
  mtime: 32, // u64
  ctime: 40, // u64
  mode: 60, // u32, with the type
  nlink: 64, // u32
  uid: 68, // u32
  gid: 72, // u32
  rdev: 76, // u32
  blksize: 80, // u32
} as const;

/** struct fuse_entry_out, of LOOKUP and in READDIRPLUS */
export const EntryOut = {
  SIZE: 128,
  nodeid: 0, // u64
  generation: 8, // u64, tells users of one nodeid apart
  entry_valid: 16, // u64, seconds that the name may be believed
  attr_valid: 24, // u64, seconds that the attributes may be
  attr: 40,
} as const;

/** struct fuse_attr_out, of GETATTR and SETATTR */
export const AttrOut = { SIZE: 104, attr_valid: 0, attr: 16 } as const;

/** struct fuse_setattr_in */
export const SetattrIn = { SIZE: 88, valid: 0 } as const;

/** What a SETATTR wants to set. */
export const SetattrValid = { MODE: 1 << 0, UID: 1 << 1, GID: 1 << 2 } as const;

/** struct fuse_open_in, of OPEN and OPENDIR */
export const OpenIn = { SIZE: 8, flags: 0 } as const;

/** struct fuse_open_out */
export const OpenOut = { SIZE: 16, fh: 0, open_flags: 8 } as const;

/** Flags in the answer to OPEN. */
export const OpenFlag = {
  DIRECT_IO: 1 << 0, // no page cache: each read and write comes here
  NOFLUSH: 1 << 5, // 7.35, no FLUSH at close; older kernels do not look at it
} as const;

/** struct fuse_read_in, of READ, READDIR and READDIRPLUS */
export const ReadIn = { SIZE: 40, fh: 0, offset: 8, size: 16 } as const;

/** struct fuse_write_in; the data follows */
export const WriteIn = { SIZE: 40, fh: 0, offset: 8, size: 16 } as const;

/** struct fuse_write_out */
export const WriteOut = { SIZE: 8, size: 0 } as const;

/** struct fuse_release_in, of RELEASE and RELEASEDIR */
export const ReleaseIn = { SIZE: 24, fh: 0 } as const;

/** struct fuse_forget_in */
export const ForgetIn = { SIZE: 8, nlookup: 0 } as const;

/** struct fuse_batch_forget_in; `count` times fuse_forget_one follows */
export const BatchForgetIn = { SIZE: 8, count: 0 } as const;

/** struct fuse_forget_one */
export const ForgetOne = { SIZE: 16, nodeid: 0, nlookup: 8 } as const;

/** struct fuse_interrupt_in */
export const InterruptIn = { SIZE: 8, unique: 0 } as const;

/** struct fuse_access_in; the mask is that of access(2) */
export const AccessIn = { SIZE: 8, mask: 0 } as const;

/** struct fuse_statfs_out */
export const StatfsOut = { SIZE: 80, bsize: 40, namelen: 44, frsize: 48 } as const;

/** struct fuse_dirent; the name follows, filled up with zeros to a multiple of 8 */
export const Dirent = { SIZE: 24, ino: 0, off: 8, namelen: 16, type: 20 } as const;

/** struct fuse_direntplus: a fuse_entry_out, and a fuse_dirent behind it */
export const DirentPlus = { dirent: EntryOut.SIZE } as const;

/** The node that every path begins at. */
export const ROOT_ID = 1;

/** An inode number that says nothing, for READDIR; 0 would hide the entry. */
export const UNKNOWN_INO = 0xffffffff;

/** Types in a mode; a fuse_dirent has them shifted by 12 bits. */
export const FileType = { directory: 0o040000, file: 0o100000, link: 0o120000 } as const;
