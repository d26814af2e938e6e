/** Looking at a running server again and again. */
import type { Feed } from "../metrics/feed.ts";
import type { SocketTreeClient } from "./connect_tree.ts";
import { UsageError } from "./failure.ts";
import type { VerbOption } from "./verb.ts";

/** Seconds between two looks. */
const MOST = 3600;
/** Milliseconds that an answer may take which is only looked at: a server that takes longer is stuck. */
export const LOOK_LIMIT = 10_000;

export const INTERVAL_OPTION: VerbOption = {
  name: "interval",
  value: "SECONDS",
  description: `how long to look, 0.3 to ${MOST} (default: 1)`,
};

/** Milliseconds between two looks. Throws UsageError. */
export function intervalOf(options: ReadonlyMap<string, string>): number {
  const text = options.get("interval") ?? "1";
  const seconds = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds >= 0.3 && seconds <= MOST) return seconds * 1000;
  throw new UsageError(`--interval must be 0.3 to ${MOST} seconds: current value is '${text}'`);
}

/** How often to look; any number of times where nothing is said. Throws UsageError. */
export function countOf(options: ReadonlyMap<string, string>): number {
  const text = options.get("count");
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--count must be a number from 1 on: current value is '${text}'`);
}

/** How a server is now. Rejects as SocketTreeClient does, also where it does not answer in time. */
export function look(client: SocketTreeClient): Promise<Feed> {
  return client.getJson<Feed>("feed", { limit: LOOK_LIMIT });
}

/** Resolves in so many milliseconds, or when `signal` says so. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await orEnd(promise, signal);
  clearTimeout(timer);
}

/** What a promise resolves with; undefined where `signal` is aborted before. */
export async function orEnd<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  if (signal === undefined) return await promise;
  const end = Promise.withResolvers<undefined>();
  const obey = () => end.resolve(undefined);
  signal.addEventListener("abort", obey);
  if (signal.aborted) obey();
  try {
    return await Promise.race([promise, end.promise]);
  } finally {
    signal.removeEventListener("abort", obey);
  }
}
