/** The CPU time of processes: on a busy machine it tells more than the clock does. */

/** Ticks of proc(5) in a second (USER_HZ): 100 on every Linux. */
const TICKS = 100;

/** Seconds that a process has computed, itself and for it the kernel, in all of its threads. */
export async function cpuSeconds(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`] }).output();
  // proc(5): the name of the program may have blanks and parentheses; fields 14 and 15 count.
  const [, fields = ""] = /^.*\) (.*)$/s.exec(new TextDecoder().decode(stdout)) ?? [];
  const values = fields.split(" ");
  const ticks = Number(values[11]) + Number(values[12]);
  if (!Number.isFinite(ticks)) throw new Error(`Cannot tell the CPU time of process ${pid}`);
  return ticks / TICKS;
}

/** A program that has run to its end, and what that took in seconds. */
export interface TimedRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** By the clock. */
  readonly wall: number;
  /** Of the program and its children, user and system. */
  readonly cpu: number;
}

/** Runs a program to its end; bash tells what it took. */
export async function timedRun(
  command: readonly string[],
  env: Record<string, string>,
): Promise<TimedRun> {
  // `times` says what the shell and its children have used, as in 0m1.234s.
  const script = '"$@" 3>&-; code=$?; times >&3; exit $code';
  const dir = await Deno.makeTempDir({ prefix: "scst_times_" });
  try {
    const begun = performance.now();
    const child = new Deno.Command("bash", {
      args: ["-c", `exec 3>"$0"; ${script}`, `${dir}/times`, ...command],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { code, stdout, stderr } = await child.output();
    const wall = (performance.now() - begun) / 1000;
    const [, children = ""] = (await Deno.readTextFile(`${dir}/times`)).split("\n");
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
      wall,
      cpu: secondsIn(children),
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The sum of the times in a line. */
function secondsIn(line: string): number {
  const times = line.matchAll(/(\d+)m([\d.]+)s/g);
  return [...times].reduce((sum, [, minutes, seconds]) => {
    return sum + Number(minutes) * 60 + Number(seconds);
  }, 0);
}
