/** How long a process has had the processors. */

/** Ticks of /proc in a second (USER_HZ), the same on every Linux. */
const TICKS = 100;

/** Seconds that a process has had the processors, by itself and in the kernel: utime and stime of proc(5). */
export async function processorTime(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
