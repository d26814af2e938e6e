/** Files of attributes that are kept and change nothing. */
import type { KeptRow } from "../config/kept.ts";
import type { KeptAttributes } from "../scst/model.ts";
import { changeable, daemonText, type Entries, valueText } from "./nodes.ts";
import { DEFAULT, trimmed, valueBy } from "./text_value.ts";
import type { TreeFile } from "./tree.ts";

/** What an attribute says. */
function keptValue({ name, fallback }: KeptRow, kept: KeptAttributes | undefined): string {
  return kept?.[name] ?? fallback;
}

/** The attributes with one as it is written. Throws EINVAL. */
export function withKept(
  { name, fallback, rule, isDaemon }: KeptRow,
  kept: KeptAttributes | undefined,
  text: string,
): KeptAttributes {
  const bare = trimmed(text);
  const isReset = bare === "" && fallback === "" || bare === DEFAULT && isDaemon === true;
  const value = isReset ? fallback : valueBy(rule, name, bare);
  const { [name]: _, ...others } = kept ?? {};
  return value === fallback ? others : { ...others, [name]: value };
}

type Get = () => KeptAttributes | undefined;
type Set = (change: (kept: KeptAttributes | undefined) => KeptAttributes) => Promise<void>;

/** The files of attributes of an object, whose model they are read from and written to. */
export function keptFiles(rows: readonly KeptRow[], get: Get, set: Set): Entries {
  return Object.fromEntries(rows.flatMap((row) => {
    const names = row.alias === undefined ? [row.name] : [row.name, row.alias];
    return names.map((name) => [name, () => keptFile(row, get, set)] as const);
  }));
}

function keptFile(row: KeptRow, get: Get, set: Set): TreeFile {
  const show = row.isDaemon ? daemonText : valueText;
  return changeable(
    () => {
      const kept = get();
      const value = keptValue(row, kept);
      if (value === "") return "";
      return show(row.instead?.(kept ?? {}) ?? value, value !== row.fallback);
    },
    (text) => set((kept) => withKept(row, kept, text)),
  );
}
