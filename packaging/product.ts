/** What is packed: an executable, and what it says of itself. */
import { run } from "./program.ts";

export interface Product {
  /** The path of the executable. */
  readonly binary: string;
  readonly version: string;
  /** As `uname -m` has it. */
  readonly machine: string;
  /** What it needs of the GNU C library, as "2.31". */
  readonly glibc: string;
}

/** Machines by e_machine of an ELF header (elf(5)). */
const MACHINES: Readonly<Record<number, string>> = { 62: "x86_64", 183: "aarch64" };
const ELF_MAGIC = 0x7f454c46;
const E_MACHINE = 18;

/** Looks at an executable. Throws an Error that says what is wrong with it. */
export async function inspect(binary: string, version: string): Promise<Product> {
  const header = new Uint8Array(64);
  {
    using file = await Deno.open(binary);
    await file.read(header);
  }
  const view = new DataView(header.buffer);
  const machine = view.getUint32(0) === ELF_MAGIC
    ? MACHINES[view.getUint16(E_MACHINE, true)]
    : undefined;
  if (machine === undefined) {
    throw new Error(`${binary} is no executable of ${Object.values(MACHINES).join(" or ")}`);
  }
  const versions = [...(await run("ldd", ["-v", binary])).matchAll(/\(GLIBC_2\.(\d+)/g)]
    .map(([, minor]) => Number(minor));
  if (versions.length === 0) throw new Error(`ldd finds no GNU C library in ${binary}`);
  return { binary, version, machine, glibc: `2.${Math.max(...versions)}` };
}
