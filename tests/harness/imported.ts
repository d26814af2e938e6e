/** What an import of a foreign configuration has made. */
import { parseConfiguration } from "../../lib/config/configuration.ts";
import type { Imported } from "../../lib/config/foreign/draft.ts";
import type { PlainMap } from "../../lib/config/plain.ts";
import { yamlText } from "../../lib/config/yaml_text.ts";

/** Two targets. */
export const A = "iqn.2026-11.org.example:a";
export const B = "iqn.2026-11.org.example:b";

/** The YAML of an import, which has to be valid. */
export function yamlOf({ plain }: Imported): string {
  const text = yamlText(plain);
  parseConfiguration(text, "imported.yaml");
  return text;
}

/** A part of it, by the keys that lead there. */
export function part({ plain }: Imported, ...path: string[]): unknown {
  return path.reduce<unknown>((map, key) => (map as PlainMap).get(key), plain);
}
