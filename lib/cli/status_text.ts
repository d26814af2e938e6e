/** The state of a server on one screen, however much it serves: what is wrong comes first. */
import type { ServerStatus, Trouble } from "../admin/status.ts";
import { plainLine } from "../log.ts";
import { counted } from "./counted.ts";
import { type Row, tableText } from "./everyday/listing.ts";
import { fittedRows, type Fitting } from "./fitted_rows.ts";
import type { TerminalSize } from "./screen.ts";

/** Rows of each table and list; fewer where a terminal has no room for so many. */
const MOST_ROWS = 8;
const MOST_WARNINGS = 5;
/** Of what is wrong, however small the terminal. */
const FEWEST_PROBLEMS = 3;

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** Three digits of a value below 999.5. */
export function threeDigits(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

/** Three digits and a unit, as in `1.50 GiB`. */
export function roundedSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value.toFixed(0) : threeDigits(value)} ${UNITS[unit]}`;
}

/** As in `3 d 04:05`, or in seconds for less than two minutes. */
export function spanText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  const time = [hours, minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
  return days === 0 ? time : `${days} d ${time}`;
}

/** What `scst status` prints, so that a terminal of that size shows all of it at once, if it can. */
export function statusText(status: ServerStatus, size?: TerminalSize): string {
  if (size === undefined) return textOf(status, MOST_ROWS, Infinity);
  // One line is for what the shell prints behind it.
  for (let most = MOST_ROWS; most > 1; most--) {
    const text = textOf(status, most, size.columns);
    if (height(text, size.columns) < size.rows) return text;
  }
  return textOf(status, 1, size.columns);
}

/** Lines of a terminal that a text takes: what is too long goes on in the next one. */
function height(text: string, columns: number): number {
  return text.split("\n").reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)),
    0,
  );
}

function textOf(status: ServerStatus, most: number, width: number): string {
  const problems = Math.max(most, FEWEST_PROBLEMS);
  const warnings = Math.min(most, MOST_WARNINGS);
  const table = (columns: readonly string[], rows: readonly Row[], all: string) =>
    tableOf(columns, rows, all, { most, width });
  return [
    headText(status),
    listText("BROKEN", problemLines(status), problems),
    listText("AT RISK", status.risks, problems),
    table(TARGETS, status.targets.toSorted(troubledFirst).map(targetRow), "scst target list"),
    table(DEVICES, status.devices.toSorted(troubledFirst).map(deviceRow), "scst device list"),
    table(SESSIONS, status.sessions.map(sessionRow), "scst session list"),
    listText(
      "LAST WARNINGS",
      status.warnings.slice(-warnings).map(({ at, level, message }) =>
        `${timeText(at)} ${level}: ${message}`
      ),
      warnings,
    ),
  ].filter((part) => part !== "").join("\n\n");
}

function headText(
  { version, uptime_s, pid, healthy, portals, iscsi_enabled, targets, devices, sessions }:
    ServerStatus,
): string {
  const health = healthy ? "healthy" : "something is BROKEN";
  const gate = iscsi_enabled ? "" : "; iscsi is NOT ENABLED: nobody can log in";
  return [
    `scst ${version}, process ${pid}, up ${spanText(uptime_s)}: ${health}${gate}`,
    `portals: ${portals.join(", ") || "none"}`,
    `${counted(targets.length, "target")}, ${counted(devices.length, "device")}, ${
      counted(sessions.length, "session")
    }`,
  ].join("\n");
}

/** What is wrong, with when and how often. */
function problemLines({ devices, targets }: ServerStatus): string[] {
  return [
    ...devices.flatMap(({ device, trouble }) => troubleLine(`device ${device}`, trouble)),
    ...targets.flatMap(({ target, trouble }) => troubleLine(`target ${target}`, trouble)),
  ];
}

function troubleLine(what: string, trouble: Trouble | undefined): string[] {
  if (trouble === undefined) return [];
  const { reason, since, tried, tries = 0 } = trouble;
  const isAgain = tried !== undefined && tries > 1;
  const again = isAgain ? `, tried ${tries} times, last ${timeText(tried)}` : "";
  return [`${what}: ${reason} (since ${timeText(since)}${again})`];
}

/** Without fractions of a second. */
function timeText(iso: string): string {
  return iso.replace(/\.\d+Z$/, "Z");
}

function troubledFirst(
  one: { readonly trouble?: Trouble },
  other: { readonly trouble?: Trouble },
): number {
  return Number(other.trouble !== undefined) - Number(one.trouble !== undefined);
}

function listText(title: string, lines: readonly string[], most: number): string {
  if (lines.length === 0) return "";
  const shown = lines.slice(0, most).map((line) => `  ${plainLine(line)}`);
  const left = lines.length - shown.length;
  return [title, ...shown, ...left > 0 ? [`  ... and ${left} more: scst status --json`] : []]
    .join("\n");
}

/** Columns whose texts may be shortened, and those that a narrow terminal does without. */
const FITTING: Fitting = {
  names: ["device", "initiator", "target"],
  spare: [["groups"], ["handler"], ["thin"], ["reads", "writes"], ["address"]],
};

function tableOf(
  columns: readonly string[],
  rows: readonly Row[],
  all: string,
  { most, width }: { readonly most: number; readonly width: number },
): string {
  if (rows.length === 0) return "";
  const fitted = fittedRows(columns, rows.slice(0, most), width, FITTING);
  const text = tableText(fitted.columns, fitted.rows);
  const left = rows.length - most;
  return left > 0 ? `${text}\n... and ${left} more: ${all}` : text;
}

const TARGETS = ["target", "luns", "groups", "sessions", "logins"];

function targetRow(
  { target, luns, group_luns, groups, sessions, closed }: ServerStatus["targets"][number],
): Row {
  return {
    target,
    luns: group_luns === 0 ? luns : `${luns}+${group_luns}`,
    groups,
    sessions,
    logins: closed === undefined ? "yes" : `no: ${closed}`,
  };
}

const DEVICES = ["device", "state", "size", "cache", "thin", "luns", "handler"];

function deviceRow(
  { device, state, size, cache, thin, luns, handler }: ServerStatus["devices"][number],
): Row {
  return {
    device,
    state: state === "broken" ? "BROKEN" : state,
    size: size === 0 ? "" : roundedSize(size),
    cache,
    thin,
    luns,
    handler,
  };
}

const SESSIONS = ["initiator", "address", "target", "active", "reads", "read", "writes", "written"];

function sessionRow(
  { initiator, target, addresses, active_commands, reads, read_bytes, writes, written_bytes }:
    ServerStatus["sessions"][number],
): Row {
  return {
    initiator,
    address: addresses.join(" "),
    target,
    active: active_commands,
    reads,
    read: roundedSize(read_bytes),
    writes,
    written: roundedSize(written_bytes),
  };
}
