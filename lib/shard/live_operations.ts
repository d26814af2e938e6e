/**
 * Operations on what is going on, and not on what should be: none of them changes a model, and none of
 * what they do is saved.
 */
import type { LatencyWay } from "../iscsi/latency_figures.ts";
import type { BlackHole } from "../scst/black_hole.ts";

/** Whose statistics: `sid` as SessionView has it; `size` is one of LATENCY_SIZES. */
export interface LatencyPlace {
  readonly sid: string;
  readonly way: LatencyWay;
  readonly size: number;
}

/** The LUNs of a target for those whom no group has, or those of a group. */
export interface LunSetPlace {
  readonly target: string;
  readonly group: string | undefined;
}

export type LiveOperation =
  /** Waits so many seconds at most, 0 is for ever. */
  | { readonly kind: "suspend"; readonly seconds: number }
  | { readonly kind: "resume" | "suspensions" | "measuresLatency" | "traceCommands" }
  | {
    readonly kind: "block";
    readonly device: string;
    /** Whether the answer waits until nothing is executed any more; else the log is told, with `text`. */
    readonly waits: boolean;
    readonly text: string;
  }
  | { readonly kind: "unblock" | "blocks" | "raiseSoftThreshold"; readonly device: string }
  | { readonly kind: "restoreReservations"; readonly device: string; readonly text: string }
  | LunSetPlace & { readonly kind: "blackHole" }
  | LunSetPlace & { readonly kind: "setBlackHole"; readonly blackHole: BlackHole }
  | { readonly kind: "measureLatency"; readonly measures: boolean }
  | LatencyPlace & { readonly kind: "latency" | "resetLatency" };
