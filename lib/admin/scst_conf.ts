/** SCST's configuration files as models: what scstadmin would make of them on an empty server. */
import { ConfigError } from "../config/problem.ts";
import { readText, reason } from "../config/read_text.ts";
import { printScstConf } from "../config/scst_conf/print.ts";
import { log } from "../log.ts";
import type { PortalModel, ServerModel } from "../scst/model.ts";
import { Administration } from "./administration.ts";
import { emptyModel } from "./empty_model.ts";
import { LocalTreeClient } from "./local_client.ts";
import { OfflineEngine } from "./offline_engine.ts";
import { managementTree } from "./root.ts";
import { applyConfig, readConfig, refuseErrors } from "./scstadmin/apply_config.ts";
import { readRunning } from "./scstadmin/running.ts";
import { Fatal, Session } from "./scstadmin/session.ts";
import { writtenConfig } from "./scstadmin/write_config.ts";
import { TreeError } from "./tree.ts";

/** More is no configuration. */
const MAX_BYTES = 1024 * 1024;

/** Where SCST's daemon listens. */
const PORTALS: readonly PortalModel[] = [{ hostname: "0.0.0.0", port: 3260 }];

/** A session of scstadmin with a tree that serves nobody; what it says goes to `said`. */
function offlineSession(administration: Administration, said: string[]): Session {
  const tree = new LocalTreeClient(managementTree(administration));
  return new Session(tree, {
    print: (text) => said.push(text),
    confirm: () => true,
    readFile: () => "",
    writeFile: () => {},
  });
}

/**
 * The model that the file `path` of SCST says; what is left out of it, as scstadmin does, is warned of in
 * the log. Rejects with a ConfigError.
 */
export async function modelOfScstConf(path: string, stateDir: string): Promise<ServerModel> {
  const said: string[] = [];
  const model = await readModel(() => readText(path, MAX_BYTES), path, emptyModel(stateDir), said);
  for (const trouble of troublesIn(said)) log("warning", `${path}: ${trouble}`);
  return { ...model, portals: PORTALS };
}

/** What a server that is like `empty` becomes by the text of `path`. Rejects with a ConfigError. */
async function readModel(
  read: () => string,
  path: string,
  empty: ServerModel,
  said: string[],
): Promise<ServerModel> {
  const administration = new Administration(new OfflineEngine(), empty);
  const session = offlineSession(administration, said);
  try {
    const config = await readConfig(session, read(), path);
    if (config === undefined) throw new ConfigError([`${path}: there is nothing in it`]);
    refuseErrors(session, config);
    await applyConfig(session, config.wanted);
    return administration.model;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof Fatal || error instanceof TreeError) {
      throw new ConfigError([...troublesIn(said), `${path}: ${error.message}`], { cause: error });
    }
    throw new ConfigError([reason(error)], { cause: error });
  }
}

/** The troubles among what scstadmin has said, a line each. */
function troublesIn(said: readonly string[]): string[] {
  const lines = said.flatMap((text) => text.split("\n"));
  return lines.flatMap((line) => /\b(?:ERROR|WARNING): (.*\S)/.exec(line)?.[1] ?? []);
}

/**
 * A model as a configuration file of SCST; what that cannot say is left out: portals, and the order of
 * groups, of which the log warns where it is not that of their names. Rejects with a ConfigError where anything else would be read otherwise than it is meant, as a user whose name has a "=".
 */
export async function scstConfOf(model: ServerModel): Promise<string> {
  const said: string[] = [];
  const text = await printed(model, said);
  const again = await readModel(() => text, "it", emptyModel(model.stateDir), []).then(
    (read) => printed(read, []),
    (error) => cannotSay(error instanceof ConfigError ? error.problems.at(-1)! : reason(error)),
  );
  const kept = configured(again);
  const lost = configured(text).find((line, index) => line !== kept[index]);
  // Only the name: the value may be a secret.
  if (lost !== undefined) cannotSay(`${lost.trim().split(" ")[0]} would be read as something else`);
  for (const trouble of troublesIn(said)) log("warning", trouble);
  return text;
}

function cannotSay(why: string): never {
  throw new ConfigError([`SCST's configuration files cannot say this configuration: ${why}`]);
}

/**
 * The lines of a configuration in the order of their texts, but for the LUNs of the copy manager, whose
 * numbers nobody configures: what is read is not everywhere in the order in which it is written.
 */
function configured(text: string): string[] {
  return text.replace(/^TARGET_DRIVER copy_manager [^]*?^}$/m, "").split("\n").toSorted();
}

/** A model as the text of a file; what is to be known of it goes to `said`. */
async function printed(model: ServerModel, said: string[]): Promise<string> {
  const session = offlineSession(new Administration(new OfflineEngine(), model), said);
  return printScstConf(await writtenConfig(session, await readRunning(session.client)));
}
