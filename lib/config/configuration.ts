/** A whole configuration: its sections, and what has to hold across them. */
import { formatPortal, type PortalModel } from "../scst/model.ts";
import { type Attribute, type AttributeTable, readObject, readScalar } from "./attribute.ts";
import { COPY_MANAGER, type CopyManagerAttributes } from "./copy_manager.ts";
import { checkUnique, type DeviceDraft, DEVICES } from "./device.ts";
import { DEVICE_GROUPS, type DeviceGroupDraft } from "./device_group.ts";
import { checkDeviceGroups } from "./device_group_rules.ts";
import { DRIVER, type DriverAttributes } from "./driver.ts";
import { type ConfigNode, describeNode, isEmpty } from "./node.ts";
import { parsePortal, PORTAL_ALLOWED, portalHint, portalsOverlap } from "./portal.ts";
import { checkLuns } from "./luns.ts";
import { type Position, ProblemList, quote } from "./problem.ts";
import { checkRelativeIds } from "./relative_ids.ts";
import { ROOT, type RootAttributes } from "./root.ts";
import { allLuns, type TargetDraft, TARGETS } from "./target.ts";
import { checkUsers, type UserAttributes } from "./users.ts";
import { parseYaml } from "./yaml_tree.ts";

/** A valid configuration; devices may still lack identities. */
export interface Configuration {
  portals: readonly PortalModel[];
  devices: readonly DeviceDraft[];
  targets: readonly TargetDraft[];
  device_groups: readonly DeviceGroupDraft[];
  /** The attributes of the driver. */
  iscsi: DriverAttributes;
  /** The attributes of the copy manager's target. */
  copy_manager: CopyManagerAttributes;
  /** What holds for all of SCST. */
  scst: RootAttributes;
}

/** More portals than this are a mistake, and each is compared with all before it. */
const MAX_PORTALS = 64;

const PORTALS: Attribute<readonly PortalModel[]> = {
  fallback: [],
  required: true,
  read: (node, path, problems) => {
    if (node.kind === "broken") return undefined;
    if (node.kind !== "list" || node.items.length === 0) {
      const what = "must be a list of addresses, as in '- \"127.0.0.1:3260\"'";
      const current = node.kind === "list" ? "empty" : describeNode(node);
      problems.add(node.at, path, `${what}: current value is ${current}`);
      return undefined;
    }
    if (node.items.length > MAX_PORTALS) {
      problems.add(
        node.at,
        path,
        `must have at most ${MAX_PORTALS} items: it has ${node.items.length}`,
      );
      return undefined;
    }
    return readPortals(node.items, path, problems);
  },
};

function readPortals(
  items: readonly ConfigNode[],
  path: string,
  problems: ProblemList,
): readonly PortalModel[] {
  const rule = {
    allowed: PORTAL_ALLOWED,
    parse: ({ text }: { text: string }) => parsePortal(text),
    hint: portalHint,
  };
  const taken: { readonly portal: PortalModel; readonly at: Position }[] = [];
  for (const [index, item] of items.entries()) {
    const itemPath = `${path}[${index}]`;
    const portal = readScalar(rule, item, itemPath, problems);
    if (!portal) continue;
    const other = taken.find((earlier) => portalsOverlap(earlier.portal, portal));
    if (other) {
      const text = quote(formatPortal(portal));
      const what = other.portal.hostname === portal.hostname
        ? `must not be given twice: ${text} is also`
        : `must not overlap another portal: ${text} and ${quote(formatPortal(other.portal))}`;
      problems.add(item.at, itemPath, `${what} in line ${other.at.line}`);
    }
    taken.push({ portal, at: item.at });
  }
  return taken.map(({ portal }) => portal);
}

const CONFIGURATION: AttributeTable<Configuration> = {
  portals: PORTALS,
  devices: DEVICES,
  targets: TARGETS,
  device_groups: DEVICE_GROUPS,
  iscsi: DRIVER,
  copy_manager: COPY_MANAGER,
  scst: ROOT,
};

/** What has users in a configuration. */
export function userOwners({ iscsi, targets }: Configuration): UserAttributes[] {
  return [iscsi, ...targets.map(({ users }) => users)];
}

/** Parses and validates `text`; `file` is the name that problems give it. Throws ConfigError. */
export function parseConfiguration(text: string, file: string): Configuration {
  const problems = new ProblemList(file);
  const root = parseYaml(text, problems);
  if (!root) {
    problems.throwIfAny();
    throw new Error("A text without a tree has a problem");
  }
  if (isEmpty(root)) {
    problems.add(root.at, "", "is empty: it needs at least portals");
    problems.throwIfAny();
  }
  const { values } = readObject(CONFIGURATION, root, "", problems);
  const { targets, device_groups } = values;
  const devices = values.devices.map((device) => device.name);
  checkUnique(values.devices, problems);
  checkUsers(userOwners(values), problems);
  checkLuns(targets.flatMap(allLuns), devices, problems);
  checkDeviceGroups(device_groups, devices, targets.map((target) => target.name), problems);
  checkRelativeIds(targets, device_groups, problems);
  problems.throwIfAny();
  return values;
}
