/** What tells one device from all others, and what it calls itself (SPC-5 6.7.2, 7.7). */

/** PRODUCT REVISION LEVEL where nothing was set: four characters. */
export const PRODUCT_REVISION = "3110";

/** OPTIMAL TRANSFER LENGTH in bytes where nothing was set, as SCST's opt_trans_len. */
export const OPTIMAL_TRANSFER = 512 * 2 ** 10;

/** The identities of a device. They stay the same for its life, whatever its name, order or path. */
export interface DeviceIds {
  /** NAA designator for VPD 83h: 16 or 32 lower-case hex digits (SPC-4 7.8.6.6); none where left out. */
  readonly naaId?: string;
  /**
   * EUI-64 based designator for VPD 83h: 16, 24 or 32 lower-case hex digits. Where there is no NAA
   * designator either it is the first eight characters of `t10DevId`, as in SCST.
   */
  readonly eui64Id?: string;
  /** Unit serial number for VPD 80h, at most 20 printable ASCII characters. */
  readonly usn: string;
  /** What the vendor calls the device in the T10 vendor identification; where left out, `usn`. */
  readonly t10DevId?: string;
  /** Which of them were given, and not made; those have to be saved. */
  readonly given?: readonly ("usn" | "t10DevId")[];
}

/** How a device presents itself beside its ids; what is left out is as SCST has it. ASCII. */
export interface DeviceTexts {
  /** T10 VENDOR IDENTIFICATION, at most 8 characters. */
  readonly t10VendId?: string;
  /** What the vendor calls the device, at most 128 characters, in place of `t10DevId`. */
  readonly vendSpecificId?: string;
  /** PRODUCT IDENTIFICATION, at most 16 characters; else the name. */
  readonly prodId?: string;
  /** PRODUCT REVISION LEVEL, at most 4 characters. */
  readonly prodRevLvl?: string;
  /** SCSI name of the device, at most 256 characters. */
  readonly scsiDeviceName?: string;
  /** Vendor specific bytes of the INQUIRY data, at most 160. */
  readonly inqVendSpecific?: string;
}
