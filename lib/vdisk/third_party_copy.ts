/** The limits of third-party copies (SPC-4 5.17), as VPD page 8Fh and the copy manager state them. */

/** Target descriptors (CSCD descriptors) of one EXTENDED COPY, as SCST's copy manager. */
export const COPY_TARGETS_MOST = 5;

/** Segment descriptors of one EXTENDED COPY. */
export const COPY_SEGMENTS_MOST = 64;

/** Bytes of a target descriptor, and of a block to block segment descriptor. */
export const TARGET_DESCRIPTOR = 32;
export const SEGMENT_DESCRIPTOR = 28;

/** Bytes of the descriptors of one EXTENDED COPY (MAXIMUM DESCRIPTOR LIST LENGTH). */
export const COPY_LIST_MOST = COPY_TARGETS_MOST * TARGET_DESCRIPTOR +
  COPY_SEGMENTS_MOST * SEGMENT_DESCRIPTOR;

/** Bytes that one segment may copy: what 65535 blocks of 4096 bytes need. */
export const COPY_SEGMENT_MOST = 256 * 2 ** 20;

/** Copies that one initiator may have under way in one logical unit. */
export const COPIES_MOST = 16;

/** Copies are made of blocks of at least so many bytes, as a power of two (DATA SEGMENT GRANULARITY). */
export const COPY_GRANULARITY = 9;

/** Descriptor type codes that an EXTENDED COPY may use (SPC-4 tables 123 and 134). */
export const CopyDescriptor = { BLOCK_TO_BLOCK: 0x02, IDENTIFICATION: 0xe4 } as const;

/** Block device range descriptors of one POPULATE TOKEN or WRITE USING TOKEN, and bytes of one. */
export const ROD_RANGES_MOST = 64;
export const RANGE_DESCRIPTOR = 16;

/** Bytes that one ROD token may represent (MAXIMUM TOKEN TRANSFER SIZE). */
export const ROD_MOST = 2 ** 30;

/** Bytes that are copied quickly with one WRITE USING TOKEN (OPTIMAL TRANSFER COUNT). */
export const ROD_OPTIMAL = 64 * 2 ** 20;

/** Seconds that a ROD token lives without being used: where nothing is said, and at most. */
export const ROD_TIMEOUT = 300;
export const ROD_TIMEOUT_MOST = 3600;

/** Bytes of a ROD token, and of what its ROD TOKEN LENGTH counts. */
export const ROD_TOKEN = 512;
export const ROD_TOKEN_LENGTH = 0x01f8;

/** ROD types (SPC-4 table 107). */
export const RodType = {
  /** Holds until a block that it represents is changed. */
  CHANGE_VULNERABLE: 0x00800001,
  /** Zeros, of any length. */
  BLOCK_ZERO: 0xffff0001,
} as const;
