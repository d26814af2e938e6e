/** `scst doctor`: what keeps a server from working here, and the command that mends it. */
import { modelOfScstConf } from "../admin/scst_conf.ts";
import { readConfiguration, targetModel } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { CHECKS } from "../doctor/checks.ts";
import { failure, type Finding, note, ok, type Patient, type Wants } from "../doctor/finding.ts";
import { isScstConf } from "./any_config.ts";
import { SocketTreeClient } from "./connect_tree.ts";
import { controlPath, SOCKET_OPTION } from "./control_path.ts";
import { ExitCode, NoServerError } from "./failure.ts";
import { print } from "./output.ts";
import { STATE_OPTION, stateDir } from "./state_dir.ts";
import { treePath } from "./tree_path.ts";
import type { Verb, VerbInput } from "./verb.ts";

/** Where an installed server has its configuration. */
const CONFIG = "/etc/scst/scst.yaml";

interface Report extends Finding {
  readonly check: string;
}

async function doctor({ options }: VerbInput): Promise<ExitCode> {
  const socket = controlPath(options.get("socket"));
  const given = options.get("config");
  const [configuration, wants] = await readWants(given ?? CONFIG, given !== undefined);
  const patient: Patient = {
    uid: Deno.uid() ?? 0,
    wants,
    stateDir: stateDir(options.get("state")),
    controlPath: socket,
    treePath: treePath(),
    isServing: await answers(socket),
  };
  const reports: Report[] = [{ check: "configuration", ...configuration }];
  reports.push({
    check: "server",
    ...(patient.isServing
      ? ok(`a server answers at ${socket}`)
      : note(`no server answers at ${socket}`)),
  });
  for (const { name, look } of CHECKS) {
    for (const finding of await look(patient)) reports.push({ check: name, ...finding });
  }
  if (options.has("json")) print(JSON.stringify(reports, null, 2));
  else print(reports.map(asText).join("\n"));
  return reports.some(({ level }) => level === "error") ? ExitCode.FAILED : ExitCode.OK;
}

function asText({ check, level, says, mend }: Report): string {
  const line = `${level.padEnd(8)}${check.padEnd(15)}${says}`;
  return mend === undefined ? line : `${line}\n${" ".repeat(23)}-> ${mend}`;
}

/** What the configuration `path` wants, without making ids for its devices. */
async function readWants(
  path: string,
  isGiven: boolean,
): Promise<[Finding, Wants | undefined]> {
  try {
    const wants = isScstConf(path) ? await modelOfScstConf(path, "/") : readYaml(path);
    return [ok(`${path} is valid`), wants];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (!isGiven && !exists(path)) {
      return [note(`there is no ${path}: name one with --config`), undefined];
    }
    const [first = "", ...others] = error.problems;
    const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
    return [failure(`${first}${more}`, `scst check ${path}`), undefined];
  }
}

function readYaml(path: string): Wants {
  const { portals, devices, targets } = readConfiguration(path);
  return {
    portals,
    devices: devices.map(({ name, values }) => ({
      name,
      handler: values.handler,
      ...(values.filename === undefined ? {} : { filename: values.filename }),
      blocksize: values.blocksize,
      readOnly: values.read_only,
      active: values.active,
    })),
    targets: targets.map((target) => targetModel(target, new Map())),
  };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

async function answers(socket: string): Promise<boolean> {
  try {
    await new SocketTreeClient(socket).read("version");
    return true;
  } catch (error) {
    if (error instanceof NoServerError) return false;
    throw error;
  }
}

export const DOCTOR: Verb = {
  name: "doctor",
  summary: "look for what keeps a server from working here, with the command that mends it",
  arguments: [],
  options: [
    {
      name: "config",
      value: "FILE",
      description: `the configuration (default: ${CONFIG})`,
      completion: "file",
    },
    STATE_OPTION,
    SOCKET_OPTION,
    { name: "json", description: "print JSON" },
  ],
  examples: [
    "scst doctor",
    "runuser -u scst -- scst doctor --config /etc/scst/scst.yaml",
    "the exit code is 1 if there is an error, else 0",
  ],
  run: doctor,
};
