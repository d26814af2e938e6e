/** The one place where an error of a store becomes sense data, and gets the name that it is counted under. */
import { Errno } from "../../ffi/errno.ts";
import { Sense } from "../scsi/sense.ts";

/** What errors of stores are counted as. */
export const ERROR_KINDS = [
  "io",
  "no_space",
  "quota",
  "read_only",
  "gone",
  "timeout",
  "no_memory",
  "short",
  "other",
] as const;
export type ErrorKind = typeof ERROR_KINDS[number];

/** What an error is to the operator, and to the initiator whose command it ends. */
interface StoreError {
  readonly kind: ErrorKind;
  /** Sense of a read, and of a write, flush, discard or zeroing. */
  readonly read: number;
  readonly write: number;
}

const FAILURE = Sense.HARDWARE_INTERNAL_TARGET_FAILURE;

const OTHER: StoreError = { kind: "other", read: FAILURE, write: FAILURE };

const IO = { read: Sense.UNRECOVERED_READ_ERROR, write: Sense.WRITE_ERROR } as const;
/** No LBA has done it, but there is no room: initiators with thin disks stop and wait for some. */
const NO_ROOM = { read: FAILURE, write: Sense.SPACE_ALLOCATION_FAILED } as const;
const PROTECTED = { read: FAILURE, write: Sense.WRITE_PROTECTED } as const;
/** What was behind the descriptor is not there any more. */
const GONE = {
  kind: "gone",
  read: Sense.LOGICAL_UNIT_COMMUNICATION_FAILURE,
  write: Sense.LOGICAL_UNIT_COMMUNICATION_FAILURE,
} as const;
/** Something that passes: initiators try again after ABORTED COMMAND. */
const PASSING = {
  read: Sense.INTERNAL_TARGET_FAILURE,
  write: Sense.INTERNAL_TARGET_FAILURE,
} as const;

const TABLE: ReadonlyMap<number, StoreError> = new Map<number, StoreError>([
  [Errno.EIO, { kind: "io", ...IO }],
  // What Linux makes of errors of a medium and of a target, and of data that is not what was written: past
  // the page cache they come as they are.
  [Errno.ENODATA, { kind: "io", ...IO }],
  [Errno.EREMOTEIO, { kind: "io", ...IO }],
  [Errno.EILSEQ, { kind: "io", ...IO }],
  [Errno.EBADMSG, { kind: "io", ...IO }],
  [Errno.EUCLEAN, { kind: "io", ...IO }],
  [Errno.ENOSPC, { kind: "no_space", ...NO_ROOM }],
  [Errno.EFBIG, { kind: "no_space", ...NO_ROOM }],
  [Errno.EDQUOT, { kind: "quota", ...NO_ROOM }],
  [Errno.EROFS, { kind: "read_only", ...PROTECTED }],
  [Errno.EPERM, { kind: "read_only", ...PROTECTED }],
  [Errno.EBADF, GONE],
  [Errno.ESTALE, GONE],
  [Errno.ENODEV, GONE],
  [Errno.ENXIO, GONE],
  [Errno.ENOLINK, GONE],
  [Errno.ENOTCONN, GONE],
  [Errno.ECONNABORTED, GONE],
  [Errno.ETIMEDOUT, {
    kind: "timeout",
    read: Sense.TIMEOUT_ON_LOGICAL_UNIT,
    write: Sense.TIMEOUT_ON_LOGICAL_UNIT,
  }],
  [Errno.ENOMEM, { kind: "no_memory", ...PASSING }],
  [Errno.ESHORT, { kind: "short", ...IO }],
  [Errno.ENOMEDIUM, { ...OTHER, read: Sense.MEDIUM_NOT_PRESENT }],
]);

/** What an error is counted as. */
export function kindOfError(errno: number): ErrorKind {
  return (TABLE.get(errno) ?? OTHER).kind;
}

/** Sense of a read that failed with `errno`. */
export function senseOfRead(errno: number): number {
  return (TABLE.get(errno) ?? OTHER).read;
}

/** Sense of a write, flush, discard or zeroing that failed with `errno`. */
export function senseOfWrite(errno: number): number {
  return (TABLE.get(errno) ?? OTHER).write;
}
