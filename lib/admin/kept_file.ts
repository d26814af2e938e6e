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

/** What has attributes that are kept; as long as none is set it has no `kept`. */
interface Keeper {
  readonly kept?: KeptAttributes;
}

/** `keeper` with an attribute as it is written. Throws EINVAL. */
export function withKept<T extends Keeper>(
  { name, fallback, rule, isDaemon }: KeptRow,
  { kept: before = {}, ...keeper }: T,
  text: string,
): T {
  const bare = trimmed(text);
  const isReset = bare === "" && fallback === "" || bare === DEFAULT && isDaemon === true;
  const value = isReset ? fallback : valueBy(rule, name, bare);
  const { [name]: _, ...others } = before;
  const kept = value === fallback ? others : { ...others, [name]: value };
  return (Object.keys(kept).length === 0 ? keeper : { ...keeper, kept }) as T;
}

type Change<T> = (update: (keeper: T) => T) => Promise<void>;

/** The files of attributes of an object, whose model they are read from and written to. */
export function keptFiles<T extends Keeper>(
  rows: readonly KeptRow[],
  get: () => T,
  change: Change<T>,
): Entries {
  return Object.fromEntries(rows.flatMap((row) => {
    const names = row.alias === undefined ? [row.name] : [row.name, row.alias];
    return names.map((name) => [name, () => keptFile(row, get, change)] as const);
  }));
}

function keptFile<T extends Keeper>(row: KeptRow, get: () => T, change: Change<T>): TreeFile {
  const show = row.isDaemon ? daemonText : valueText;
  return changeable(
    () => {
      const { kept } = get();
      const value = keptValue(row, kept);
      if (value === "") return "";
      return show(row.instead?.(kept ?? {}) ?? value, value !== row.fallback);
    },
    (text) => change((keeper) => withKept(row, keeper, text)),
  );
}
