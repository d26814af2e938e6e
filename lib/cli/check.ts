/** `scst check FILE`: whether a configuration is valid. */
import { readConfiguration } from "../config/load.ts";
import { allLuns } from "../config/target.ts";
import { counted } from "./counted.ts";
import { ExitCode } from "./failure.ts";
import { print } from "./output.ts";
import type { Verb, VerbInput } from "./verb.ts";

/** Names every problem of the file, or says what is in it; starts and writes nothing. */
function check({ arguments: [path = ""] }: VerbInput): ExitCode {
  const { portals, devices, targets } = readConfiguration(path);
  const luns = targets.flatMap(allLuns).length;
  const content = [
    counted(portals.length, "portal"),
    counted(devices.length, "device"),
    counted(targets.length, "target"),
    counted(luns, "LUN"),
  ];
  print(`${path} is valid: ${content.join(", ")}`);
  return ExitCode.OK;
}

export const CHECK: Verb = {
  name: "check",
  summary: "validate a configuration without starting anything",
  arguments: [{ name: "FILE", description: "the configuration (YAML)", completion: "file" }],
  options: [],
  examples: ["scst check /etc/scst/scst.yaml"],
  run: check,
};
