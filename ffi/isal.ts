/**
 * Intel's Intelligent Storage Acceleration Library, if it is installed (Debian: libisal2). It has
 * CRC32C by the instructions of the processor, on x86-64 and on ARM.
 */
import { SYSTEM } from "./platform.ts";

const LIBRARY = { linux: "libisal.so.2", freebsd: "libisal.so.2" } as const;

/** The CRC register after `length` bytes; not inverted, neither before nor behind. */
type Crc32c = (bytes: Uint8Array<ArrayBuffer>, length: number, register: number) => number;

const CHECK_BYTES = new TextEncoder().encode("123456789");
const CHECK_VALUE = 0xe3069283;

/**
 * Opens the library; undefined if it is not there, or computes something else. The bytes go as a
 * buffer: Deno makes such a call in a tenth of the time that a call with an address takes.
 */
export function openIsal(): Crc32c | undefined {
  try {
    const { symbols } = Deno.dlopen(LIBRARY[SYSTEM], {
      crc32_iscsi: { parameters: ["buffer", "i32", "i32"], result: "i32" },
    });
    const check = ~symbols.crc32_iscsi(CHECK_BYTES, CHECK_BYTES.length, -1) >>> 0;
    return check === CHECK_VALUE ? symbols.crc32_iscsi : undefined;
  } catch {
    return undefined;
  }
}
