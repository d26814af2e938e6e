/** A fault that a store is to make: at which operations, and what. */
import type { ErrnoName } from "../../ffi/errno.ts";

/** The operations of a store, as users call them. */
export const FAULT_OPERATIONS = ["read", "write", "sync", "discard", "zero"] as const;
export type FaultOperation = typeof FAULT_OPERATIONS[number];

/** The errors that can be made. */
export const FAULT_ERRORS = [
  "EIO",
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EBADF",
  "ESTALE",
  "ENODEV",
  "ENXIO",
  "ETIMEDOUT",
  "ENOMEM",
] as const satisfies readonly ErrnoName[];

export type FaultAction =
  | { readonly kind: "error"; readonly errno: typeof FAULT_ERRORS[number] }
  /** Milliseconds that it takes longer. */
  | { readonly kind: "delay"; readonly milliseconds: number }
  /** Only so many bytes are transferred, and then it is an error. */
  | { readonly kind: "short"; readonly bytes: number }
  /** It does not end until the faults of the device change, or it is closed. */
  | { readonly kind: "hang" };

export interface FaultRule {
  readonly operations: readonly FaultOperation[];
  readonly action: FaultAction;
  /** How likely it is each time, more than 0 and 1 at most. */
  readonly chance: number;
  /** What the dice of `chance` begin with. */
  readonly seed: number;
  /** Operations that are let through first, and how many it is made at. */
  readonly after: number;
  readonly count: number;
  /** The blocks that have to be among those of the operation; any where it is undefined. */
  readonly blocks: { readonly first: number; readonly last: number } | undefined;
}

/** A rule as config/fault_rule.ts takes it; without what is so where nothing is said. */
export function printFault(rule: FaultRule): string {
  const { operations, action, chance, seed, after, count, blocks } = rule;
  return [
    operations.length === FAULT_OPERATIONS.length ? "any" : operations.join(","),
    printAction(action),
    ...(chance === 1 ? [] : [`chance=${chance}`]),
    ...(seed === 1 ? [] : [`seed=${seed}`]),
    ...(after === 0 ? [] : [`after=${after}`]),
    ...(count === Infinity ? [] : [`count=${count}`]),
    ...(blocks === undefined ? [] : [`lba=${blocks.first}-${blocks.last}`]),
  ].join(" ");
}

function printAction(action: FaultAction): string {
  switch (action.kind) {
    case "error":
      return action.errno;
    case "delay":
      return `delay=${action.milliseconds}ms`;
    case "short":
      return `short=${action.bytes}`;
    case "hang":
      return "hang";
  }
}
