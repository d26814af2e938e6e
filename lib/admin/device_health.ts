/** What the tree says of the health of a device: a file of ours beside SCST's attributes. */
import type { DeviceView } from "./engine.ts";

/** What a device that has failed refuses until it is opened again. */
export function refusedBy({ health: { hasLost } }: DeviceView): string {
  return hasLost ? "reads and writes are refused" : "writes are refused";
}

/**
 * First `ok`; or `failed` when writes are refused until the device is opened again; or `unanswered` while
 * a command has had no answer for long. Then why, how often the device has failed, and the errors of its
 * store by kind. `isFaulty` says that it makes faults on purpose: that should stand out.
 */
export function healthText(view: DeviceView | undefined, isFaulty: boolean): string {
  if (view === undefined) return "unknown\n";
  const { failures, errors } = view.health;
  return [
    ...stateLines(view, isFaulty),
    `failures: ${failures}`,
    ...Object.entries(errors).map(([kind, count]) => `${kind}: ${count}`),
    "",
  ].join("\n");
}

function stateLines(view: DeviceView, isFaulty: boolean): string[] {
  const { failure, unanswered } = view;
  if (failure !== undefined) return ["failed", `why: ${failure.problem}; ${refusedBy(view)}`];
  if (isFaulty) return ["FAULTS-ON-PURPOSE"];
  if (unanswered === undefined) return ["ok"];
  const since = new Date(unanswered.at).toISOString();
  return ["unanswered", `why: ${unanswered.name} has been under way since ${since}`];
}
