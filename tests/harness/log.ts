/** What the server under test has logged. */
import { BUG } from "../../lib/bug.ts";
import type { TestServer } from "./server.ts";

/** How long a log line may take from the server's write to this process. */
const LOG_LIMIT_MS = 5_000;

/** Waits for warnings or errors that contain all the given texts and returns them; fails if none comes. */
export async function warningsWith(
  server: TestServer,
  ...texts: readonly string[]
): Promise<string[]> {
  return await linesWith(server, /^(warning|error) /, ...texts);
}

/** The same for lines that begin in another way. */
export async function linesWith(
  server: TestServer,
  beginning: RegExp,
  ...texts: readonly string[]
): Promise<string[]> {
  const deadline = performance.now() + LOG_LIMIT_MS;
  while (true) {
    const lines = server.stderr().split("\n").filter((line) =>
      beginning.test(line) && texts.every((text) => line.includes(text))
    );
    if (lines.length > 0) return lines;
    if (performance.now() > deadline) {
      const log = server.stderr().slice(-2000);
      throw new Error(`No line ${beginning} in the log has ${texts.join(" and ")}: ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Fails if the log tells of a bug: an exception where only results are expected. */
export function assertNoBug(server: TestServer): void {
  const bug = server.stderr().split("\n").find((line) =>
    line.includes(BUG) ||
    /\b(TypeError|RangeError|ReferenceError|SyntaxError|Uncaught|panicked)\b/.test(line)
  );
  if (bug !== undefined) throw new Error(`The server has logged a bug: ${bug}`);
}
