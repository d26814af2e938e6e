/** The memory of the server under test. */

/** Resident bytes of a process. */
export async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(new TextDecoder().decode(stdout));
  if (match === null) throw new Error(`Cannot read the resident memory of process ${pid}`);
  return Number(match[1]) * 1024;
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
