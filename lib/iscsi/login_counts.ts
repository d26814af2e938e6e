/** How many logins were let in, and how many refused, by reason. */
import { GATE_NAMES } from "./admission.ts";
import { LOGIN_FAULT_NAMES } from "./refusal.ts";

/** Why logins are refused: the faults of an initiator, the gates, and that no session id is free. */
export const REFUSAL_REASONS: readonly string[] = [
  ...LOGIN_FAULT_NAMES,
  ...GATE_NAMES,
  "session id",
];

export class LoginCounts {
  accepted = 0;
  /** All reasons are in it. */
  readonly refused: Map<string, number> = new Map(REFUSAL_REASONS.map((reason) => [reason, 0]));

  /** A login was refused for one of the reasons. */
  refuse(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }
}
