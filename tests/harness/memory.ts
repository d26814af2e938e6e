/** The memory of the server under test. */

/** A file of /proc; `cat` reads it, as Deno shuts /proc to all but the widest permission. */
async function procFile(pid: number, name: string): Promise<string> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/${name}`] }).output();
  return new TextDecoder().decode(stdout);
}

/** The bytes of a line `Field:  N kB` (proc(5)). */
function bytesOf(text: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text);
  if (match === null) throw new Error(`Cannot find ${field} among what /proc says of the process`);
  return Number(match[1]) * 1024;
}

/**
 * Resident bytes of a process that are its own. Those of its program file come and go with what it
 * executes, and are the page cache's.
 */
export async function residentBytes(pid: number): Promise<number> {
  return bytesOf(await procFile(pid, "status"), "RssAnon");
}

/** Resident bytes of a process: all of them, and its share of those that it has with others. */
export interface Footprint {
  readonly rss: number;
  readonly pss: number;
}

/** What a process has in memory now. */
export async function footprint(pid: number): Promise<Footprint> {
  const text = await procFile(pid, "smaps_rollup");
  return { rss: bytesOf(text, "Rss"), pss: bytesOf(text, "Pss") };
}

/** The most resident bytes seen while `ms` milliseconds pass. */
export async function peakResidentBytes(pid: number, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let peak = 0;
  while (performance.now() < end) {
    peak = Math.max(peak, await residentBytes(pid));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return peak;
}
