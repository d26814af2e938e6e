/** The signals that a server obeys. */
import { log } from "../log.ts";

/** Signals that ask for an orderly end, and their numbers on every system (POSIX kill -s). */
const STOP_SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
type StopSignal = keyof typeof STOP_SIGNALS;

/** Under five seconds with what the runtime takes to end. */
export const STOP_DEADLINE_MS = 4500;

/**
 * Resolves at the first SIGTERM or SIGINT. The process then has `deadlineMs` to end: after that
 * it exits with 1, and at a second signal at once with 128 and the number of the signal.
 */
export function stopRequested(deadlineMs = STOP_DEADLINE_MS): Promise<StopSignal> {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  let first: StopSignal | undefined;
  const obey = (signal: StopSignal): void => {
    if (first !== undefined) {
      log("warning", `${signal} after ${first}: exiting at once`);
      Deno.exit(128 + STOP_SIGNALS[signal]);
    }
    first = signal;
    log("info", `${signal}: stopping`);
    setTimeout(() => {
      log("error", `Cannot stop within ${deadlineMs} ms: exiting without waiting any longer`);
      Deno.exit(1);
    }, deadlineMs);
    resolve(signal);
  };
  for (const signal of Object.keys(STOP_SIGNALS) as StopSignal[]) {
    Deno.addSignalListener(signal, () => obey(signal));
  }
  return promise;
}

/** Calls `listener` at every SIGHUP, which by itself would end the process. */
export function onHangup(listener: () => void): void {
  Deno.addSignalListener("SIGHUP", listener);
}
