/** PERIPHERAL DEVICE TYPE (SPC-5 table 142), and which rows of a table are for which of them. */

export const DeviceType = {
  /** Direct access block device (SBC-4). */
  DISK: 0x00,
  /** CD/DVD device (MMC-6). */
  CD_ROM: 0x05,
} as const;
export type DeviceType = typeof DeviceType[keyof typeof DeviceType];

/** A row of a table that differs by device type. */
export interface TypedRow {
  /** The device types that have it; disks alone when left out. */
  readonly types?: readonly DeviceType[];
}

/** For rows of what SPC defines: every device has it. */
export const EVERY_TYPE: readonly DeviceType[] = Object.values(DeviceType);

/** For rows of what MMC defines. */
export const CD_ROM_ONLY: readonly DeviceType[] = [DeviceType.CD_ROM];

const DISK_ONLY: readonly DeviceType[] = [DeviceType.DISK];

/** Whether devices of `type` have what a row stands for. */
export function isFor(row: TypedRow, type: DeviceType): boolean {
  return (row.types ?? DISK_ONLY).includes(type);
}
