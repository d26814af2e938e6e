/** A login that is refused: the status, and why. */
import { LoginFault } from "./faults.ts";
import { nameOfLoginStatus } from "./login_status.ts";

export interface Refusal {
  readonly status: number;
  /** For the log. */
  readonly why: string;
  /** What it is counted as: the name of a fault or of a gate. */
  readonly reason: string;
  /** Where the initiator is to go instead, as TargetAddress has it. */
  readonly redirect?: string;
}

const FAULT_NAMES: ReadonlyMap<LoginFault, string> = new Map(
  Object.entries(LoginFault).map(([name, fault]) => [fault, name.toLowerCase()]),
);

/** What refusals of faults are counted as. */
export const LOGIN_FAULT_NAMES: readonly string[] = [...FAULT_NAMES.values()];

/** A refusal that is no fault; it is counted under `reason`, which is one of REFUSAL_REASONS. */
export function refuse(status: number, why: string, reason: string): Refusal {
  return { status, why, reason };
}

/** The refusal of a fault; `detail` says more of it, for the log. */
export function refuseFault(fault: LoginFault, detail = ""): Refusal {
  const { status, says } = fault;
  return refuse(status, detail === "" ? says : `${says}: ${detail}`, FAULT_NAMES.get(fault)!);
}

/** What the log says of a refusal, in front of whom it concerns. */
export function describeRefusal({ status, why }: Refusal): string {
  return `login refused with ${nameOfLoginStatus(status)}: ${why}`;
}
