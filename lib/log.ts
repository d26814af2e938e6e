/**
 * The log of the program: the one place that writes to the console's error stream. Records go to
 * standard error, one line each, or, where that is the journal of systemd, to the journal itself.
 */
import { configureSync, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";
import { isStderrJournal, priorityOf, writeToJournal } from "./service/journal.ts";

export type Level = "debug" | "info" | "warning" | "error";

/** Characters that could begin another line, or change what a terminal shows. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;

/** Formats one line: `LEVEL message`; nothing in the message can forge a second one. */
export function formatLine(level: string, message: string): string {
  return `${level} ${plainLine(message)}`;
}

function messageOf(record: LogRecord): string {
  return record.message.map((part) => typeof part === "string" ? part : String(part)).join("");
}

/** A line without what could begin another one, or change what a terminal shows. */
export function plainLine(message: string): string {
  return message.replaceAll(/[\r\n]+/g, " ").replaceAll(CONTROLS, "?");
}

/**
 * Sets the log up, on the main isolate, before the first record; once more where `listener` is to hear
 * of each line as well, as it is written but without its level.
 */
export function configureLog(
  lowest: Level = "info",
  listener: (level: Level, line: string) => void = () => {},
): void {
  const encoder = new TextEncoder();
  const write = (line: string) => Deno.stderr.writeSync(encoder.encode(`${line}\n`));
  const toStderr = (level: string, message: string) => write(formatLine(level, message));
  const toJournal = (level: string, message: string) => {
    const line = plainLine(message);
    // The stream behind standard error waits where the socket does not, and takes every line.
    if (!writeToJournal(level, line)) write(`<${priorityOf(level)}>${line}`);
  };
  const sink = isStderrJournal(Deno.env.get("JOURNAL_STREAM")) ? toJournal : toStderr;
  configureSync({
    reset: true,
    sinks: {
      stderr: (record) => sink(record.level, messageOf(record)),
      listener: (record) => listener(record.level as Level, plainLine(messageOf(record))),
    },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "warning" as LogLevel, sinks: ["stderr"] },
      { category: ["scst"], lowestLevel: lowest as LogLevel, sinks: ["stderr", "listener"] },
    ],
  });
}

/** Writes one record. `message` is the finished line; it is not a template. */
export function log(level: Level, message: string): void {
  const logger = getLogger(["scst"]);
  // The message goes in as a property: a "{" that came from a peer must not be taken for a placeholder.
  logger[level === "warning" ? "warn" : level]("{line}", { line: message });
}
