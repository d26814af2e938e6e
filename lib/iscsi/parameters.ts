/** What a session has negotiated (RFC 7143 13). */

/** Operational parameters of a session. Lengths in bytes. */
export interface Parameters {
  initialR2T: boolean;
  immediateData: boolean;
  maxBurstLength: number;
  firstBurstLength: number;
  maxOutstandingR2T: number;
  defaultTime2Wait: number;
  defaultTime2Retain: number;
  /** What the initiator takes in one data segment. */
  maxRecvDataSegmentLength: number;
  /** Whether headers and data have a CRC32C. */
  headerDigest: boolean;
  dataDigest: boolean;
}

/** Values that hold until they are negotiated (RFC 7143 13, "Default is"). */
export function defaultParameters(): Parameters {
  return {
    initialR2T: true,
    immediateData: true,
    maxBurstLength: 262144,
    firstBurstLength: 65536,
    maxOutstandingR2T: 1,
    defaultTime2Wait: 2,
    defaultTime2Retain: 20,
    maxRecvDataSegmentLength: 8192,
    headerDigest: false,
    dataDigest: false,
  };
}

/** What either side takes in one data segment during the login (RFC 7143 13.12: the default). */
export const LOGIN_MAX_RECV = 8192;

/** The target portal group tag of every portal (RFC 7143 4.4.1). */
export const PORTAL_GROUP_TAG = 1;
