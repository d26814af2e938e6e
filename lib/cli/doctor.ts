/** `scst doctor`: what keeps a server from working here, and the command that mends it. */
import { PLACES } from "../../ffi/places.ts";
import { modelOfScstConf } from "../admin/scst_conf.ts";
import { readConfiguration, targetModel } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { CHECKS } from "../doctor/checks.ts";
import {
  failure,
  type Finding,
  note,
  ok,
  type Patient,
  type Wants,
  warning,
} from "../doctor/finding.ts";
import { hasServiceUser, nameOf, SERVICE_USER } from "../doctor/who.ts";
import { shellWord } from "../doctor/shell_word.ts";
import { isScstConf } from "./any_config.ts";
import { SocketTreeClient } from "./connect_tree.ts";
import { controlPath, SOCKET_OPTION } from "./control_path.ts";
import { ExitCode, Failure, NoServerError } from "./failure.ts";
import { print } from "./output.ts";
import { absolutePath, STATE_OPTION, stateDir } from "./state_dir.ts";
import { treePath } from "./tree_path.ts";
import type { Verb, VerbInput } from "./verb.ts";

/** Where an installed server has its configuration. */
const CONFIG = PLACES.config;

/** A server that is well answers in milliseconds, whatever its disks do. */
const ANSWER_LIMIT_MS = 5000;

/** Options that have to be given again where another user asks the same. */
const OF_PLACES = ["config", "state", "socket"] as const;

interface Report extends Finding {
  readonly check: string;
}

async function doctor({ options }: VerbInput): Promise<ExitCode> {
  const uid = Deno.uid() ?? 0;
  const given = options.get("config");
  const config = given === undefined ? CONFIG : absolutePath(given);
  const isOwn = uid === 0 || nameOf(uid) === SERVICE_USER;
  const isOfService = config === CONFIG && (isOwn || hasServiceUser());
  const [server, socket] = await askServer(options.get("socket"), isOfService, nameOf(uid));
  const [configuration, wants] = await readWants(config, given !== undefined, nameOf(uid));
  const patient: Patient = {
    uid,
    owner: hasServiceUser() && (isOfService || uid === 0) ? SERVICE_USER : nameOf(uid),
    config,
    isOfService,
    isAboutOther: isOfService && !isOwn,
    args: OF_PLACES.map((name) => {
      const path = options.get(name);
      return path === undefined ? "" : ` --${name} ${shellWord(absolutePath(path))}`;
    }).join(""),
    wants,
    stateDir: isOfService && !options.has("state") ? PLACES.state : stateDir(options.get("state")),
    treePath: treePath(),
    isServing: socket !== undefined,
  };
  const reports: Report[] = [
    { check: "configuration", ...configuration },
    { check: "server", ...server },
  ];
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
  user: string,
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
    return [failure(`${first}${more}`, mendOfConfig(path, error, user)), undefined];
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

/** A file that this user may not read has no mistake that a check would find. */
function mendOfConfig(path: string, error: ConfigError, user: string): string {
  if (!isDenied(error)) return `scst check ${shellWord(path)}`;
  return path === CONFIG ? joinAdministrators(user) : `chown ${user} ${shellWord(path)}`;
}

function isDenied(error: Error): boolean {
  return isCausedBy(error, Deno.errors.PermissionDenied);
}

function isCausedBy(error: unknown, kind: new (message: string) => Error): boolean {
  if (!(error instanceof Error)) return false;
  const { cause } = error;
  return error instanceof kind || isCausedBy(cause, kind);
}

/** Members of the service's group may read its configuration and use its socket. */
function joinAdministrators(user: string): string {
  return `usermod -a -G ${SERVICE_USER} ${user}   # as root; from the next login on`;
}

/** Whether there is a server, and its socket if there is one: it has the ports and files then. */
async function askServer(
  given: string | undefined,
  isOfService: boolean,
  user: string,
): Promise<[Finding, string | undefined]> {
  let socket: string;
  try {
    socket = controlPath(given);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (!isOfService) return [note(`no server was looked for. ${error.message}`), undefined];
    socket = PLACES.control;
  }
  try {
    await new SocketTreeClient(socket).read("version", { limit: ANSWER_LIMIT_MS });
    return [ok(`a server answers at ${socket}`), socket];
  } catch (error) {
    if (error instanceof NoServerError && isCausedBy(error, Deno.errors.TimedOut)) {
      const what = `the server at ${socket} does not answer within ${ANSWER_LIMIT_MS / 1000} s`;
      const mend = isOfService ? PLACES.restart : "end it, with kill -9, and start it anew";
      return [failure(`${what}: it is stuck`, mend), socket];
    }
    if (error instanceof NoServerError && isDenied(error)) {
      return [warning(error.message, joinAdministrators(user)), socket];
    }
    if (error instanceof NoServerError) return [note(`no server answers at ${socket}`), undefined];
    if (!(error instanceof Failure)) throw error;
    return [warning(error.message, "restart it: the server is of another version"), socket];
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
    "runuser -u scst -- scst doctor",
    "the exit code is 1 if there is an error, else 0",
  ],
  run: doctor,
};
