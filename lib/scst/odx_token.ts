/** A ROD token (SPC-4 5.17.6): what initiators pass on in place of data. */
import { randomBytes } from "node:crypto";
import type { TargetPort } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { CopyDescriptor, ROD_TOKEN, ROD_TOKEN_LENGTH, RodType } from "../vdisk/third_party_copy.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { deviceIdentification } from "../vdisk/device_identification.ts";
import { type BlockRange, blocksOf, overlap } from "./odx_ranges.ts";

/** Offsets in a token (SPC-4 table 105). */
const ROD_TYPE = 0;
const TOKEN_LENGTH = 6;
const IDENTIFIER = 8;
const CREATOR = 16;
const BYTES_REPRESENTED = 56; // the low half of 16 bytes
const BLOCK_LENGTH = 96;
const SECRET = 128;

/** Random bytes of a token: nobody guesses them. */
const SECRET_LENGTH = 64;

const HIGH = 2 ** 32;

/** The name under which a token is kept: its identifier and its secret. */
export function keyOfToken(bytes: Uint8Array): string {
  const key = [
    ...bytes.subarray(IDENTIFIER, IDENTIFIER + 8),
    ...bytes.subarray(SECRET, SECRET + SECRET_LENGTH),
  ];
  return String.fromCharCode(...key);
}

/** Whether the token is the well-known one for zeros (SBC-3 4.28.4). */
export function isZeroToken(token: DataView): boolean {
  return token.getUint32(ROD_TYPE) === RodType.BLOCK_ZERO &&
    token.getUint16(TOKEN_LENGTH) === ROD_TOKEN_LENGTH;
}

export class RodToken {
  readonly bytes: Uint8Array;
  readonly ranges: readonly BlockRange[];
  /** Milliseconds that it lives without being used. */
  readonly timeout: number;
  /** When it ends, if it is not used before. */
  expires: number;
  /** Why it is not valid any more, or NO_SENSE. */
  death: number = Sense.NO_SENSE;

  /** `now` is the time in milliseconds. */
  constructor(
    disk: VirtualDisk,
    port: TargetPort,
    ranges: readonly BlockRange[],
    timeout: number,
    now: number,
  ) {
    this.bytes = encodeToken(disk, port, ranges);
    this.ranges = ranges;
    this.timeout = timeout;
    this.expires = now + timeout;
  }

  /** It is used: it lives on. */
  use(now: number): void {
    this.expires = now + this.timeout;
  }

  /** Whether it stands for a block of the range. */
  touches(range: BlockRange): boolean {
    return this.ranges.some((own) => overlap(own, range));
  }
}

function encodeToken(
  disk: VirtualDisk,
  port: TargetPort,
  ranges: readonly BlockRange[],
): Uint8Array {
  const bytes = new Uint8Array(ROD_TOKEN);
  const view = new DataView(bytes.buffer);
  const length = blocksOf(ranges) * disk.blockSize;
  view.setUint32(ROD_TYPE, RodType.CHANGE_VULNERABLE);
  view.setUint16(TOKEN_LENGTH, ROD_TOKEN_LENGTH);
  bytes.set(randomBytes(8), IDENTIFIER);
  // The first designator of VPD page 83h as an identification descriptor CSCD descriptor.
  const page = deviceIdentification(disk, port);
  bytes[CREATOR] = CopyDescriptor.IDENTIFICATION;
  bytes.set(page.subarray(4, 8 + page[7]!), CREATOR + 4);
  view.setUint32(CREATOR + 28, disk.blockSize);
  view.setUint32(BYTES_REPRESENTED, Math.floor(length / HIGH));
  view.setUint32(BYTES_REPRESENTED + 4, length >>> 0);
  view.setUint32(BLOCK_LENGTH, disk.blockSize);
  bytes.set(randomBytes(SECRET_LENGTH), SECRET);
  return bytes;
}
