/** `scst apply`, `scst reload` and `scst save`: configurations into a running server, and out of it. */
import type { PlannedStep } from "../admin/apply.ts";
import type { AppliedStep } from "../admin/control/config_routes.ts";
import { readConfigText } from "../config/load.ts";
import { connectTree } from "./connect_tree.ts";
import { SOCKET_OPTION } from "./control_path.ts";
import { ExitCode } from "./failure.ts";
import { print, printRaw } from "./output.ts";
import type { Verb, VerbInput } from "./verb.ts";

async function apply(input: VerbInput): Promise<ExitCode> {
  const { options, arguments: [path = ""] } = input;
  const query = new URLSearchParams({ name: path });
  for (const name of ["prune", "dry-run"]) if (options.has(name)) query.set(name, "");
  const text = await connectTree(input).post(`config/apply?${query}`, readConfigText(path));
  return tell(JSON.parse(text), options.has("json"));
}

async function reload(input: VerbInput): Promise<ExitCode> {
  const text = await connectTree(input).post("config/reload", "");
  return tell(JSON.parse(text), input.options.has("json"));
}

/** Prints what was done. */
function tell(steps: readonly (AppliedStep & Partial<PlannedStep>)[], isJson: boolean): ExitCode {
  if (isJson) print(JSON.stringify(steps, null, 2));
  else if (steps.length === 0) print("nothing to do");
  else for (const step of steps) print(lineOf(step));
  return steps.some(({ error }) => error !== undefined) ? ExitCode.FAILED : ExitCode.OK;
}

function lineOf(
  { what, error, keys = [], sessions = [] }: AppliedStep & Partial<PlannedStep>,
): string {
  if (error !== undefined) return `cannot ${what}: ${error}`;
  const line = keys.length === 0 ? what : `${what}: ${keys.join(", ")}`;
  return sessions.length === 0 ? line : `${line} (other LUNs for ${sessions.join(", ")})`;
}

async function save(input: VerbInput): Promise<ExitCode> {
  const tree = connectTree(input);
  if (input.options.has("print")) {
    printRaw(await tree.get("config"));
    return ExitCode.OK;
  }
  const { path, changed } = JSON.parse(await tree.post("config/save", ""));
  print(changed ? `saved in ${path}` : `${path} says so already`);
  return ExitCode.OK;
}

export const APPLY: Verb = {
  name: "apply",
  summary: "have a running server be as a configuration says; what it does not name stays",
  arguments: [{ name: "FILE", description: "the configuration (YAML)", completion: "file" }],
  options: [
    { name: "dry-run", description: "only tell the steps, the keys they change, and whose LUNs" },
    { name: "prune", description: "remove what the configuration does not name" },
    { name: "json", description: "print JSON" },
    SOCKET_OPTION,
  ],
  examples: ["scst apply disks.yaml --dry-run", "scst apply disks.yaml --prune"],
  run: apply,
};

export const RELOAD: Verb = {
  name: "reload",
  summary: "have a running server read its configuration again, and apply what differs",
  arguments: [],
  options: [{ name: "json", description: "print JSON" }, SOCKET_OPTION],
  examples: ["scst reload"],
  run: reload,
};

export const SAVE: Verb = {
  name: "save",
  summary: "save what a running server serves in its configuration; comments in it stay",
  arguments: [],
  options: [
    { name: "print", description: "print it, and save nothing" },
    SOCKET_OPTION,
  ],
  examples: ["scst save", "scst save --print >copy.yaml"],
  run: save,
};
