/** `ini_groups/` of a target: initiators that see LUNs of their own. */
import { GROUP_KEPT } from "../config/kept.ts";
import { ADDR_METHOD_RULE } from "../config/addr_method.ts";
import { GROUP_NAME_ALLOWED, isGroupName } from "../config/ini_group.ts";
import { PATTERN, patternIdentity } from "../config/pattern.ts";
import { quote } from "../config/problem.ts";
import type { GroupModel, ServerModel, TargetModel } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { withTarget } from "./edit.ts";
import { keptFiles } from "./kept_file.ts";
import { blackHoleFile } from "./live_files.ts";
import { lunsDirectory } from "./lun_mgmt.ts";
import { named, withItem, withoutItem } from "./named.ts";
import { changeable, directory, readable, valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { refuse, type TreeDirectory, TreeError } from "./tree.ts";
import { commandOf, exactWords } from "./words.ts";

const GROUPS_HELP = [
  'Usage: echo "create GROUP" >mgmt',
  '       echo "del GROUP" >mgmt',
  "",
].join("\n");

const INITIATORS_HELP = [
  'Usage: echo "add PATTERN" >mgmt',
  '       echo "del PATTERN" >mgmt',
  '       echo "move PATTERN GROUP" >mgmt',
  '       echo "clear" >mgmt',
  "",
].join("\n");

/** A target by its name; it may be gone. */
function targetNow(administration: Administration, name: string): TargetModel {
  return named(administration.model.targets, name) ?? refuse("ENODEV", "The target is gone");
}

export function groupsDirectory(administration: Administration, target: string): TreeDirectory {
  return directory({
    mgmt: () => changeable(() => GROUPS_HELP, (text) => manageGroups(administration, target, text)),
  }, {
    names: () => targetNow(administration, target).groups.map(({ name }) => name),
    lookup: (name) =>
      named(targetNow(administration, target).groups, name) &&
      groupDirectory(administration, target, name),
  });
}

async function manageGroups(
  administration: Administration,
  target: string,
  text: string,
): Promise<void> {
  const { word, rest } = commandOf(text);
  switch (word) {
    case "create": {
      const [name = ""] = exactWords(rest, 1, "create GROUP");
      if (!isGroupName(name)) {
        const what = `The name of a group must be ${GROUP_NAME_ALLOWED}`;
        throw new TreeError("EINVAL", `${what}: current value is ${quote(name)}`);
      }
      return await changeGroups(administration, target, (groups) => {
        if (named(groups, name) !== undefined) {
          throw new TreeError("EEXIST", `There is a group ${quote(name)} already`);
        }
        return [...groups, { name, initiators: [], luns: [], addrMethod: "PERIPHERAL" }];
      });
    }
    case "del": {
      const [name = ""] = exactWords(rest, 1, "del GROUP");
      return await changeGroups(administration, target, (groups) => {
        groupOf(groups, name);
        return withoutItem(groups, name);
      });
    }
    default:
      throw new TreeError("EINVAL", `${quote(word)} is no command here: create GROUP or del GROUP`);
  }
}

function changeGroups(
  administration: Administration,
  target: string,
  update: (groups: readonly GroupModel[]) => readonly GroupModel[],
): Promise<void> {
  return administration.change((model) =>
    withTarget(model, target, (one) => ({ ...one, groups: update(one.groups) }))
  );
}

/** The group of a name. Throws EINVAL. */
function groupOf(groups: readonly GroupModel[], name: string): GroupModel {
  return named(groups, name) ?? refuse("EINVAL", `There is no group ${quote(name)}`);
}

function groupDirectory(
  administration: Administration,
  target: string,
  name: string,
): TreeDirectory {
  const get = () =>
    named(targetNow(administration, target).groups, name) ?? refuse("ENODEV", "The group is gone");
  const changed = (model: ServerModel, update: (group: GroupModel) => GroupModel) =>
    withTarget(model, target, (one) => {
      const group = named(one.groups, name);
      return group === undefined ? one : { ...one, groups: withItem(one.groups, update(group)) };
    });
  const change = (update: (group: GroupModel) => GroupModel) =>
    administration.change((model) => changed(model, update));
  const kept = keptFiles(GROUP_KEPT, get, change);
  return directory({
    luns: () =>
      lunsDirectory(administration, {
        get: () => get().luns,
        set: (model, update) => changed(model, (group) => ({ ...group, luns: update(group.luns) })),
        toRoot: "../../../../../../..",
      }),
    initiators: () => initiatorsDirectory(administration, target, name, () => get().initiators),
    addr_method: () =>
      changeable(
        () => valueText(get().addrMethod, get().addrMethod !== "PERIPHERAL"),
        (text) => {
          const addrMethod = valueBy(ADDR_METHOD_RULE, "addr_method", trimmed(text));
          return change((group) => ({ ...group, addrMethod }));
        },
      ),
    black_hole: () => blackHoleFile(administration, { target, group: name }),
    ...kept,
  });
}

function initiatorsDirectory(
  administration: Administration,
  target: string,
  group: string,
  patterns: () => readonly string[],
): TreeDirectory {
  return directory({
    mgmt: () =>
      changeable(
        () => INITIATORS_HELP,
        (text) => manageInitiators(administration, target, group, text),
      ),
  }, {
    names: patterns,
    lookup: (name) => patterns().includes(name) ? readable(() => `${name}\n`) : undefined,
  });
}

async function manageInitiators(
  administration: Administration,
  target: string,
  group: string,
  text: string,
): Promise<void> {
  const { word, rest } = commandOf(text);
  const change = (update: (groups: readonly GroupModel[]) => readonly GroupModel[]) =>
    changeGroups(administration, target, update);
  switch (word) {
    case "add": {
      const [pattern = ""] = exactWords(rest, 1, "add PATTERN");
      valueBy(PATTERN, "A pattern", pattern);
      return await change((groups) => withPattern(groups, group, pattern));
    }
    case "del": {
      const [pattern = ""] = exactWords(rest, 1, "del PATTERN");
      return await change((groups) => withoutPattern(groups, group, pattern));
    }
    case "move": {
      const [pattern = "", other = ""] = exactWords(rest, 2, "move PATTERN GROUP");
      return await change((groups) => {
        const left = withoutPattern(groups, group, pattern);
        return withPattern(other === group ? groups : left, other, pattern);
      });
    }
    case "clear":
      exactWords(rest, 0, "clear");
      return await change((groups) =>
        withItem(groups, { ...groupOf(groups, group), initiators: [] })
      );
    default: {
      const forms = "add PATTERN, del PATTERN, move PATTERN GROUP or clear";
      throw new TreeError("EINVAL", `${quote(word)} is no command here: ${forms}`);
    }
  }
}

function withPattern(
  groups: readonly GroupModel[],
  name: string,
  pattern: string,
): readonly GroupModel[] {
  const group = groupOf(groups, name);
  const isThere = group.initiators.some((one) => patternIdentity(one) === patternIdentity(pattern));
  if (isThere) {
    throw new TreeError("EEXIST", `Group ${quote(name)} has ${quote(pattern)} already`);
  }
  return withItem(groups, { ...group, initiators: [...group.initiators, pattern] });
}

function withoutPattern(
  groups: readonly GroupModel[],
  name: string,
  pattern: string,
): readonly GroupModel[] {
  const group = groupOf(groups, name);
  const initiators = group.initiators.filter((one) =>
    patternIdentity(one) !== patternIdentity(pattern)
  );
  if (initiators.length === group.initiators.length) {
    throw new TreeError("EINVAL", `Group ${quote(name)} has no pattern ${quote(pattern)}`);
  }
  return withItem(groups, { ...group, initiators });
}
