/** `scst why`: which rule lets an initiator in, or keeps it out. */
import { TreeError } from "../admin/tree.ts";
import { explainWhy, type LoginScene, type WhyAnswer } from "../admin/why.ts";
import { driverModel } from "../config/driver.ts";
import { readConfiguration, targetModel } from "../config/load.ts";
import { relativeIds } from "../config/relative_ids.ts";
import { connectTree } from "./connect_tree.ts";
import { SOCKET_OPTION } from "./control_path.ts";
import { ExitCode, UsageError } from "./failure.ts";
import { print } from "./output.ts";
import type { Verb, VerbInput } from "./verb.ts";

async function why(input: VerbInput): Promise<ExitCode> {
  const answer = await answerOf(input).catch((error) => {
    if (!(error instanceof TreeError) || error.errno !== "EINVAL") throw error;
    throw new UsageError(error.message, { cause: error });
  });
  if (input.options.has("json")) print(JSON.stringify(answer, null, 2));
  else print(textOf(answer));
  return answer.portals.some(({ allowed }) => allowed) ? ExitCode.OK : ExitCode.REFUSED;
}

/** What the configuration says that is named, else what the server that runs does. */
async function answerOf(input: VerbInput): Promise<WhyAnswer> {
  const { options, arguments: [initiator = "", target = "", portal] } = input;
  const path = options.get("config");
  if (path !== undefined) return explainWhy(sceneIn(path), initiator, target, portal);
  const query = new URLSearchParams({ initiator, target });
  if (portal !== undefined) query.set("portal", portal);
  return await connectTree(input).getJson<WhyAnswer>(`why?${query}`);
}

/** Throws a ConfigError. */
function sceneIn(path: string): LoginScene {
  const { iscsi, portals, devices, targets, device_groups } = readConfiguration(path);
  const ports = relativeIds(targets, device_groups);
  return {
    owner: "the configuration",
    driver: driverModel(iscsi),
    portals,
    devices: devices.map(({ name, values }) => ({ name, readOnly: values.read_only })),
    targets: targets.map((target) => targetModel(target, ports)),
  };
}

function textOf({ initiator, target, portals, did_you_mean: near }: WhyAnswer): string {
  const texts = portals.map((one) => {
    const verdict = one.allowed ? "allowed" : `refused with ${one.status}`;
    const rows: [string, string][] = one.gates.map(({ gate, open, says }) => [
      gate,
      open ? says : `REFUSED: ${says}`,
    ]);
    for (const { lun, device, read_only } of one.luns) {
      rows.push([`LUN ${lun}`, read_only ? `${device}, read only` : device]);
    }
    const width = Math.max(...rows.map(([name]) => name.length));
    return [
      `${initiator} at ${one.portal} of ${target}: ${verdict}`,
      ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    ].join("\n");
  });
  const hint = near === undefined ? "" : `\n  Did you mean ${near}?`;
  return texts.join("\n\n") + hint;
}

export const WHY: Verb = {
  name: "why",
  summary: "say which rule lets an initiator in, or keeps it out, and what it sees",
  arguments: [
    { name: "INITIATOR", description: "the initiator's name" },
    { name: "TARGET", description: "the target's name" },
    {
      name: "PORTAL",
      description: "the address that the initiator reaches (default: each of the portals)",
      isOptional: true,
    },
  ],
  options: [
    {
      name: "config",
      value: "FILE",
      description: "a configuration (YAML) that is asked, and not the server that runs",
      completion: "file",
    },
    { name: "json", description: "print JSON" },
    SOCKET_OPTION,
  ],
  examples: [
    "scst why iqn.1993-08.org.debian:01:host1 iqn.2026-11.org.example:disk1",
    "scst why HOST TARGET 10.0.0.1 --json",
    "scst why HOST TARGET --config scst.yaml",
    `the exit code is ${ExitCode.OK} for an initiator that may log in, and ${ExitCode.REFUSED} for one that may not`,
  ],
  run: why,
};
