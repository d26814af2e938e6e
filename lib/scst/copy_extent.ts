/** What one segment of a copy moves, and whether it may. */
import { Sense } from "../scsi/sense.ts";
import { Access } from "./access.ts";
import { PortAccess } from "./access_state.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { RodToken } from "./odx_token.ts";

/** Where a copy reads or writes. */
export interface CopySide {
  readonly unit: LogicalUnit;
  /** Bytes from the beginning of the medium: whole blocks. */
  readonly at: number;
  /** Resets of the device before the copy. */
  readonly resets: number;
}

/** The side of a copy that begins at a block of a unit. */
export function copySide(unit: LogicalUnit, lba: number): CopySide {
  return { unit, at: lba * unit.disk.blockSize, resets: unit.device.resets };
}

export interface CopyExtent {
  /** undefined: zeros are written. */
  readonly source: CopySide | undefined;
  readonly destination: CopySide;
  /** Bytes: whole blocks of either side. */
  readonly length: number;
  /** Whether the end is copied first, since the destination begins within the source. */
  readonly backwards: boolean;
  /** The ROD token that the source was named by; the copy ends when it does. */
  readonly token?: RodToken;
}

/** An extent that copies what was in the source before, however source and destination overlap. */
export function copyExtent(source: CopySide, destination: CopySide, length: number): CopyExtent {
  const same = source.unit.disk === destination.unit.disk;
  const backwards = same && destination.at > source.at && destination.at < source.at + length;
  return { source, destination, length, backwards };
}

/** An extent of zeros. */
export function zeroExtent(destination: CopySide, length: number): CopyExtent {
  return { source: undefined, destination, length, backwards: false };
}

/** Why the units refuse to go on, as the sense of the copy; NO_SENSE when they do not. */
export function hindranceOf({ source, destination, length, token }: CopyExtent): number {
  if (token !== undefined && token.death !== Sense.NO_SENSE) return token.death;
  const { disk, protection } = destination.unit;
  const refused = source !== undefined && isBarred(source, length, Access.READ) ||
    isBarred(destination, length, Access.WRITE) || disk.failure !== 0 ||
    source?.unit.disk.hasLost === true ||
    protection !== Sense.NO_SENSE;
  return refused ? Sense.THIRD_PARTY_DEVICE_FAILURE : Sense.NO_SENSE;
}

/** Whether the initiator could not read or write there itself, or the unit was reset or taken away since. */
function isBarred({ unit, at, resets }: CopySide, length: number, access: Access): boolean {
  const { disk, device, barrier, portAccess, isDetached } = unit;
  return isDetached || at + length > disk.medium.size || access >= barrier ||
    portAccess !== PortAccess.FULL || device.resets !== resets ||
    !disk.hasMedium || disk.upkeep.sense !== Sense.NO_SENSE;
}
