/** Files of attributes that are kept and change nothing. */
import type { KeptRow } from "../config/kept.ts";
import type { KeptAttributes } from "../scst/model.ts";
import { changeable, valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import type { TreeFile } from "./tree.ts";

/** What an attribute says. */
function keptValue({ name, fallback }: KeptRow, kept: KeptAttributes | undefined): string {
  return kept?.[name] ?? fallback;
}

/** The attributes with one as it is written. Throws EINVAL. */
export function withKept(
  { name, fallback, rule }: KeptRow,
  kept: KeptAttributes | undefined,
  text: string,
): KeptAttributes {
  const bare = trimmed(text);
  const value = bare === "" && fallback === "" ? fallback : valueBy(rule, name, bare);
  const { [name]: _, ...others } = kept ?? {};
  return value === fallback ? others : { ...others, [name]: value };
}

/** The file of an attribute. */
export function keptFile(
  row: KeptRow,
  get: () => KeptAttributes | undefined,
  set: (change: (kept: KeptAttributes | undefined) => KeptAttributes) => Promise<void>,
): TreeFile {
  return changeable(
    () => {
      const kept = get();
      const value = keptValue(row, kept);
      if (value === "") return "";
      return valueText(row.instead?.(kept ?? {}) ?? value, value !== row.fallback);
    },
    (text) => set((kept) => withKept(row, kept, text)),
  );
}
