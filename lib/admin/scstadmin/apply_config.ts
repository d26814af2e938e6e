/** `-config` and `-check_config`: brings what is running to what an scst.conf says. */
import { ProblemList } from "../../config/problem.ts";
import { parseScstConf } from "../../config/scst_conf/parse.ts";
import type { ConfSection } from "../../config/scst_conf/section.ts";
import { applyDeviceGroups } from "./apply_device_groups.ts";
import { applyDevices } from "./apply_devices.ts";
import { applyEnabled, applyTargets, removeAssignments } from "./apply_targets.ts";
import { checkConfig } from "./check_config.ts";
import { ROOT } from "./owners.ts";
import { readRunning } from "./running.ts";
import { Fatal, type Session } from "./session.ts";
import { setAttributes } from "./set_attributes.ts";
import { type Wanted, wantedOf } from "./wanted.ts";

/** A configuration that can be applied, and how many errors it had nevertheless. */
export interface CheckedConfig {
  readonly wanted: Wanted;
  readonly errors: number;
}

/**
 * Reads and checks the configuration `text` of the file `name`; undefined where there is nothing in
 * it. Throws ConfigError, whose problems name file and line. Rejects with a TreeError.
 */
export async function readConfig(
  session: Session,
  text: string,
  name: string,
): Promise<CheckedConfig | undefined> {
  session.print(`-> Checking configuration file '${name}' for errors.`);
  const problems = new ProblemList(name);
  const file = parseScstConf(text, problems);
  problems.throwIfAny();
  if (isEmpty(file)) {
    session.print("-> WARNING: The configuration is empty: nothing is done.\n");
    return undefined;
  }
  const wanted = wantedOf(file);
  return { wanted, errors: await checkConfig(session, wanted, await readRunning(session.client)) };
}

function isEmpty({ attributes, sections }: ConfSection): boolean {
  return attributes.length + sections.length === 0;
}

/**
 * Applies a configuration, in the order of scstadmin; returns the number of changes. Without the flag
 * `force` nothing is removed. Rejects with Fatal at the first error, unless the flag
 * `continueOnError` is set, and with a TreeError.
 */
export async function applyConfig(session: Session, wanted: Wanted): Promise<number> {
  const { client } = session;
  session.print("-> Applying configuration.");
  let changes = 0;
  // First, so that devices that are to be closed are in nobody's use.
  changes += await removeAssignments(session, wanted, await readRunning(client));
  changes += await applyDevices(session, wanted, await readRunning(client));
  changes += await applyTargets(session, wanted, await readRunning(client));
  changes += await applyDeviceGroups(session, wanted, await readRunning(client));
  changes += await applyEnabled(session, wanted);
  // Last, as in scstadmin: setup_id does not touch the ids of devices of the same run.
  changes += await setAttributes(session, ROOT, wanted.attributes);
  session.say(`Done, ${changes} change(s) made.`);
  return changes;
}

/** Gives up because of errors in a configuration, unless they are to be survived. Throws Fatal. */
export function refuseErrors({ flags }: Session, { errors }: CheckedConfig): void {
  if (errors > 0 && !flags.continueOnError) {
    throw new Fatal("The configuration has errors: nothing is done");
  }
}
