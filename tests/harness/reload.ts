/** Changing the configuration of a server that runs. */
import type { TestServer } from "./server.ts";

const LIMIT_MS = 15_000;
const STEP_MS = 5;

/**
 * Writes another configuration and sends SIGHUP. Resolves when the log says, in a line that came after
 * it, what `pattern` matches; with that line.
 */
export async function reload(server: TestServer, yaml: string, pattern: RegExp): Promise<string> {
  const from = server.stderr().length;
  await Deno.writeTextFile(`${server.dir}/scst.yaml`, yaml);
  Deno.kill(server.pid, "SIGHUP");
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const lines = server.stderr().slice(from).split("\n").slice(0, -1);
    const found = lines.find((line) => pattern.test(line));
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`No line ${pattern} in: ${lines.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}
