/** A login that is refused: the status, and why. */
import type { LoginFault } from "./faults.ts";
import { nameOfLoginStatus } from "./login_status.ts";

export interface Refusal {
  readonly status: number;
  /** For the log. */
  readonly why: string;
  /** Where the initiator is to go instead, as TargetAddress has it. */
  readonly redirect?: string;
}

export function refuse(status: number, why: string): Refusal {
  return { status, why };
}

/** The refusal of a fault; `detail` says more of it, for the log. */
export function refuseFault({ status, says }: LoginFault, detail = ""): Refusal {
  return refuse(status, detail === "" ? says : `${says}: ${detail}`);
}

/** What the log says of a refusal, in front of whom it concerns. */
export function describeRefusal({ status, why }: Refusal): string {
  return `login refused with ${nameOfLoginStatus(status)}: ${why}`;
}
