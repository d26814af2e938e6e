/** Block to block segment descriptors (SPC-4 6.4.7.3). */
import { NOTHING, Sense } from "../scsi/sense.ts";
import {
  COPY_SEGMENT_MOST,
  COPY_SEGMENTS_MOST,
  CopyDescriptor,
  SEGMENT_DESCRIPTOR,
} from "../vdisk/third_party_copy.ts";
import { type CopyExtent, copyExtent, copySide } from "./copy_extent.ts";
import { CopyFault } from "./copy_fault.ts";
import { type CopyTarget, unitOf } from "./copy_target.ts";
import type { Nexus } from "./nexus.ts";

const HIGH = 2 ** 32;

/** Offsets in the descriptor. */
const FLAGS = 1;
const LENGTH = 2;
const SOURCE_INDEX = 4;
const DESTINATION_INDEX = 6;
const BLOCKS = 10;
const SOURCE_LBA = 12;
const DESTINATION_LBA = 20;

const DC = 0x02;

/**
 * Decodes the segment descriptors from `at` to `end` of `list`, and finds the units that they are
 * about: everything is checked before the first block is copied.
 */
export function decodeSegments(
  list: DataView,
  at: number,
  end: number,
  nexus: Nexus,
  targets: readonly CopyTarget[],
): CopyExtent[] | CopyFault {
  const places: number[] = [];
  for (let place = at; place < end; place += SEGMENT_DESCRIPTOR) {
    const fault = checkShape(list, place, end, places.length);
    if (fault !== undefined) return fault;
    places.push(place);
  }
  const extents: CopyExtent[] = [];
  for (const place of places) {
    const extent = decodeSegment(list, place, nexus, targets);
    if (extent instanceof CopyFault) {
      return new CopyFault(extent.sense, extent.field, extents.length);
    }
    extents.push(extent);
  }
  return extents;
}

function checkShape(list: DataView, at: number, end: number, index: number): CopyFault | undefined {
  if (list.getUint8(at) !== CopyDescriptor.BLOCK_TO_BLOCK) {
    return new CopyFault(Sense.UNSUPPORTED_SEGMENT_DESCRIPTOR_TYPE, at * 8 + 7);
  }
  if (index >= COPY_SEGMENTS_MOST) {
    return new CopyFault(Sense.TOO_MANY_SEGMENT_DESCRIPTORS, NOTHING);
  }
  if (end - at < SEGMENT_DESCRIPTOR) {
    return new CopyFault(Sense.PARAMETER_LIST_LENGTH_ERROR, NOTHING);
  }
  if (list.getUint16(at + LENGTH) !== SEGMENT_DESCRIPTOR - 4) return CopyFault.at(at + LENGTH);
  return undefined;
}

function decodeSegment(
  list: DataView,
  at: number,
  nexus: Nexus,
  targets: readonly CopyTarget[],
): CopyExtent | CopyFault {
  const from = targetAt(list, at + SOURCE_INDEX, targets);
  const to = targetAt(list, at + DESTINATION_INDEX, targets);
  if (from instanceof CopyFault) return from;
  if (to instanceof CopyFault) return to;
  const source = unitOf(nexus, from);
  if (source instanceof CopyFault) return source;
  const destination = unitOf(nexus, to);
  if (destination instanceof CopyFault) return destination;

  const counted = (list.getUint8(at + FLAGS) & DC) !== 0 ? destination : source;
  const length = list.getUint16(at + BLOCKS) * counted.disk.blockSize;
  if (length > COPY_SEGMENT_MOST) return CopyFault.at(at + BLOCKS);
  // What does not fill a block would have to be padded, or kept for the next segment: neither is done.
  if (length % source.disk.blockSize !== 0 || length % destination.disk.blockSize !== 0) {
    return new CopyFault(Sense.UNEXPECTED_INEXACT_SEGMENT, NOTHING);
  }
  const sourceLba = uint64(list, at + SOURCE_LBA);
  const destinationLba = uint64(list, at + DESTINATION_LBA);
  if (sourceLba + length / source.disk.blockSize > source.disk.capacity) {
    return new CopyFault(Sense.COPY_ABORTED, (at + SOURCE_LBA) * 8 + 7);
  }
  if (destinationLba + length / destination.disk.blockSize > destination.disk.capacity) {
    return new CopyFault(Sense.COPY_ABORTED, (at + DESTINATION_LBA) * 8 + 7);
  }
  return copyExtent(copySide(source, sourceLba), copySide(destination, destinationLba), length);
}

/** The descriptor that an index in a segment refers to. */
function targetAt(
  list: DataView,
  at: number,
  targets: readonly CopyTarget[],
): CopyTarget | CopyFault {
  return targets[list.getUint16(at)] ??
    new CopyFault(Sense.UNREACHABLE_COPY_TARGET, at * 8 + 7);
}

/** A number beyond 2**53 loses its last bits here, and is beyond the end of any medium all the same. */
function uint64(list: DataView, at: number): number {
  return list.getUint32(at) * HIGH + list.getUint32(at + 4);
}
