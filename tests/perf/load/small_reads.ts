/** The load that others are told by what differs from it: small random reads by one session. */
import { TARGET_NAME } from "../../harness/server.ts";
import type { LoadShape } from "./shape.ts";

/** Bytes of the disk that it uses. */
export const SMALL_DISK = 64 * 2 ** 20;

export const SMALL_READS: Omit<LoadShape, "port"> = {
  target: TARGET_NAME,
  luns: [0],
  sessions: 1,
  depth: 32,
  length: 512,
  reads: 1,
  sequential: false,
  span: SMALL_DISK,
  blocksize: 512,
  digests: false,
};
