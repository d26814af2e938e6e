/**
 * The log of the program: the one place that writes to the console's error stream. Records go to
 * standard error, one line each, so that journald and a terminal both read them.
 */
import { configureSync, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";

export type Level = "debug" | "info" | "warning" | "error";

/** Characters that could begin another line, or change what a terminal shows. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;

/** Formats one line: `LEVEL message`; nothing in the message can forge a second one. */
export function formatLine(level: string, message: string): string {
  return `${level} ${message.replaceAll(/[\r\n]+/g, " ").replaceAll(CONTROLS, "?")}`;
}

function messageOf(record: LogRecord): string {
  return record.message.map((part) => typeof part === "string" ? part : String(part)).join("");
}

/** Sets the log up; call once, on the main isolate, before the first record. */
export function configureLog(lowest: Level = "info"): void {
  const encoder = new TextEncoder();
  configureSync({
    reset: true,
    sinks: {
      stderr: (record) => {
        Deno.stderr.writeSync(encoder.encode(formatLine(record.level, messageOf(record)) + "\n"));
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
