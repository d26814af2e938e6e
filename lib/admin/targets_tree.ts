/** `targets/iscsi/`: the driver's attributes, and its targets. */
import { number, SWITCH } from "../config/c_text.ts";
import { TARGET_KEPT } from "../config/kept.ts";
import { PATTERN } from "../config/pattern.ts";
import { ADDRESS } from "../config/portal.ts";
import type { DriverModel, ServerModel, TargetModel } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { withTarget } from "./edit.ts";
import { groupsDirectory } from "./groups_tree.ts";
import { ALLOWED_PORTAL, DRIVER, INCOMING } from "./instances.ts";
import { isnsFiles } from "./isns_files.ts";
import { keptFiles } from "./kept_file.ts";
import { blackHoleFile } from "./live_files.ts";
import { lunsDirectory } from "./lun_mgmt.ts";
import { named } from "./named.ts";
import {
  changeable,
  daemonText,
  digit,
  directory,
  directoryOf,
  type FoundEntries,
  readable,
  together,
  valueText,
} from "./nodes.ts";
import { targetCounters } from "./counters.ts";
import { sessionsDirectory } from "./sessions_tree.ts";
import { DRIVER_HELP, manageDriver, withPortals } from "./target_mgmt.ts";
import { TARGET_ROWS } from "./target_rows.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { ISCSI_TRACES, traceLevel } from "./trace_level.ts";
import { refuse, type TreeDirectory, TreeError, type TreeFile } from "./tree.ts";
import { userFiles } from "./users.ts";
import { VERSION } from "./version.ts";
import { wordsOf } from "./words.ts";

/** The driver: discovery's users, what holds for all targets, and the targets. */
export function driverDirectory(administration: Administration): TreeDirectory {
  const get = () => administration.model.driver;
  const change = (update: (driver: DriverModel) => DriverModel) =>
    administration.change((model) => ({ ...model, driver: update(model.driver) }));
  return directory(
    {
      mgmt: () => changeable(() => DRIVER_HELP, (text) => manageDriver(administration, text)),
      version: () => readable(() => `${VERSION}\n`),
      open_state: () => readable(() => "open\n"),
      trace_level: () => traceLevel(ISCSI_TRACES),
      enabled: () =>
        changeable(() => `${digit(get().enabled)}\n\n`, (text) => {
          const enabled = valueBy(SWITCH, "enabled", trimmed(text));
          return change((driver) => ({ ...driver, enabled }));
        }),
      link_local: () =>
        changeable(
          () => get().linkLocal ? "1\n\n" : daemonText(0, true),
          (text) => {
            const linkLocal = valueBy(SWITCH, "link_local", trimmed(text));
            return change((driver) => ({ ...driver, linkLocal }));
          },
        ),
      internal_portal: () =>
        changeable(
          () => {
            const { internalPortals } = get();
            return internalPortals.length === 0
              ? "\n\n"
              : daemonText(internalPortals.join(" "), true);
          },
          (text) => {
            const addresses = wordsOf(text);
            const internalPortals = addresses.map((one) =>
              valueBy(ADDRESS, "internal_portal", one)
            );
            return change((driver) => ({ ...driver, internalPortals }));
          },
        ),
      ...isnsFiles(get, change),
    },
    together(userFiles(userNames(administration, DRIVER), get, change), targetsOf(administration)),
  );
}

function targetsOf(administration: Administration): FoundEntries {
  const directoryOfTarget = directoryOf(({ name }: TargetModel) =>
    targetDirectory(administration, name)
  );
  return {
    names: () => administration.model.targets.map(({ name }) => name),
    lookup: (name) => {
      const target = named(administration.model.targets, name);
      return target && directoryOfTarget(target);
    },
  };
}

function targetDirectory(administration: Administration, name: string): TreeDirectory {
  const get = () =>
    named(administration.model.targets, name) ?? refuse("ENODEV", "The target is gone");
  const change = (update: (target: TargetModel) => TargetModel) =>
    administration.change((model) => withTarget(model, name, update));
  const rows = TARGET_ROWS.map((row) => [
    row.name,
    () => changeable(() => row.text(get()), (text) => change((target) => row.set(target, text))),
  ]);
  const kept = keptFiles(TARGET_KEPT, get, change);
  return directory(
    {
      luns: () =>
        lunsDirectory(administration, {
          get: () => get().luns,
          set: (model, update) =>
            withTarget(model, name, (target) => ({ ...target, luns: update(target.luns) })),
          toRoot: "../../../../..",
        }),
      ini_groups: () => groupsDirectory(administration, name),
      sessions: () => sessionsDirectory(administration, name),
      enabled: () =>
        changeable(() => `${digit(get().attributes.enabled)}\n`, (text) => {
          const enabled = valueBy(SWITCH, "enabled", trimmed(text));
          return administration.change((model) => withEnabled(model, name, enabled));
        }),
      rel_tgt_id: () =>
        changeable(() => valueText(get().relTgtId, get().relTgtId !== 0), (text) => {
          const id = valueBy(number(0, 65535), "rel_tgt_id", trimmed(text));
          return administration.change((model) => withRelativeId(model, name, id));
        }),
      tid: () => readable(() => `${administration.numbers.targetId(name)}\n`),
      black_hole: () => blackHoleFile(administration, { target: name, group: undefined }),
      sg_tablesize: () => readable(() => "65535\n"),
      per_portal_acl: () =>
        changeable(
          () => get().attributes.perPortalAcl ? daemonText(1, true) : "0\n\n",
          (text) => {
            const perPortalAcl = valueBy(SWITCH, "per_portal_acl", trimmed(text));
            return change((target) => ({
              ...target,
              attributes: { ...target.attributes, perPortalAcl },
            }));
          },
        ),
      ...targetCounters(administration, name),
      ...Object.fromEntries(rows),
      ...kept,
    },
    together(
      allowedPortals(
        (pattern) => administration.numbers.instances.nameOf(name, ALLOWED_PORTAL, pattern),
        get,
        change,
      ),
      userFiles(userNames(administration, name), get, change),
    ),
  );
}

/** What the files of the incoming users of an object are called. */
function userNames({ numbers }: Administration, owner: string): (user: string) => string {
  return (user) => numbers.instances.nameOf(owner, INCOMING, user);
}

/** The files `allowed_portal`, `allowed_portal1` and so on. */
function allowedPortals(
  nameOf: (pattern: string) => string,
  get: () => TargetModel,
  change: (update: (target: TargetModel) => TargetModel) => Promise<void>,
): FoundEntries {
  const names = () => get().attributes.allowedPortals.map(nameOf);
  return {
    names,
    lookup: (name) => {
      const index = names().indexOf(name);
      return index < 0 ? undefined : allowedPortal(get, change, index);
    },
  };
}

function allowedPortal(
  get: () => TargetModel,
  change: (update: (target: TargetModel) => TargetModel) => Promise<void>,
  index: number,
): TreeFile {
  const pattern = () => get().attributes.allowedPortals[index] ?? "";
  return changeable(() => daemonText(pattern(), true), (text) => {
    const next = valueBy(PATTERN, "allowed_portal", trimmed(text));
    return change((target) => {
      const { allowedPortals } = target.attributes;
      return withPortals(target, allowedPortals.with(index, next));
    });
  });
}

/** A target that is enabled has a relative identifier: the lowest that is free where none was given. */
function withEnabled(model: ServerModel, name: string, enabled: boolean): ServerModel {
  return withTarget(model, name, (target) => {
    const relTgtId = enabled && target.relTgtId === 0 ? freeId(model) : target.relTgtId;
    if (enabled) checkId(model, name, relTgtId);
    return { ...target, relTgtId, attributes: { ...target.attributes, enabled } };
  });
}

function withRelativeId(model: ServerModel, name: string, relTgtId: number): ServerModel {
  return withTarget(model, name, (target) => {
    if (target.attributes.enabled) {
      if (relTgtId === 0) {
        const what = "rel_tgt_id must be a number from 1 to 65535 as long as the target is enabled";
        throw new TreeError("EINVAL", `${what}: current value is 0`);
      }
      checkId(model, name, relTgtId);
    }
    return { ...target, relTgtId };
  });
}

/** The identifiers of the ports of other targets: of those that are enabled, and of other nodes. */
function takenIds({ targets, deviceGroups }: ServerModel, name: string): Map<number, string> {
  const own = targets.filter(({ attributes }) => attributes.enabled);
  const remote = deviceGroups.flatMap(({ targetGroups }) => targetGroups)
    .flatMap((group) => group.targets.filter(({ isRemote }) => isRemote));
  const others = [...own, ...remote].filter((target) => target.name !== name);
  return new Map(others.map((target) => [target.relTgtId, target.name]));
}

function checkId(model: ServerModel, name: string, relTgtId: number): void {
  const owner = takenIds(model, name).get(relTgtId);
  if (owner === undefined) return;
  throw new TreeError("EBADSLT", `rel_tgt_id ${relTgtId} is that of target ${owner}`);
}

function freeId(model: ServerModel): number {
  const taken = new Set([
    ...takenIds(model, "").keys(),
    ...model.targets.map(({ relTgtId }) => relTgtId),
  ]);
  for (let id = 1; id <= 65535; id++) if (!taken.has(id)) return id;
  throw new TreeError("EBADSLT", "There is no free rel_tgt_id: all from 1 to 65535 are taken");
}
