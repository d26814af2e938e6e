/** The section `copy_manager` of a configuration: the attributes of the copy manager's target. */
import { type Attribute, readObject } from "./attribute.ts";
import { COPY_MANAGER_KEPT, keptTable } from "./kept.ts";

/** The keys of the target, under the names of SCST. */
export type CopyManagerAttributes = Readonly<Record<string, string>>;

const TABLE = keptTable(COPY_MANAGER_KEPT);

/** The `copy_manager` of a configuration. */
export const COPY_MANAGER: Attribute<CopyManagerAttributes> = {
  fallback: Object.fromEntries(COPY_MANAGER_KEPT.map(({ name, fallback }) => [name, fallback])),
  isUncommon: true,
  read: (node, path, problems) => readObject(TABLE, node, path, problems).values,
};
