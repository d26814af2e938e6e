/** `scst serve`: the server that a configuration describes. */
import { loadConfig } from "../config/load.ts";
import { log } from "../log.ts";
import { controlPath } from "./control_path.ts";
import { type ExitCode, Failure } from "./failure.ts";
import { serveModel } from "./run.ts";
import { stateDir } from "./state_dir.ts";
import type { Verb, VerbInput } from "./verb.ts";

function serve({ options }: VerbInput): Promise<ExitCode> {
  const path = options.get("config") ?? "";
  const state = stateDir(options.get("state"));
  const read = () => loadConfig(path, state);
  return serveModel(read(), { read, ...controlOf(options.get("control")) });
}

/** Where the server is administered; nowhere where nobody would look for it. */
function controlOf(given: string | undefined): { control?: string } {
  try {
    return { control: controlPath(given) };
  } catch (error) {
    if (!(error instanceof Failure) || given !== undefined) throw error;
    log("info", `there is no control socket: ${error.message.replace("--socket", "--control")}`);
    return {};
  }
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
    {
      name: "control",
      value: "PATH",
      description: `the socket for scst's other commands (default: as they look for it)`,
      completion: "file",
    },
  ],
  examples: [
    "scst serve --config /etc/scst.yaml",
    "scst serve --config disks.yaml --state ./state",
  ],
  run: serve,
};
