/** Tables as scstadmin prints them, so that what reads its output can read this. */
import type { AttributeState } from "./attributes.ts";

/** One row of a table of attributes. */
export interface AttributeRow {
  readonly name: string;
  readonly value: string;
  readonly isWritable: boolean;
  readonly isKey: boolean;
}

const GAP = "     ";

/** A heading, a line below it that is `width` wide, and rows. */
export function underlined(heading: string, width: number, rows: readonly string[]): string {
  return ["\t" + heading, "\t" + "-".repeat(width), ...rows.map((row) => `\t${row}`)].join("\n");
}

/** A table of one column. */
export function column(heading: string, names: readonly string[], least = 0): string {
  return underlined(heading, widest(names, least), names);
}

/** The table of attributes; without `nonKey`, of those that are to be saved. */
export function attributeTable(states: Iterable<AttributeState>, nonKey: boolean): string {
  const rows = [...states].toSorted((a, b) => a.name < b.name ? -1 : 1).flatMap((state) =>
    nonKey || state.isKey ? rowsOf(state) : []
  );
  return rowTable(rows);
}

function rowsOf({ name, instances, isKey, isStatic }: AttributeState): AttributeRow[] {
  const isWritable = !isStatic;
  if (instances.length === 0) return [{ name, value: "<n/a>", isWritable, isKey }];
  const values = instances.flatMap(({ value }) =>
    name === "trace_level" ? value.split("|").map((word) => word.trim()) : [value]
  );
  return values.toSorted().map((value, index) => ({
    name: index === 0 ? name : "",
    value: value === "" ? "<not set>" : value,
    isWritable,
    isKey,
  }));
}

/** The table of `rows`, in their order. */
export function rowTable(rows: readonly AttributeRow[]): string {
  const nameWidth = widest(rows.map(({ name }) => name), 9);
  const valueWidth = widest(rows.map(({ value }) => value), 5);
  const line = (name: string, value: string, writable: string, key: string) =>
    [name.padEnd(nameWidth), value.padEnd(valueWidth), writable.padEnd(9), key.padEnd(3)].join(GAP);
  const yes = (truth: boolean) => truth ? "Yes" : "No";
  const heading = line("Attribute", "Value", "Writable", "KEY");
  const body = rows.map(({ name, value, isWritable, isKey }) =>
    line(name, value, yes(isWritable), yes(isKey))
  );
  return underlined(heading, nameWidth + valueWidth + 27, body.length > 0 ? body : ["(none)"]);
}

/** The width of the widest of `texts`, and at least `least`. */
export function widest(texts: readonly string[], least = 0): number {
  return texts.reduce((width, text) => Math.max(width, text.length), least);
}
