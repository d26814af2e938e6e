/** `scst import` and `scst export`: configurations of SCST, tgt and LIO as YAML, and YAML as SCST's. */
import { modelOfScstConf, scstConfOf } from "../admin/scst_conf.ts";
import { parseConfiguration } from "../config/configuration.ts";
import { importForeign } from "../config/foreign/import.ts";
import { knownIds } from "../config/ids.ts";
import { loadConfig } from "../config/load.ts";
import { plainOf } from "../config/plain.ts";
import { yamlText } from "../config/yaml_text.ts";
import { log } from "../log.ts";
import { ExitCode } from "./failure.ts";
import { print } from "./output.ts";
import { STATE_OPTION, stateDir } from "./state_dir.ts";
import type { Verb, VerbInput } from "./verb.ts";

async function importConf({ arguments: [path = ""] }: VerbInput): Promise<ExitCode> {
  const foreign = importForeign(path);
  if (foreign === undefined) {
    print(yamlText(plainOf(await modelOfScstConf(path, "/"))).trimEnd());
    return ExitCode.OK;
  }
  const text = yamlText(foreign.plain);
  print(text.trimEnd());
  for (const warning of foreign.warnings) log("warning", warning);
  // What is printed can be mended by hand, where the other target allowed what is not allowed here.
  parseConfiguration(text, "the configuration above");
  return ExitCode.OK;
}

async function exportConf({ options, arguments: [path = ""] }: VerbInput): Promise<ExitCode> {
  const model = loadConfig(path, stateDir(options.get("state")), { ids: knownIds });
  print((await scstConfOf(model)).trimEnd());
  return ExitCode.OK;
}

export const IMPORT: Verb = {
  name: "import",
  summary: "print what a configuration of SCST, tgt or LIO says as YAML",
  arguments: [{
    name: "FILE",
    description: "scst.conf, tgt's targets.conf or LIO's saveconfig.json: its text tells which",
    completion: "file",
  }],
  options: [],
  examples: [
    "scst import /etc/scst.conf >/etc/scst/scst.yaml",
    "scst import /etc/tgt/targets.conf >/etc/scst/scst.yaml",
    "scst import /etc/rtslib-fb-target/saveconfig.json >/etc/scst/scst.yaml",
  ],
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
