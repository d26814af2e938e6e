/**
 * Intel's Intelligent Storage Acceleration Library, if it is installed (Debian: libisal2). It has
 * CRC32C by the instructions of the processor, on x86-64 and on ARM.
 */
import { setWord, words } from "./libc.ts";
import { Memory } from "./memory.ts";
import { SYSTEM } from "./platform.ts";

const LIBRARY = { linux: "libisal.so.2", freebsd: "libisal.so.2" } as const;

/** The CRC register after `length` bytes at an address; not inverted, neither before nor behind. */
type Crc32c = (address: number, length: number, register: number) => number;

const CHECK_BYTES = new TextEncoder().encode("123456789");
const CHECK_VALUE = 0xe3069283;

/** Opens the library; undefined if it is not there, or computes something else. */
export function openIsal(): Crc32c | undefined {
  try {
    const { symbols } = Deno.dlopen(LIBRARY[SYSTEM], {
      crc32_iscsi: { parameters: ["usize", "i32", "i32"], result: "i32" },
    });
    const crc32c = (address: number, length: number, register: number) => {
      setWord(0, address);
      return symbols.crc32_iscsi(words[0]!, length, register);
    };
    const memory = new Memory(CHECK_BYTES.length);
    memory.bytes.set(CHECK_BYTES);
    const check = ~crc32c(memory.address, memory.length, -1) >>> 0;
    return check === CHECK_VALUE ? crc32c : undefined;
  } catch {
    return undefined;
  }
}
