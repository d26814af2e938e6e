/** The descriptors of VPD page 8Fh (SPC-4 7.8.17, SBC-3 6.5.7). */
import {
  COPIES_MOST,
  COPY_GRANULARITY,
  COPY_LIST_MOST,
  COPY_SEGMENT_MOST,
  COPY_SEGMENTS_MOST,
  COPY_TARGETS_MOST,
  CopyDescriptor,
  ROD_MOST,
  ROD_OPTIMAL,
  ROD_RANGES_MOST,
  ROD_TIMEOUT,
  ROD_TIMEOUT_MOST,
  RodType,
} from "./third_party_copy.ts";

/** Operation codes, each with its service actions, in ascending order. */
const COPY_COMMANDS: readonly (readonly [code: number, actions: readonly number[]])[] = [
  [0x83, [0x00, 0x10, 0x11]],
  [0x84, [0x00, 0x03, 0x04, 0x07]],
];

/** One third-party copy descriptor, padded to a multiple of four bytes (SPC-4 7.8.17.2). */
function descriptor(type: number, body: readonly number[]): number[] {
  const padded = [...body, ...new Array<number>(-body.length & 3).fill(0)];
  return [...uint16(type), ...uint16(padded.length), ...padded];
}

function uint16(value: number): number[] {
  return [value >> 8 & 0xff, value & 0xff];
}

function uint32(value: number): number[] {
  return [...uint16(value >>> 16), ...uint16(value & 0xffff)];
}

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

function uint64(value: number): number[] {
  return [...uint32(Math.floor(value / 2 ** 32)), ...uint32(value >>> 0)];
}

const Type = {
  ROD_LIMITS: 0x0000,
  COMMANDS: 0x0001,
  PARAMETERS: 0x0004,
  DESCRIPTORS: 0x0008,
  ROD_FEATURES: 0x0106,
  ROD_TYPES: 0x0108,
  GENERAL: 0x8001,
} as const;

/** The descriptors for a disk with blocks of `blockSize` bytes, in ascending order of their types. */
export function copyDescriptors(blockSize: number): Uint8Array {
  const commands = COPY_COMMANDS.flatMap(([code, actions]) => [code, actions.length, ...actions]);
  const types = Object.values(CopyDescriptor);
  return Uint8Array.from([
    ...descriptor(Type.ROD_LIMITS, [
      ...zeros(6),
      ...uint16(ROD_RANGES_MOST),
      ...uint32(ROD_TIMEOUT_MOST),
      ...uint32(ROD_TIMEOUT),
      ...uint64(ROD_MOST / blockSize),
      ...uint64(ROD_OPTIMAL / blockSize),
    ]),
    ...descriptor(Type.COMMANDS, [commands.length, ...commands]),
    ...descriptor(Type.PARAMETERS, [
      ...zeros(4),
      ...uint16(COPY_TARGETS_MOST),
      ...uint16(COPY_SEGMENTS_MOST),
      ...uint32(COPY_LIST_MOST),
      ...uint32(0), // MAXIMUM INLINE DATA LENGTH
      ...zeros(12),
    ]),
    ...descriptor(Type.DESCRIPTORS, [types.length, ...types]),
    ...descriptor(Type.ROD_FEATURES, rodFeatures()),
    ...descriptor(Type.ROD_TYPES, rodTypes()),
    ...descriptor(Type.GENERAL, [
      ...uint32(COPIES_MOST),
      ...uint32(COPIES_MOST),
      ...uint32(COPY_SEGMENT_MOST),
      COPY_GRANULARITY,
      0, // INLINE DATA GRANULARITY
      ...zeros(18),
    ]),
  ]);
}

/** ROD token features (SPC-4 7.8.17.8): no remote tokens, and a block device descriptor. */
function rodFeatures(): number[] {
  const block = [
    0x00, // FORMAT 000b, direct access block device
    0x00,
    ...uint16(44),
    ...zeros(2),
    ...uint16(0), // OPTIMAL BLOCK ROD LENGTH GRANULARITY: not reported
    ...uint64(ROD_MOST),
    ...uint64(ROD_OPTIMAL),
    ...uint64(ROD_OPTIMAL),
    ...uint64(ROD_OPTIMAL),
    ...zeros(8),
  ];
  return [
    ...zeros(12),
    ...uint32(0), // MINIMUM TOKEN LIFETIME: a change of the blocks ends it at once
    ...uint32(0xffffffff),
    ...uint32(ROD_TIMEOUT_MOST),
    ...zeros(18),
    ...uint16(block.length),
    ...block,
  ];
}

/** Supported ROD token and ROD types (SPC-4 7.8.17.9). */
function rodTypes(): number[] {
  const TOKEN_IN = 0x02;
  const TOKEN_OUT = 0x01;
  const types = [
    [RodType.CHANGE_VULNERABLE, TOKEN_IN | TOKEN_OUT],
    [RodType.BLOCK_ZERO, TOKEN_IN],
  ] as const;
  const descriptors = types.flatMap(([type, flags]) => [...uint32(type), flags, ...zeros(59)]);
  return [...zeros(2), ...uint16(descriptors.length), ...descriptors];
}
