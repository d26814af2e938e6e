/** `scst why`: which rule of a configuration lets an initiator in, or keeps it out. */
import type { Configuration } from "../config/configuration.ts";
import { driverModel } from "../config/driver.ts";
import { readConfiguration, targetModel } from "../config/load.ts";
import { nearestWord } from "../config/nearest.ts";
import { parsePortal, PORTAL_ALLOWED } from "../config/portal.ts";
import { quote } from "../config/problem.ts";
import { relativeIds } from "../config/relative_ids.ts";
import { explainLogin, type LoginExplanation } from "../iscsi/explain_login.ts";
import {
  type DriverModel,
  formatPortal,
  isForAll,
  type LunModel,
  type PortalModel,
  type TargetModel,
} from "../scst/model.ts";
import { ExitCode, UsageError } from "./failure.ts";
import { print } from "./output.ts";
import type { Verb, VerbInput } from "./verb.ts";

/** An explanation, and the portal that it is about. */
interface Answer {
  readonly portal: PortalModel;
  readonly explanation: LoginExplanation;
}

function why({ options, arguments: [initiator = "", name = "", portalText] }: VerbInput): ExitCode {
  const path = options.get("config") ?? "";
  const configuration = readConfiguration(path);
  const target = configuration.targets.find((one) => one.name === name.toLowerCase());
  const ports = relativeIds(configuration.targets, configuration.device_groups);
  const model = target && targetModel(target, ports);
  const portals = portalsMeant(configuration, portalText);
  const driver = driverModel(configuration.iscsi);
  if (model !== undefined && portalText === undefined) checkAddresses(driver, model, portals);
  const answers = portals.map((portal): Answer => ({
    portal,
    explanation: explainLogin(driver, model, initiator, portal),
  }));
  const readOnly = new Set(
    configuration.devices.filter(({ values }) => values.read_only).map((device) => device.name),
  );
  if (options.has("json")) print(asJson(initiator, name, answers, readOnly));
  else print(answers.map((answer) => asText(initiator, name, answer, readOnly)).join("\n\n"));
  if (model === undefined && !options.has("json")) suggest(name, configuration);
  const isAllowed = answers.some(({ explanation }) => explanation.isAllowed);
  return isAllowed ? ExitCode.OK : ExitCode.REFUSED;
}

/** The portals of the configuration, or what `text` says of one of them. Throws UsageError. */
function portalsMeant({ portals }: Configuration, text: string | undefined): PortalModel[] {
  if (text === undefined) return [...portals];
  const meant = parsePortal(text);
  if (meant === undefined) {
    throw new UsageError(`PORTAL must be ${PORTAL_ALLOWED}: current value is ${quote(text)}`);
  }
  const { hostname, port } = meant;
  const there = portals.filter((portal) =>
    portal.hostname === hostname || isForAll(portal.hostname)
  );
  const hasPort = /^[^:[]*:|\]:/.test(text);
  const found = there.find((portal) => portal.port === port) ?? (hasPort ? undefined : there[0]);
  if (found !== undefined) return [{ hostname, port: found.port }];
  const all = portals.map(formatPortal).join(", ");
  throw new UsageError(`PORTAL must be one that the configuration has, which are ${all}`);
}

/** A portal for all addresses does not say which one is reached. Throws UsageError. */
function checkAddresses(
  { internalPortals }: DriverModel,
  { attributes: { allowedPortals, perPortalAcl, redirect }, incomingUsers }: TargetModel,
  portals: readonly PortalModel[],
): void {
  const matters = allowedPortals.length > 0 || perPortalAcl || redirect !== undefined ||
    internalPortals.length > 0 && incomingUsers.length > 0;
  const open = portals.find(({ hostname }) => isForAll(hostname));
  if (!matters || open === undefined) return;
  const what = `Name the address that the initiator reaches of portal ${formatPortal(open)}`;
  throw new UsageError(`${what}, as it matters for this target: scst why INITIATOR TARGET PORTAL`);
}

function asText(
  initiator: string,
  target: string,
  { portal, explanation }: Answer,
  readOnly: ReadonlySet<string>,
): string {
  const { isAllowed, status, gates, luns } = explanation;
  const verdict = isAllowed ? "allowed" : `refused with ${status}`;
  const rows: [string, string][] = gates.map(({ gate, isOpen, says }) => [
    gate,
    isOpen ? says : `REFUSED: ${says}`,
  ]);
  for (const entry of luns) rows.push([`LUN ${entry.lun}`, deviceText(entry, readOnly)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `${initiator} at ${formatPortal(portal)} of ${target}: ${verdict}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
  ].join("\n");
}

function deviceText(entry: LunModel, readOnly: ReadonlySet<string>): string {
  return isReadOnly(entry, readOnly) ? `${entry.device}, read only` : entry.device;
}

/** As in SCST, a LUN is read only if its device is. */
function isReadOnly(entry: LunModel, readOnly: ReadonlySet<string>): boolean {
  return entry.readOnly || readOnly.has(entry.device);
}

function asJson(
  initiator: string,
  target: string,
  answers: readonly Answer[],
  readOnly: ReadonlySet<string>,
): string {
  const portals = answers.map(({ portal, explanation }) => ({
    portal: formatPortal(portal),
    allowed: explanation.isAllowed,
    status: explanation.status,
    gates: explanation.gates.map(({ gate, isOpen, says }) => ({ gate, open: isOpen, says })),
    group: explanation.match?.group ?? null,
    pattern: explanation.match?.pattern ?? null,
    luns: explanation.luns.map((entry) => ({
      lun: entry.lun,
      device: entry.device,
      read_only: isReadOnly(entry, readOnly),
    })),
  }));
  return JSON.stringify({ initiator, target, portals }, null, 2);
}

function suggest(name: string, { targets }: Configuration): void {
  const near = nearestWord(name, targets.map((target) => target.name));
  if (near !== undefined) print(`  Did you mean ${near}?`);
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
      description: "the configuration (YAML)",
      required: true,
      completion: "file",
    },
    { name: "json", description: "print JSON" },
  ],
  examples: [
    "scst why iqn.1993-08.org.debian:01:host1 iqn.2026-11.org.example:disk1 --config scst.yaml",
    "scst why HOST TARGET 10.0.0.1 --config scst.yaml --json",
    "the exit code is 0 for an initiator that may log in, and 3 for one that may not",
  ],
  run: why,
};
