/** What a SANITIZE is to do (SBC-4 4.11), in a form that survives a restart. */
import { IoOperation } from "../store/io_request.ts";
import type { Pass } from "./upkeep.ts";

/** SERVICE ACTION (SBC-4 table 77). */
export const SanitizeAction = {
  OVERWRITE: 0x01,
  BLOCK_ERASE: 0x02,
  EXIT_FAILURE_MODE: 0x1f,
} as const;

export interface SanitizePlan {
  /** AUSE: EXIT FAILURE MODE may end the failure of this one. */
  readonly unrestricted: boolean;
  /** Times that the medium is overwritten; 0 for a block erase. */
  readonly count: number;
  /** Whether every time writes the inverse of what the time before it wrote. */
  readonly invert: boolean;
  /** INITIALIZATION PATTERN; empty for a block erase. */
  readonly pattern: Uint8Array;
}

/** A plan that has begun: it is under way, or has failed. */
export interface SanitizeState {
  /** The medium that it is about: text without blanks. */
  readonly medium: string;
  readonly plan: SanitizePlan;
  readonly failed: boolean;
}

/** The ways over the medium that carry a plan out. */
export function passesOf({ count, invert, pattern }: SanitizePlan, blockSize: number): Pass[] {
  if (count === 0) return [{ operation: IoOperation.PUNCH }];
  const block = new Uint8Array(blockSize).map((_, at) => pattern[at % pattern.length]!);
  const inverse = block.map((byte) => ~byte);
  return Array.from({ length: count }, (_, index) => ({
    operation: IoOperation.FILL,
    block: invert && index % 2 === 1 ? inverse : block,
  }));
}

/** The text of a state. */
export function formatSanitize({ medium, plan, failed }: SanitizeState): string {
  const pattern = Array.from(plan.pattern, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const words = [
    failed ? "failed" : "running",
    medium,
    plan.unrestricted,
    plan.count,
    plan.invert,
    pattern,
  ];
  return words.join(" ") + "\n";
}

const LINE = /^(failed|running) (\S+) (true|false) (\d{1,2}) (true|false) ((?:[0-9a-f]{2})*)\n$/;

/** The state that a text is of; undefined when nothing has begun. */
export function parseSanitize(text: string): SanitizeState | undefined {
  const [, state, medium, unrestricted, count, invert, digits = ""] = LINE.exec(text) ?? [];
  if (state === undefined || medium === undefined) return undefined;
  const pattern = Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  return {
    medium,
    failed: state === "failed",
    plan: {
      unrestricted: unrestricted === "true",
      count: Number(count),
      invert: invert === "true",
      pattern,
    },
  };
}
