/** The features of a drive (MMC-6): what GET CONFIGURATION tells of it. */
import { Profile, profileOf } from "./disc.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** One feature. */
interface Feature {
  readonly code: number;
  readonly version: number;
  /** The profiles under which it is current; under each of them, and without a medium, when left out. */
  readonly profiles?: readonly Profile[];
  /** Feature dependent data, a multiple of four bytes. */
  readonly data?: (disk: VirtualDisk) => readonly number[];
}

const { CD_ROM, DVD_ROM } = Profile;

/** Ascending by code. */
const FEATURES: readonly Feature[] = [
  { code: 0x0000, version: 0, data: profileList },
  // Core: interface SCSI; INQ2, DBE.
  { code: 0x0001, version: 2, data: () => [0, 0, 0, 1, 0x03, 0, 0, 0] },
  { code: 0x0002, version: 1, data: () => [0x02, 0, 0, 0] }, // Morphing: OCEVENT
  // Removable Medium: a tray that loads, ejects and can be locked.
  { code: 0x0003, version: 1, data: () => [1 << 5 | 0x19, 0, 0, 0] },
  { code: 0x0010, version: 0, profiles: [CD_ROM, DVD_ROM], data: randomReadable },
  { code: 0x001e, version: 2, profiles: [CD_ROM], data: () => [0, 0, 0, 0] }, // CD Read
  { code: 0x001f, version: 1, profiles: [DVD_ROM], data: () => [0, 0, 0, 0] }, // DVD Read
  { code: 0x0100, version: 0 }, // Power Management
  { code: 0x0105, version: 1, data: () => [0, 0, 0, 0] }, // Time-out
  { code: 0x0108, version: 0, data: serialNumber }, // Drive Serial Number
];

/** Which features to return (RT, MMC-6). */
export const RequestType = { ALL: 0, CURRENT: 1, ONE: 2 } as const;

/** The descriptors of the features from `first` on, as RT says. */
export function encodeFeatures(disk: VirtualDisk, type: number, first: number): number[] {
  return FEATURES
    .filter((feature) => type === RequestType.ONE ? feature.code === first : feature.code >= first)
    .filter((feature) => type !== RequestType.CURRENT || isCurrent(feature, disk))
    .flatMap((feature) => encode(feature, disk));
}

function isCurrent({ profiles }: Feature, disk: VirtualDisk): boolean {
  return profiles === undefined || profiles.includes(profileOf(disk));
}

function encode(feature: Feature, disk: VirtualDisk): number[] {
  const { code, version, profiles, data } = feature;
  const persistent = profiles === undefined ? 0x02 : 0;
  const current = isCurrent(feature, disk) ? 0x01 : 0;
  const content = data?.(disk) ?? [];
  return [code >> 8, code, version << 2 | persistent | current, content.length, ...content];
}

/** Feature 0000h (MMC-6): the highest first. */
function profileList(disk: VirtualDisk): number[] {
  const current = profileOf(disk);
  return [DVD_ROM, CD_ROM].flatMap((profile) => [0, profile, profile === current ? 1 : 0, 0]);
}

/** Feature 0010h (MMC-6): block size, blocks that are read at once, PP. */
function randomReadable(disk: VirtualDisk): number[] {
  const size = disk.blockSize;
  const blocking = profileOf(disk) === DVD_ROM ? 16 : 1;
  return [size >>> 24, size >>> 16, size >>> 8, size, blocking >> 8, blocking, 0x01, 0];
}

/** Feature 0108h (MMC-6): ASCII, padded with blanks. */
function serialNumber(disk: VirtualDisk): number[] {
  const { usn } = disk.settings.ids;
  const padded = usn.padEnd(Math.ceil(usn.length / 4) * 4, " ");
  return [...new TextEncoder().encode(padded)];
}
