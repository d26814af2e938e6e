/**
 * The identities that SCST computes for a device from its name and the `setup_id` of the machine: the
 * same disk of a kernel's SCST stays the same disk for its initiators here.
 */
import { crc32cByTables } from "../../ffi/crc32c_tables.ts";
import type { DeviceIds } from "../scst/model.ts";

/** Characters of a `t10_dev_id`. */
const T10_DEV_ID_MOST = 25;

/** The identities of a device without any of its own. `setupId` is unsigned and has 32 bits. */
export function scstIds(name: string, setupId: number): DeviceIds {
  // The kernel's function neither begins nor ends with the complement that iSCSI's CRC32C has.
  // As a copy, whose buffer is one of its own for the types of every Deno since 2.4.2.
  const bytes = new Uint8Array(new TextEncoder().encode(`${name}\0`));
  const crc = crc32cByTables(new DataView(bytes.buffer), 0, bytes.length, 0) >>> 0;
  const number = (BigInt(setupId) << 32n | BigInt(crc)).toString(16);
  return { usn: number, t10DevId: `${number}-${name}`.slice(0, T10_DEV_ID_MOST) };
}
