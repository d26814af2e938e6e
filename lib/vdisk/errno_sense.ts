/** The one place where an error of a store becomes sense data. */
import { Errno } from "../../ffi/errno.ts";
import { Sense } from "../scsi/sense.ts";

const WRITE_SENSE = new Map<number, number>([
  [Errno.ENOSPC, Sense.SPACE_ALLOCATION_FAILED],
  [Errno.EDQUOT, Sense.SPACE_ALLOCATION_FAILED],
  [Errno.EFBIG, Sense.SPACE_ALLOCATION_FAILED],
  [Errno.EROFS, Sense.WRITE_PROTECTED],
  [Errno.EPERM, Sense.WRITE_PROTECTED],
  [Errno.EIO, Sense.WRITE_ERROR],
]);

const READ_SENSE = new Map<number, number>([
  [Errno.EIO, Sense.UNRECOVERED_READ_ERROR],
  [Errno.ENOMEDIUM, Sense.MEDIUM_NOT_PRESENT],
]);

/** Sense of a read that failed with `errno`. */
export function senseOfRead(errno: number): number {
  return READ_SENSE.get(errno) ?? Sense.HARDWARE_INTERNAL_TARGET_FAILURE;
}

/** Sense of a write, flush, discard or zeroing that failed with `errno`. */
export function senseOfWrite(errno: number): number {
  return WRITE_SENSE.get(errno) ?? Sense.HARDWARE_INTERNAL_TARGET_FAILURE;
}
