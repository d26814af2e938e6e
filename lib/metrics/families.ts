/** THE table of metrics: what each is called, what it says, and where it comes from. */
import { type FiguresView, WAYS } from "../shard/server.ts";
import type { Family, HistogramSample, Labels, Sample } from "./exposition.ts";
import type { Feed } from "./feed.ts";

type Row =
  & { readonly name: string; readonly help: string }
  & (
    | {
      readonly type: "counter" | "gauge" | "info";
      readonly samples: (feed: Feed) => readonly Sample[];
    }
    | { readonly type: "histogram"; readonly samples: (feed: Feed) => readonly HistogramSample[] }
  );

const SECONDS = 1e-3;

/** Classes that a bucket ends with: every second one from 16 us to 17 s is what a graph shows. */
const BUCKET_CLASSES: ReadonlySet<number> = new Set([4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]);

function one(value: number, labels: Labels = {}): readonly Sample[] {
  return [{ labels, value }];
}

function byKey(values: Readonly<Record<string, number>>, name: string, labels: Labels = {}) {
  return Object.entries(values).map(([key, value]) => ({
    labels: { ...labels, [name]: key },
    value,
  }));
}

/** What did something, with its labels. */
interface Doer {
  readonly labels: Labels;
  readonly figures: FiguresView;
}

function luns({ luns }: Feed): Doer[] {
  return luns.map(({ target, lun, device, figures }) => ({
    labels: { target, lun, device },
    figures,
  }));
}

/** What a session did at a LUN. */
interface SessionDoer extends Doer {
  /** Commands that are under way. */
  readonly commands: number;
}

/**
 * LUNs of sessions that are told of one by one: each is up to 50 lines, so that 2000 are some 15 MB.
 * Those of the sessions that began first: what is there once stays.
 */
export const SESSION_LUNS_MOST = 2000;

function sessions({ sessions }: Feed): SessionDoer[] {
  const doers: SessionDoer[] = [];
  for (const { sid, target, initiator, luns } of sessions) {
    for (const { lun, figures, commands } of luns) {
      if (doers.length === SESSION_LUNS_MOST) return doers;
      doers.push({ labels: { target, lun, initiator, sid }, figures, commands });
    }
  }
  return doers;
}

function leftOut({ sessions }: Feed): number {
  return Math.max(0, sessions.reduce((sum, { luns }) => sum + luns.length, 0) - SESSION_LUNS_MOST);
}

function byWay(
  doers: (feed: Feed) => Doer[],
  figure: "commands" | "bytes",
): (feed: Feed) => Sample[] {
  return (feed) =>
    doers(feed).flatMap(({ labels, figures }) =>
      WAYS.filter((direction) => figure === "commands" || direction !== "none").map((
        direction,
      ) => ({ labels: { ...labels, direction }, value: figures[direction][figure] }))
    );
}

function times(doers: (feed: Feed) => Doer[]): (feed: Feed) => HistogramSample[] {
  return (feed) =>
    doers(feed).flatMap(({ labels, figures }) =>
      WAYS.filter((direction) => figures[direction].commands > 0).map((direction) => {
        const { classes, microseconds } = figures[direction];
        return {
          labels: { ...labels, direction },
          sum: microseconds / 1e6,
          buckets: bucketsOf(classes),
        };
      })
    );
}

function bucketsOf(classes: readonly number[]): HistogramSample["buckets"] {
  const buckets: { most: number; count: number }[] = [];
  let count = 0;
  for (const [index, here] of classes.entries()) {
    count += here;
    if (BUCKET_CLASSES.has(index)) buckets.push({ most: 2 ** index / 1e6, count });
  }
  return [...buckets, { most: Infinity, count }];
}

function failed(doers: (feed: Feed) => Doer[]): (feed: Feed) => Sample[] {
  return (feed) =>
    doers(feed).flatMap(({ labels, figures }) => byKey(figures.failed, "end", labels));
}

const CACHE_MODES = ["write_back", "write_through", "nv_cache", "read_only"];

const ROWS: readonly Row[] = [
  {
    name: "scst",
    type: "info",
    help: "The version that runs",
    samples: ({ version }) => one(1, { version }),
  },
  {
    name: "scst_start_time_seconds",
    type: "gauge",
    help: "When the server started, in seconds since 1970",
    samples: ({ started }) => one(started * SECONDS),
  },
  {
    name: "scst_resident_memory_bytes",
    type: "gauge",
    help: "Memory that the process has",
    samples: ({ memory }) => one(memory.resident),
  },
  {
    name: "scst_command_memory_bytes",
    type: "gauge",
    help: "Memory of commands that are under way (lent), and what is kept for the next ones",
    samples: ({ memory: { lent, kept } }) => byKey({ lent, kept }, "state"),
  },
  {
    name: "scst_loop_delay_seconds",
    type: "gauge",
    help: "How late the last tick of the data loop came, which comes once a second",
    samples: ({ loop }) => one(loop.delay * SECONDS),
  },
  {
    name: "scst_loop_delay_worst_seconds",
    type: "gauge",
    help: "The same of the latest tick of the last minute",
    samples: ({ loop }) => one(loop.worst * SECONDS),
  },
  {
    name: "scst_connections",
    type: "gauge",
    help: "Connections of initiators, with those that have not logged in",
    samples: ({ connections }) => one(connections),
  },
  {
    name: "scst_storage_requests",
    type: "gauge",
    help: "Requests that storage works on, or that wait for it",
    samples: ({ storage }) => one(storage.requests),
  },
  {
    name: "scst_storage_threads",
    type: "gauge",
    help: "Threads for calls that may sleep",
    samples: ({ storage }) => one(storage.threads),
  },
  {
    name: "scst_logins",
    type: "counter",
    help: "Logins that were let in",
    samples: ({ logins }) => one(logins.accepted),
  },
  {
    name: "scst_logins_refused",
    type: "counter",
    help: "Logins that were refused, by the rule or the fault",
    samples: ({ logins }) => byKey(logins.refused, "reason"),
  },
  {
    name: "scst_target_open",
    type: "gauge",
    help: "Whether anybody can log in to a target",
    samples: ({ targets }) =>
      targets.flatMap(({ target, closed }) => one(closed === undefined ? 1 : 0, { target })),
  },
  {
    name: "scst_target_sessions",
    type: "gauge",
    help: "Sessions of a target",
    samples: ({ targets }) => targets.flatMap(({ target, sessions }) => one(sessions, { target })),
  },
  {
    name: "scst_device_healthy",
    type: "gauge",
    help: "Whether a device is served as it is meant",
    samples: ({ devices }) =>
      devices.flatMap(({ device, state }) => one(state === "broken" ? 0 : 1, { device })),
  },
  {
    name: "scst_device_size_bytes",
    type: "gauge",
    help: "Size of a device",
    samples: ({ devices }) =>
      devices.flatMap(({ device, handler, size }) => one(size, { device, handler })),
  },
  {
    name: "scst_device_cache",
    type: "gauge",
    help: "Whether a device has this cache mode now, which initiators may change",
    samples: ({ devices }) =>
      devices.flatMap(({ device, cache }) =>
        CACHE_MODES.map((mode) => ({ labels: { device, mode }, value: mode === cache ? 1 : 0 }))
      ),
  },
  {
    name: "scst_device_errors",
    type: "counter",
    help: "Errors of the store of a device, by kind",
    samples: ({ devices }) =>
      devices.flatMap(({ device, errors }) => byKey(errors, "kind", { device })),
  },
  {
    name: "scst_device_failures",
    type: "counter",
    help: "How often a device has failed, so that writes were refused until it was opened again",
    samples: ({ devices }) => devices.flatMap(({ device, failures }) => one(failures, { device })),
  },
  {
    name: "scst_lun_commands",
    type: "counter",
    help: "Commands of all sessions at a LUN that have ended, by where their data goes",
    samples: byWay(luns, "commands"),
  },
  {
    name: "scst_lun_bytes",
    type: "counter",
    help: "Bytes that commands of all sessions at a LUN have moved",
    samples: byWay(luns, "bytes"),
  },
  {
    name: "scst_lun_failed_commands",
    type: "counter",
    help: "Commands of all sessions at a LUN that failed, by sense key or status",
    samples: failed(luns),
  },
  {
    name: "scst_lun_latency_seconds",
    type: "histogram",
    help: "From the arrival of a command at a LUN to its answer, of all sessions",
    samples: times(luns),
  },
  {
    name: "scst_session_luns_left_out",
    type: "gauge",
    help: `LUNs of sessions beyond ${SESSION_LUNS_MOST}, of which nothing is said below`,
    samples: (feed) => one(leftOut(feed)),
  },
  {
    name: "scst_session_commands",
    type: "counter",
    help: "Commands of a session at a LUN that have ended, by where their data goes",
    samples: byWay(sessions, "commands"),
  },
  {
    name: "scst_session_bytes",
    type: "counter",
    help: "Bytes that commands of a session at a LUN have moved",
    samples: byWay(sessions, "bytes"),
  },
  {
    name: "scst_session_failed_commands",
    type: "counter",
    help: "Commands of a session at a LUN that failed, by sense key or status",
    samples: failed(sessions),
  },
  {
    name: "scst_session_commands_under_way",
    type: "gauge",
    help: "Commands of a session at a LUN that have no answer yet",
    samples: (feed) => sessions(feed).map(({ labels, commands }) => ({ labels, value: commands })),
  },
  {
    name: "scst_session_send_wait_seconds",
    type: "counter",
    help: "Time in which answers of a session waited for the initiator or the network to take them",
    samples: ({ sessions }) =>
      sessions.flatMap(({ sid, target, initiator, sendWait }) =>
        one(sendWait * SECONDS, { target, initiator, sid })
      ),
  },
  {
    name: "scst_session_latency_seconds",
    type: "histogram",
    help: "From the arrival of a command of a session at a LUN to its answer",
    samples: times(sessions),
  },
];

/** What there is, for documents. */
export const METRICS: readonly Pick<Row, "name" | "type" | "help">[] = ROWS;

/** All metrics of a server. */
export function familiesOf(feed: Feed): Family[] {
  return ROWS.map((row) => ({ ...row, samples: row.samples(feed) }) as Family);
}
