/** What the tree says of the health of a device: a file of ours beside SCST's attributes. */
import type { DeviceView } from "./engine.ts";

/** What a device that has failed refuses until it is opened again. */
export function refusedBy({ health: { hasLost } }: DeviceView): string {
  return hasLost ? "reads and writes are refused" : "writes are refused";
}

/**
 * First `ok`, or `failed` when writes are refused until the device is opened again; then why, how often
 * that came to pass, and the errors of its store by kind. `isFaulty` says that it makes faults on
 * purpose: that should stand out.
 */
export function healthText(view: DeviceView | undefined, isFaulty: boolean): string {
  if (view === undefined) return "unknown\n";
  const { failure, health: { failures, errors } } = view;
  const lines = failure === undefined
    ? [isFaulty ? "FAULTS-ON-PURPOSE" : "ok"]
    : ["failed", `why: ${failure.problem}; ${refusedBy(view)}`];
  return [
    ...lines,
    `failures: ${failures}`,
    ...Object.entries(errors).map(([kind, count]) => `${kind}: ${count}`),
    "",
  ].join("\n");
}
