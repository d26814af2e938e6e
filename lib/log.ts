/**
 * The log of the program: the one place that writes to the console's error stream. Records go to
 * standard error, one line each, so that journald and a terminal both read them.
 */
import { configureSync, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";

export type Level = "debug" | "info" | "warning" | "error";

/** Formats a record as one line: `LEVEL message`; line breaks in the message cannot forge a second record. */
function formatLine(record: LogRecord): string {
  const text = record.message.map((part) => typeof part === "string" ? part : String(part)).join(
    "",
  );
  return `${record.level} ${text.replaceAll(/[\r\n]+/g, " ")}`;
}

/** Sets the log up; call once, on the main isolate, before the first record. */
export function configureLog(lowest: Level = "info"): void {
  const encoder = new TextEncoder();
  configureSync({
    reset: true,
    sinks: {
      stderr: (record) => {
        Deno.stderr.writeSync(encoder.encode(formatLine(record) + "\n"));
      },
    },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "warning" as LogLevel, sinks: ["stderr"] },
      { category: ["scst"], lowestLevel: lowest as LogLevel, sinks: ["stderr"] },
    ],
  });
}

/** Writes one record. `message` is the finished line; it is not a template. */
export function log(level: Level, message: string): void {
  const logger = getLogger(["scst"]);
  // The message goes in as a property: a "{" that came from a peer must not be taken for a placeholder.
  logger[level === "warning" ? "warn" : level]("{line}", { line: message });
}
