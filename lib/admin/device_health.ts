/** What the tree says of the health of a device: a file of ours beside SCST's attributes. */
import type { DeviceHealth } from "./engine.ts";

/**
 * First `ok`, or `failed` when writes are refused until the device is opened again; then why, how often
 * that came to pass, and the errors of its store by kind. `isFaulty` says that it makes faults on
 * purpose: that should stand out.
 */
export function healthText(health: DeviceHealth | undefined, isFaulty: boolean): string {
  if (health === undefined) return "unknown\n";
  const { failure, hasLost, failures, errors } = health;
  const refused = hasLost ? "reads and writes are refused" : "writes are refused";
  const lines = failure === undefined
    ? [isFaulty ? "FAULTS-ON-PURPOSE" : "ok"]
    : ["failed", `why: ${failure}; ${refused}`];
  return [
    ...lines,
    `failures: ${failures}`,
    ...Object.entries(errors).map(([kind, count]) => `${kind}: ${count}`),
    "",
  ].join("\n");
}
