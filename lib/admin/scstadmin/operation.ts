/** What one option of scstadmin asks for. */
import type { Problem } from "./command.ts";
import type { Session } from "./session.ts";
import type { Values } from "./wanted.ts";

/** The options that say more about an operation, and what their values are. */
export const COMPANIONS = {
  attributes: "NAME=VALUE,...",
  dev_group: "DEVICE_GROUP",
  device: "DEVICE",
  driver: "DRIVER",
  group: "GROUP",
  handler: "HANDLER",
  target: "TARGET",
  tgt_group: "TARGET_GROUP",
  to: "GROUP",
} as const;
export type Companion = keyof typeof COMPANIONS;

/** The values of the options of one call. */
export interface Input {
  /** Behind the option itself; empty if there is none. */
  readonly value: string;
  /** Empty if the option was not given. */
  readonly get: (companion: Companion) => string;
  readonly attributes: Values;
}

export interface Operation {
  /** Without the dash. */
  readonly option: string;
  /** What the value is, as the help shows it: `DEVICE`, or `[DEVICE]` where it may be missing. */
  readonly value?: string;
  /** What has to be given with it, and what may be. */
  readonly needs?: readonly Companion[];
  readonly takes?: readonly Companion[];
  readonly help: string;
  /** Queries can be made together; of other operations there is one in a call. */
  readonly isQuery?: boolean;
  /** Whether it is asked first if it is meant. */
  readonly asks?: boolean | "with -force";
  /** Returns the exit code, or why it failed. Rejects with Fatal, ConfigError and TreeError. */
  readonly run: (session: Session, input: Input) => Promise<number | Problem | undefined | void>;
}
