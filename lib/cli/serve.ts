/** `scst serve`: the server that a configuration describes. */
import { loadConfig } from "../config/load.ts";
import type { ExitCode } from "./failure.ts";
import { serveModel } from "./run.ts";
import { stateDir } from "./state_dir.ts";
import type { Verb, VerbInput } from "./verb.ts";

function serve({ options }: VerbInput): Promise<ExitCode> {
  const path = options.get("config") ?? "";
  const state = stateDir(options.get("state"));
  const read = () => loadConfig(path, state);
  return serveModel(read(), { read });
}

export const SERVE: Verb = {
  name: "serve",
  summary: "serve the devices and targets of a configuration until SIGTERM or SIGINT",
  arguments: [],
  options: [
    {
      name: "config",
      value: "FILE",
      description: "the configuration (YAML); scst check FILE validates it, SIGHUP reads it again",
      required: true,
      completion: "file",
    },
    {
      name: "state",
      value: "DIR",
      description: "where device ids are kept (default: /var/lib/scst for root)",
      completion: "directory",
    },
  ],
  examples: [
    "scst serve --config /etc/scst.yaml",
    "scst serve --config disks.yaml --state ./state",
  ],
  run: serve,
};
