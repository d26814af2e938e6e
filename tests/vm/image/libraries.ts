/** The shared libraries of programs that are not installed. */
import { runTool } from "../../harness/tools.ts";

/** Where Debian's packages put libraries; the dynamic loader looks there by itself. */
const LIBRARY_DIRS = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];

/**
 * The paths, on this machine, of the libraries and the loader that the programs of a directory need
 * and that are not in it.
 *
 * @param root the absolute path of a directory with the unpacked packages
 * @throws Error that names a library which is nowhere
 */
export async function foreignLibraries(
  root: string,
  programs: readonly string[],
): Promise<string[]> {
  const path = LIBRARY_DIRS.map((dir) => `${root}/${dir}`).join(":");
  // ldd exits with 1 when one of its files is a script or is linked statically.
  const { stdout } = await runTool("env", [`LD_LIBRARY_PATH=${path}`, "ldd", ...programs]);
  const missing = /^\s*(\S+) => not found$/m.exec(stdout);
  if (missing !== null) throw new Error(`The guest needs ${missing[1]}, which is not installed`);
  const used = [...stdout.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, file]) => file!);
  return [...new Set(used)].filter((file) => !file.startsWith(`${root}/`)).sort();
}
