/** Configurations of either kind: YAML, or SCST's own where the name of the file ends with .conf. */
import { modelOfScstConf } from "../admin/scst_conf.ts";
import { loadConfig } from "../config/load.ts";
import type { ServerModel } from "../scst/model.ts";

/** Whether a file is one of SCST. */
export function isScstConf(path: string): boolean {
  return path.endsWith(".conf");
}

/** The model of the file `path`, as loadConfig() makes it. Rejects with a ConfigError. */
export function readAnyConfig(
  path: string,
  stateDir: string,
  now?: ServerModel,
): Promise<ServerModel> {
  if (isScstConf(path)) return modelOfScstConf(path, stateDir);
  return Promise.resolve().then(() => loadConfig(path, stateDir, now && { now }));
}
