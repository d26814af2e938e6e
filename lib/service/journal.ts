/**
 * The systemd journal as the end of the log: entries with a priority, and with the initiator, the target
 * and the LUN of a line as fields of their own, so that `journalctl INITIATOR=iqn...` finds them
 * (systemd.journal-fields(7), the native protocol of systemd-journald).
 */
import { fstatSync } from "node:fs";
import { sendDatagram } from "../../ffi/datagram.ts";

const SOCKET = "/run/systemd/journal/socket";
const STDERR = 2;

/** The priorities of syslog(3) by the names of levels. */
const PRIORITY: Readonly<Record<string, number>> = { debug: 7, info: 6, warning: 4, error: 3 };

/** What the log writes at the end of its lines, and the journal's names for it. */
const FIELDS: Readonly<Record<string, string>> = {
  initiator: "INITIATOR",
  target: "TARGET",
  lun: "LUN",
  itt: "ITT",
  peer: "PEER",
  portal: "PORTAL",
};

/** The run of `key=value` at the end of a line; a value with blanks in it is quoted as JSON. */
const TAIL = /(?: [a-z]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]\S*))+$/;
const WORD = / ([a-z]+)=("(?:[^"\\]|\\.)*"|\S+)/g;

/** The priority of a level; that of information where it has another name. */
export function priorityOf(level: string): number {
  return PRIORITY[level] ?? 6;
}

/** The fields of the journal that the end of a line says. */
export function fieldsOf(line: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, key = "", value = ""] of (TAIL.exec(line)?.[0] ?? "").matchAll(WORD)) {
    const name = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
    if (name !== undefined) fields[name] = value.startsWith('"') ? value.slice(1, -1) : value;
  }
  return fields;
}

/** An entry as systemd-journald takes it; `line` is one line, and `fields` are those that it says. */
export function journalEntry(
  level: string,
  line: string,
  fields: Readonly<Record<string, string>>,
): Uint8Array {
  const entry = {
    MESSAGE: line,
    PRIORITY: String(priorityOf(level)),
    SYSLOG_IDENTIFIER: "scst",
    ...fields,
  };
  const text = Object.entries(entry)
    // A value with a line feed would need the form with a length.
    .map(([name, value]) => `${name}=${value.replaceAll("\n", " ")}\n`)
    .join("");
  return new TextEncoder().encode(text);
}

/**
 * Sends a line with fields to the journal; false if it takes none now, or if there are no fields. Then
 * standard error is the better way: by it the journal knows the unit even of a process that has ended
 * before the line is looked at, as after a start that fails.
 */
export function writeToJournal(level: string, line: string, socket = SOCKET): boolean {
  const fields = fieldsOf(line);
  if (Object.keys(fields).length === 0) return false;
  return sendDatagram(socket, journalEntry(level, line, fields)) === 0;
}

/**
 * Whether standard error goes to the journal: JOURNAL_STREAM names its device and inode then
 * (systemd.exec(5)). A redirection inside the unit makes it another file.
 */
export function isStderrJournal(stream: string | undefined): boolean {
  if (!stream) return false;
  try {
    const { dev, ino } = fstatSync(STDERR);
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // it is closed
  }
}
