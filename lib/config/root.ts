/** The section `scst` of a configuration: the attributes at the root of SCST's tree. */
import { type Attribute, type AttributeTable, optional, readObject } from "./attribute.ts";
import { number } from "./c_text.ts";
import { keptTable, ROOT_KEPT } from "./kept.ts";

export interface RootAttributes {
  /** From which the ids of devices are computed that have none of their own. */
  setup_id: number;
}

/** The keys of that section. */
export const ROOT_KEYS: AttributeTable<RootAttributes> = {
  setup_id: optional<number>(number(0, 0xffffffff), 0),
  ...keptTable(ROOT_KEPT),
};

/** The `scst` of a configuration. */
export const ROOT: Attribute<RootAttributes> = {
  fallback: readFallback(),
  read: (node, path, problems) => readObject(ROOT_KEYS, node, path, problems).values,
};

function readFallback(): RootAttributes {
  const entries = Object.entries(ROOT_KEYS).map(([key, { fallback }]) => [key, fallback]);
  return Object.fromEntries(entries);
}
