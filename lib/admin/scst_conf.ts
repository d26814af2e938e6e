/** SCST's configuration files as models: what scstadmin would make of them on an empty server. */
import { ConfigError } from "../config/problem.ts";
import { readText, reason } from "../config/read_text.ts";
import type { PortalModel, ServerModel } from "../scst/model.ts";
import { Administration } from "./administration.ts";
import { emptyModel } from "./empty_model.ts";
import { LocalTreeClient } from "./local_client.ts";
import { OfflineEngine } from "./offline_engine.ts";
import { managementTree } from "./root.ts";
import { runScstadmin } from "./scstadmin/run.ts";

/** More is no configuration. */
const MAX_BYTES = 1024 * 1024;

/** Where SCST's daemon listens. */
const PORTALS: readonly PortalModel[] = [{ hostname: "0.0.0.0", port: 3260 }];

/** One call of scstadmin for a tree that serves nobody; resolves with what it wrote and said. */
async function offline(
  administration: Administration,
  args: readonly string[],
  readFile: (path: string) => string,
): Promise<{ readonly code: number; readonly written: string; readonly said: string }> {
  let written = "";
  const said: string[] = [];
  const tree = new LocalTreeClient(managementTree(administration));
  const code = await runScstadmin(["-noprompt", ...args], () => Promise.resolve(tree), {
    print: (text) => said.push(text),
    confirm: () => true,
    readFile,
    writeFile: (_, text) => written = text,
  });
  return { code, written, said: said.join("\n") };
}

/** The model that the file `path` of SCST says. Throws a ConfigError. */
export async function modelOfScstConf(path: string, stateDir: string): Promise<ServerModel> {
  const administration = new Administration(new OfflineEngine(), emptyModel(stateDir));
  const { code, said } = await offline(
    administration,
    ["-config", path],
    () => {
      try {
        return readText(path, MAX_BYTES);
      } catch (error) {
        throw new ConfigError([reason(error)], { cause: error });
      }
    },
  );
  const trouble = /(?:FATAL|WARNING): Received the following error:\s*([\s\S]*?)\s*$/.exec(said)
    ?.[1];
  if (code !== 0 || trouble !== undefined) {
    throw new ConfigError((trouble ?? said).split(/\n\s*/).map((line) => line.trim()));
  }
  return { ...administration.model, portals: PORTALS };
}

/** A model as a configuration file of SCST; what that cannot say is left out. */
export async function scstConfOf(model: ServerModel): Promise<string> {
  const administration = new Administration(new OfflineEngine(), model);
  const { code, written, said } = await offline(
    administration,
    ["-write_config", "scst.conf"],
    () => "",
  );
  if (code !== 0) throw new ConfigError([said]);
  return written;
}
