/** How a server is, as data: what it serves, to whom, and what is wrong. There is no secret in it. */
import own from "../../deno.json" with { type: "json" };
import { type DeviceModel, formatPortal, type TargetModel } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { refusedBy } from "./device_health.ts";
import type { DeviceView, SessionView } from "./engine.ts";
import type { Failure } from "./failures.ts";
import type { LogHistory, LogLine } from "./log_history.ts";

/** What is wrong with something, since when, and how often it was tried; times as in ISO 8601. */
export interface Trouble {
  /** One sentence. */
  readonly reason: string;
  readonly since: string;
  /** The last of the tries; absent where nothing is tried before an administrator says so. */
  readonly tried?: string;
  readonly tries?: number;
}

export interface TargetStatus {
  readonly target: string;
  readonly enabled: boolean;
  /** Why nobody can log in; absent where somebody can. */
  readonly closed?: string;
  readonly rel_tgt_id: number;
  /** Those of the target's own set, and of all its groups. */
  readonly luns: number;
  readonly group_luns: number;
  readonly groups: number;
  readonly sessions: number;
  readonly trouble?: Trouble;
}

/** `inactive` is what an administrator has closed, `empty` a drive without a medium. */
export type DeviceState = "active" | "inactive" | "empty" | "broken";

/** What becomes of a write: by SCST's attributes, and by what initiators have made of them (WCE). */
export type CacheMode = "write_back" | "write_through" | "nv_cache" | "read_only";

export interface DeviceStatus {
  readonly device: string;
  readonly handler: string;
  readonly filename: string;
  readonly state: DeviceState;
  /** Bytes. */
  readonly size: number;
  readonly cache: CacheMode;
  readonly thin: boolean;
  readonly luns: number;
  readonly trouble?: Trouble;
}

export interface SessionStatus {
  readonly initiator: string;
  readonly target: string;
  readonly group: string;
  readonly addresses: readonly string[];
  readonly active_commands: number;
  readonly reads: number;
  readonly read_bytes: number;
  readonly writes: number;
  readonly written_bytes: number;
}

export interface ServerStatus {
  readonly version: string;
  readonly pid: number;
  readonly started: string;
  readonly uptime_s: number;
  /** Whether all is served as it is meant. */
  readonly healthy: boolean;
  /** What is not, a sentence each. */
  readonly problems: readonly string[];
  /** What is meant so, and can lose data all the same. */
  readonly risks: readonly string[];
  readonly portals: readonly string[];
  readonly iscsi_enabled: boolean;
  readonly targets: readonly TargetStatus[];
  readonly devices: readonly DeviceStatus[];
  readonly sessions: readonly SessionStatus[];
  /** The last lines of the log that somebody should do something about, the oldest first. */
  readonly warnings: readonly (Omit<LogLine, "at"> & { readonly at: string })[];
}

/** What the model does not know. */
export interface StatusSources {
  /** When the server was started, in milliseconds since 1970. */
  readonly started: number;
  readonly history: LogHistory;
}

/** How the server is now. */
export async function serverStatus(
  administration: Administration,
  { started, history }: StatusSources,
  now = Date.now(),
): Promise<ServerStatus> {
  const { engine } = administration;
  const views = await engine.deviceViews();
  const sessions = await liveSessions(administration);
  const { model } = administration;
  const { targets, devices, problems, risks } = servedStatus(administration, views, sessions);
  return {
    version: own.version,
    pid: Deno.pid,
    started: isoTime(started),
    uptime_s: Math.max(0, Math.floor((now - started) / 1000)),
    healthy: problems.length === 0,
    problems,
    risks,
    portals: model.portals.map(formatPortal),
    iscsi_enabled: model.driver.enabled,
    targets,
    devices,
    sessions: sessions.map(sessionStatus),
    warnings: history.lines.map((line) => ({ ...line, at: isoTime(line.at) })),
  };
}

/** What an operator has chosen that can cost data, or looks like trouble. */
function risksOf({ name, nvCache, faults = [] }: DeviceModel): string[] {
  return [
    ...(nvCache ? [`device '${name}' has nv_cache: nothing is flushed`] : []),
    ...(faults.length > 0 ? [`device '${name}' makes faults on purpose`] : []),
  ];
}

/** What of ServerStatus is told of what is served. */
export type ServedStatus = Pick<ServerStatus, "targets" | "devices" | "problems" | "risks">;

/** How targets and devices are, with `views` of those devices that are there and these sessions. */
export function servedStatus(
  { model, failures }: Administration,
  views: ReadonlyMap<string, DeviceView>,
  sessions: readonly { readonly target?: string | undefined }[],
): ServedStatus {
  const targetFailures = byName(failures.targets);
  const deviceFailures = byName(failures.devices);
  const counts = sessionCounts(sessions);
  const uses = lunCounts(model.targets);
  const targets = model.targets.map((target) =>
    targetStatus(target, model.driver.enabled, counts, targetFailures)
  );
  const devices = model.devices.map((device) =>
    deviceStatus(device, views.get(device.name), uses.get(device.name) ?? 0, deviceFailures)
  );
  return {
    targets,
    devices,
    problems: [
      ...devices.flatMap(({ device, trouble }) => sentence(`device '${device}'`, trouble)),
      ...targets.flatMap(({ target, trouble }) => sentence(`target '${target}'`, trouble)),
    ],
    risks: model.devices.flatMap(risksOf),
  };
}

/** The sessions with what they have done by now; those that end meanwhile are left out. */
async function liveSessions({ engine }: Administration): Promise<SessionView[]> {
  const known = Array.from(engine.sessions, ({ sid }) => sid);
  const views = await Promise.all(known.map((sid) => engine.session(sid)));
  return views.filter((view) => view !== undefined);
}

function sentence(what: string, trouble: Trouble | undefined): string[] {
  return trouble === undefined ? [] : [`${what}: ${trouble.reason}`];
}

function byName(failures: readonly Failure[]): ReadonlyMap<string, Failure> {
  return new Map(failures.map((failure) => [failure.name, failure]));
}

/** Sessions of each target. */
function sessionCounts(
  sessions: readonly { readonly target?: string | undefined }[],
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { target = "" } of sessions) counts.set(target, (counts.get(target) ?? 0) + 1);
  return counts;
}

/** LUNs that each device is. */
function lunCounts(targets: readonly TargetModel[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { luns, groups } of targets) {
    for (const { device } of [luns, ...groups.map((group) => group.luns)].flat()) {
      counts.set(device, (counts.get(device) ?? 0) + 1);
    }
  }
  return counts;
}

function targetStatus(
  { name, attributes: { enabled }, relTgtId, luns, groups }: TargetModel,
  isDriverEnabled: boolean,
  counts: ReadonlyMap<string, number>,
  failures: ReadonlyMap<string, Failure>,
): TargetStatus {
  const groupLuns = groups.reduce((sum, group) => sum + group.luns.length, 0);
  const failure = failures.get(name);
  const closed = failure !== undefined
    ? "it could not be enabled"
    : !enabled
    ? "it is not enabled"
    : !isDriverEnabled
    ? "iscsi is not enabled"
    : luns.length + groupLuns === 0
    ? "it has no LUN"
    : undefined;
  return {
    target: name,
    enabled,
    ...(closed === undefined ? {} : { closed }),
    rel_tgt_id: relTgtId,
    luns: luns.length,
    group_luns: groupLuns,
    groups: groups.length,
    sessions: counts.get(name) ?? 0,
    ...troubleOf(failure),
  };
}

function deviceStatus(
  device: DeviceModel,
  view: DeviceView | undefined,
  luns: number,
  failures: ReadonlyMap<string, Failure>,
): DeviceStatus {
  const { name, handler, filename, active, thinProvisioned } = device;
  const failure = failures.get(name);
  const broken = failure === undefined ? brokenBy(view) : troubleOf(failure);
  const state = broken.trouble !== undefined
    ? "broken"
    : active === false
    ? "inactive"
    : handler === "vcdrom" && view?.size === 0
    ? "empty"
    : "active";
  return {
    device: name,
    handler,
    filename: filename ?? "",
    state,
    size: view?.size ?? 0,
    cache: cacheOf(device, view),
    thin: thinProvisioned,
    luns,
    ...broken,
  };
}

function cacheOf(
  { handler, readOnly, nvCache, writeThrough }: DeviceModel,
  view: DeviceView | undefined,
): CacheMode {
  if (readOnly || handler === "vcdrom") return "read_only";
  if (nvCache) return "nv_cache";
  return view?.writeThrough ?? writeThrough ? "write_through" : "write_back";
}

function troubleOf(failure: Failure | undefined): { trouble?: Trouble } {
  if (failure === undefined) return {};
  const { message: reason, since, tried, tries } = failure;
  return { trouble: { reason, since: isoTime(since), tried: isoTime(tried), tries } };
}

/**
 * A device that cannot bring to the medium what it was given is not tried before it is opened anew; one that
 * does not answer may do so yet.
 */
function brokenBy(view: DeviceView | undefined): { trouble?: Trouble } {
  if (view?.failure === undefined) {
    if (view?.unanswered === undefined) return {};
    const { name, at } = view.unanswered;
    return { trouble: { reason: `It does not answer: ${name} is under way`, since: isoTime(at) } };
  }
  const { problem, at } = view.failure;
  const advice = `${refusedBy(view)} until it is opened again (write 0, then 1 to its active)`;
  return { trouble: { reason: `It ${problem}; ${advice}`, since: isoTime(at) } };
}

function sessionStatus(
  { initiator, target = "", group = "", connections, activeCommands, counters }: SessionView,
): SessionStatus {
  const { read, write } = counters;
  return {
    initiator,
    target,
    group,
    addresses: connections.map(({ initiatorIp, initiatorPort }) =>
      formatPortal({ hostname: initiatorIp, port: initiatorPort })
    ),
    active_commands: activeCommands,
    reads: read.count,
    read_bytes: read.bytes,
    writes: write.count,
    written_bytes: write.bytes,
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
