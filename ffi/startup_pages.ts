/**
 * The pages of the program's own code and constants. A start runs through much of them that is never
 * needed again; on Linux those pages are given back to the page cache, and what is needed comes back
 * from there.
 */
import { linux } from "./libc.ts";
import { readSystemFile } from "./system_file.ts";

const MADV_DONTNEED = 4; // sys/mman.h

/** A stretch of the address space. */
interface Mapping {
  readonly address: number;
  readonly length: number;
}

/**
 * Finds, in what /proc/PID/smaps says (proc(5)), what is the file's and nobody else's: what cannot be
 * written, and of which no page has become the process's own, as one with a relocation or a breakpoint
 * has.
 */
export function pristineMappings(smaps: string): Mapping[] {
  const found: Mapping[] = [];
  let candidate: Mapping | undefined;
  for (const line of smaps.split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line);
    if (head !== null) {
      const [, start = "", end = "", access, path = ""] = head;
      const address = parseInt(start, 16);
      const isOfFile = /^r-[x-]p$/.test(access!) && path.startsWith("/");
      candidate = isOfFile ? { address, length: parseInt(end, 16) - address } : undefined;
    } else if (candidate !== undefined && /^Anonymous: +0 kB$/.test(line)) {
      found.push(candidate);
    } else if (found.at(-1) === candidate && /^Swap: +[1-9]\d* kB$/.test(line)) {
      found.pop(); // its own pages are elsewhere: only those in memory count as anonymous
    }
  }
  return found;
}

/** Gives back the pages that only the start has needed. Where that cannot be done nothing happens. */
export function returnStartupPages(): void {
  if (linux === undefined) return;
  const smaps = readSystemFile("/proc/self/smaps");
  if (typeof smaps === "number") return;
  for (const { address, length } of pristineMappings(smaps)) {
    linux.madvise(address, length, MADV_DONTNEED);
  }
}
