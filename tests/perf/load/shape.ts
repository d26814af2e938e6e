/** What a load is like, and what came of it: messages between the bench and its load worker. */

export interface LoadShape {
  readonly port: number;
  readonly target: string;
  /** The LUNs that are used in turn. */
  readonly luns: readonly number[];
  readonly sessions: number;
  /** Commands that each session has under way, as far as the target's window lets it. */
  readonly depth: number;
  /** Bytes that each command moves. */
  readonly length: number;
  /** Parts of the commands that read: 1 is all of them, 0 none. */
  readonly reads: number;
  /** Whether each session walks through its LUN from an offset of its own; random places otherwise. */
  readonly sequential: boolean;
  /** Bytes of each LUN that are used. */
  readonly span: number;
  readonly blocksize: number;
  /** Header and data digests. */
  readonly digests: boolean;
}

export interface LoadResult {
  /** Commands that ended while the clock ran. */
  readonly count: number;
  /** Seconds for which the clock ran. */
  readonly seconds: number;
  /** Commands that ended at all: those under way at the end are waited for. */
  readonly total: number;
  /** Calls that received something, and that sent something. */
  readonly receives: number;
  readonly sends: number;
  /** Microseconds from the sending of a command to its answer, of half and of 99 % of them. */
  readonly median: number;
  readonly most: number;
}

/** From the bench to the worker. */
export type ToLoad =
  | { readonly kind: "open"; readonly shape: LoadShape }
  | { readonly kind: "run"; readonly seconds: number }
  | { readonly kind: "close" }
  | {
    readonly kind: "stream";
    readonly port: number;
    readonly length: number;
    readonly seconds: number;
  };

/** Its answers: one for each message. */
export type FromLoad =
  | { readonly kind: "done" }
  | { readonly kind: "result"; readonly result: LoadResult }
  | { readonly kind: "streamed"; readonly bytes: number; readonly seconds: number }
  | { readonly kind: "failed"; readonly message: string };
