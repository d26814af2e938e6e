/** The groups of a target: initiators by pattern, and the LUNs that they see. */
import type { AddrMethod, KeptAttributes } from "../scst/model.ts";
import { ADDR_METHOD } from "./addr_method.ts";
import { type AttributeTable, readObject } from "./attribute.ts";
import { collection } from "./collection.ts";
import { GROUP_KEPT, keptPart, keptTable } from "./kept.ts";
import { list } from "./list.ts";
import { type LunDraft, LUNS } from "./luns.ts";
import { PATTERN, patternIdentity } from "./pattern.ts";

export interface GroupDraft {
  readonly name: string;
  readonly initiators: readonly string[];
  readonly luns: readonly LunDraft[];
  readonly addrMethod: AddrMethod;
  readonly kept?: KeptAttributes;
}

/** The keys of a group, under the names of SCST. */
export interface GroupAttributes {
  initiators: readonly string[];
  luns: readonly LunDraft[];
  addr_method: AddrMethod;
}

/** Patterns of one group. */
const MAX_PATTERNS = 1024;

/** A group is a directory of SCST's tree, beside the file `mgmt`. */
export const GROUP_NAME_ALLOWED =
  'a name of 1 to 64 printable ASCII characters without blanks, "/" and "=", and not mgmt';

export function isGroupName(text: string): boolean {
  return /^[!-.0-<>-~]{1,64}$/.test(text) && !["mgmt", ".", ".."].includes(text);
}

const GROUP_NAME = { allowed: GROUP_NAME_ALLOWED, accepts: isGroupName };

/** The keys of a group. */
export const GROUP: AttributeTable<GroupAttributes> = {
  initiators: list(PATTERN, MAX_PATTERNS, patternIdentity),
  luns: LUNS,
  addr_method: ADDR_METHOD,
  ...keptTable(GROUP_KEPT),
};

/** The `ini_groups` of a target. */
export const INI_GROUPS = collection<GroupDraft>(GROUP_NAME, ({ key, path, node }, problems) => {
  const { values } = readObject(GROUP, node, path, problems);
  const { initiators, luns, addr_method } = values;
  return { name: key, initiators, luns, addrMethod: addr_method, ...keptPart(GROUP_KEPT, values) };
});
