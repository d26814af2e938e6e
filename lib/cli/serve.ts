/** `scst serve`: the server that a configuration describes. */
import { groupId } from "../admin/control/group.ts";
import { LogHistory } from "../admin/log_history.ts";
import { ConfigFile } from "../config/config_file.ts";
import { configureLog, log } from "../log.ts";
import type { ServerModel } from "../scst/model.ts";
import { SLOW } from "../shard/server.ts";
import { isScstConf, readAnyConfig } from "./any_config.ts";
import { controlPath } from "./control_path.ts";
import { type ExitCode, Failure, UsageError } from "./failure.ts";
import { METRICS_OPTIONS, metricsOptions } from "./metrics_options.ts";
import { serveModel } from "./run.ts";
import { STOP_DEADLINE_MS } from "./signals.ts";
import { absolutePath, STATE_OPTION, stateDir } from "./state_dir.ts";
import { TREE_PATH, treePath } from "./tree_path.ts";
import type { Verb, VerbInput } from "./verb.ts";

async function serve({ options }: VerbInput): Promise<ExitCode> {
  const history = new LogHistory();
  configureLog("info", (level, line) => history.note(level, line));
  const path = options.get("config") ?? "";
  const group = options.get("group");
  const state = stateDir(options.get("state"));
  const deadline = deadlineOf(options.get("stop-within"));
  const read = (now?: ServerModel) => readAnyConfig(path, state, now);
  const metrics = metricsOptions(options);
  const slow = slowOf(options.get("slow"));
  return await serveModel(await read(), {
    read,
    history,
    ...(isScstConf(path) ? {} : { file: new ConfigFile(absolutePath(path), state) }),
    ...controlOf(options.get("control")),
    ...(group === undefined ? {} : { gid: groupId(group) }),
    ...treeOf(options.get("tree")),
    ...deadline,
    ...slow,
    ...(metrics === undefined ? {} : { metrics }),
  });
}

const MOST_STOP_SECONDS = 3600;

/** Where the tree is mounted: at a place that is named, else at the usual one if it is there. */
function treeOf(given: string | undefined): { tree?: string } {
  const tree = treePath(given);
  return tree === undefined || tree === TREE_PATH && !isDirectory(TREE_PATH) ? {} : { tree };
}

/** How long a stop may take, in milliseconds. Throws UsageError. */
function deadlineOf(given: string | undefined): { stopDeadline?: number } {
  if (given === undefined) return {};
  const seconds = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (seconds < 1 || seconds > MOST_STOP_SECONDS) {
    const allowed = `whole seconds from 1 to ${MOST_STOP_SECONDS}`;
    throw new UsageError(`Option --stop-within must be ${allowed}, not ${JSON.stringify(given)}`);
  }
  return { stopDeadline: seconds * 1000 };
}

/** Throws UsageError. */
function slowOf(given: string | undefined): { slow?: number } {
  if (given === undefined) return {};
  if (!/^\d{1,7}$/.test(given)) {
    const allowed = "milliseconds from 1 to 9999999, or 0 for none";
    throw new UsageError(`Option --slow must be ${allowed}, not ${JSON.stringify(given)}`);
  }
  return { slow: Number(given) === 0 ? Infinity : Number(given) };
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    // A mount that a server has left behind when it was killed: that is cleared away.
    return !(error instanceof Deno.errors.NotFound);
  }
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
      description:
        "the configuration (YAML, or SCST's if it ends with .conf); SIGHUP reads it again",
      required: true,
      completion: "file",
    },
    STATE_OPTION,
    {
      name: "control",
      value: "PATH",
      description: `the socket for scst's other commands (default: as they look for it)`,
      completion: "file",
    },
    {
      name: "group",
      value: "GROUP",
      description:
        "the group, by name or number, whose members may use that socket (default: the server's)",
    },
    {
      name: "tree",
      value: "DIR",
      description:
        `where the management tree is mounted, or none (default: SCST_TREE, else ${TREE_PATH} if it is there); SCST_FUSE_BROKER names the socket of a service that mounts it for servers that may not`,
      completion: "directory",
    },
    {
      name: "stop-within",
      value: "SECONDS",
      description: `how long a stop may take, with slow disks to flush (default: ${
        STOP_DEADLINE_MS / 1000
      })`,
    },
    {
      name: "slow",
      value: "MS",
      description: `log commands that take so many milliseconds, 0 for none (default: ${SLOW})`,
    },
    ...METRICS_OPTIONS,
  ],
  examples: [
    "scst serve --config /etc/scst/scst.yaml",
    "scst serve --config disks.yaml --state ./state",
    "scst serve --config /etc/scst.yaml --group disk",
    "scst serve --config /etc/scst.conf --tree /run/scst/tree",
    "scst serve --config disks.yaml --metrics 9860",
    "scst serve --config disks.yaml --metrics 0.0.0.0:9860 --metrics-token /etc/scst/token",
  ],
  run: serve,
};
