/** What the benchmarks have in common on the command line. */

/** The number of an option. Throws an Error that names it. */
export function integer(name: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) {
    throw new Error(`--${name} wants a number from 1, not "${text}"`);
  }
  return Number(text);
}

export function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

/** Runs a benchmark; what goes wrong is a line, and exit code 1. */
export async function runBench(bench: () => Promise<void>): Promise<void> {
  try {
    await bench();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    print(`error ${error.message}`);
    Deno.exitCode = 1;
  }
}
