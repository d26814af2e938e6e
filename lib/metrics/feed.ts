/** All that is watched of a server, as data: what metrics, `scst stat`, `scst top` and the page show. */
import own from "../../deno.json" with { type: "json" };
import type { Administration } from "../admin/administration.ts";
import type { LogLine } from "../admin/log_history.ts";
import {
  type DeviceStatus,
  type ServedStatus,
  servedStatus,
  type StatusSources,
} from "../admin/status.ts";
import type { FiguresView, LunFigures, SessionFigures, ShardFigures } from "../shard/server.ts";
import { sumOf } from "./figures.ts";

/** A device, with the errors of its store by kind, and how often it has failed. */
export interface WatchedDevice extends DeviceStatus {
  readonly errors: Readonly<Record<string, number>>;
  readonly failures: number;
}

/** What a LUN did for all sessions, those that have ended as well. */
export interface WatchedLun {
  readonly target: string;
  readonly lun: number;
  readonly device: string;
  readonly figures: FiguresView;
}

export interface Feed extends Omit<ServedStatus, "devices"> {
  readonly version: string;
  /** Milliseconds since 1970: when this was so, and when the server started. */
  readonly at: number;
  readonly started: number;
  /** Bytes: of the process, and of commands that are under way or kept for the next ones. */
  readonly memory: { readonly resident: number; readonly lent: number; readonly kept: number };
  /** Milliseconds by which the data loop was late, at the last tick and at most in the last minute. */
  readonly loop: { readonly delay: number; readonly worst: number };
  readonly connections: number;
  /** Requests that storage works on, and the threads that wait for it. */
  readonly storage: { readonly requests: number; readonly threads: number };
  readonly logins: {
    readonly accepted: number;
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly devices: readonly WatchedDevice[];
  readonly luns: readonly WatchedLun[];
  readonly sessions: readonly SessionFigures[];
  /** The last lines of the log that somebody should do something about, the oldest first. */
  readonly events: readonly LogLine[];
}

/** Milliseconds for which an answer is given again: many who ask at once cost as much as one. */
const FRESH = 200;

/** Gathers feeds; whoever asks while one is gathered, or just was, gets that. */
export class FeedSource {
  readonly #administration: Administration;
  readonly #sources: StatusSources;
  #last: Promise<Feed> | undefined = undefined;
  /** Until when the last one is given again: for ever while it is gathered. */
  #freshUntil = 0;

  constructor(administration: Administration, sources: StatusSources) {
    this.#administration = administration;
    this.#sources = sources;
  }

  /** How the server is, now or up to 200 ms ago. Rejects with a TreeError where it does not answer. */
  feed(): Promise<Feed> {
    if (this.#last !== undefined && performance.now() < this.#freshUntil) return this.#last;
    const feed = gather(this.#administration, this.#sources);
    this.#last = feed;
    this.#freshUntil = Infinity;
    const staysFor = (milliseconds: number) => () => {
      this.#freshUntil = performance.now() + milliseconds;
    };
    feed.then(staysFor(FRESH), staysFor(0));
    return feed;
  }
}

const NO_FIGURES: ShardFigures = {
  loopDelay: 0,
  worstLoopDelay: 0,
  memory: { lent: 0, kept: 0 },
  connections: 0,
  storageRequests: 0,
  storageThreads: 0,
  loginsAccepted: 0,
  loginsRefused: {},
  sessions: [],
  ended: [],
};

async function gather(
  administration: Administration,
  { started, history }: StatusSources,
): Promise<Feed> {
  const { engine } = administration;
  const [views, figures = NO_FIGURES] = await Promise.all([engine.deviceViews(), engine.figures()]);
  const { devices, ...served } = servedStatus(administration, views, figures.sessions);
  return {
    version: own.version,
    at: Date.now(),
    started,
    memory: { resident: Deno.memoryUsage().rss, ...figures.memory },
    loop: { delay: figures.loopDelay, worst: figures.worstLoopDelay },
    connections: figures.connections,
    storage: { requests: figures.storageRequests, threads: figures.storageThreads },
    logins: { accepted: figures.loginsAccepted, refused: figures.loginsRefused },
    ...served,
    devices: devices.map((device) => {
      const { errors, failures } = views.get(device.device)?.health ?? { errors: {}, failures: 0 };
      return { ...device, errors, failures };
    }),
    luns: lunsOf(figures),
    sessions: figures.sessions,
    events: [...history.lines],
  };
}

/** Each LUN of each target, with what all sessions did there. */
function lunsOf({ sessions, ended }: ShardFigures): WatchedLun[] {
  const luns = new Map<string, WatchedLun>();
  const add = (target: string, { lun, device, figures }: LunFigures) => {
    const key = `${target} ${lun} ${device}`;
    const before = luns.get(key);
    const sum = before === undefined ? figures : sumOf(before.figures, figures);
    luns.set(key, { target, lun, device, figures: sum });
  };
  for (const one of ended) add(one.target, one);
  for (const { target, luns } of sessions) for (const one of luns) add(target, one);
  return [...luns.values()].toSorted((one, other) =>
    one.target < other.target ? -1 : one.target > other.target ? 1 : one.lun - other.lun
  );
}
