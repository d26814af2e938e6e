/** What kind of disc the medium of a drive passes for. */
import type { VirtualDisk } from "./virtual_disk.ts";

/** Profiles (MMC-6): the collections of features that initiators know by a number. */
export const Profile = { NONE: 0x0000, CD_ROM: 0x0008, DVD_ROM: 0x0010 } as const;
export type Profile = typeof Profile[keyof typeof Profile];

/** Blocks of the largest CD: 80 minutes of 60 seconds of 75 blocks. What has more is a DVD. */
const CD_MOST = 80 * 60 * 75;

/** The current profile. */
export function profileOf(disk: VirtualDisk): Profile {
  if (!disk.hasMedium) return Profile.NONE;
  return disk.capacity > CD_MOST ? Profile.DVD_ROM : Profile.CD_ROM;
}

/** A disc has one session with one track, of data from the first block to the last. */
export const TRACK = 1;
export const SESSION = 1;
