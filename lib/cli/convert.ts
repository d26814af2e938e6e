/** `scst import` and `scst export`: configurations of SCST as YAML, and the other way round. */
import { modelOfScstConf, scstConfOf } from "../admin/scst_conf.ts";
import { loadConfig } from "../config/load.ts";
import { plainOf } from "../config/plain.ts";
import { yamlText } from "../config/yaml_text.ts";
import { ExitCode } from "./failure.ts";
import { print } from "./output.ts";
import { STATE_OPTION, stateDir } from "./state_dir.ts";
import type { Verb, VerbInput } from "./verb.ts";

async function importConf({ arguments: [path = ""] }: VerbInput): Promise<ExitCode> {
  const model = await modelOfScstConf(path, "/");
  print(yamlText(plainOf(model)).trimEnd());
  return ExitCode.OK;
}

async function exportConf({ options, arguments: [path = ""] }: VerbInput): Promise<ExitCode> {
  const model = loadConfig(path, stateDir(options.get("state")));
  print((await scstConfOf(model)).trimEnd());
  return ExitCode.OK;
}

export const IMPORT: Verb = {
  name: "import",
  summary: "print what a configuration of SCST says as YAML",
  arguments: [{ name: "FILE", description: "a configuration of SCST", completion: "file" }],
  options: [],
  examples: ["scst import /etc/scst.conf >/etc/scst/scst.yaml"],
  run: importConf,
};

export const EXPORT: Verb = {
  name: "export",
  summary:
    "print what a configuration says as one of SCST (without portals, which SCST has none of)",
  arguments: [{ name: "FILE", description: "the configuration (YAML)", completion: "file" }],
  options: [STATE_OPTION],
  examples: ["scst export /etc/scst/scst.yaml >scst.conf"],
  run: exportConf,
};
