/** Rows that fit into the width of a terminal: names are shortened first, then columns are left out. */
import { cellText, GAP, type Row } from "./everyday/listing.ts";

export interface Fitting {
  /** Columns whose texts may be shortened. */
  readonly names: readonly string[];
  /** Columns that may be left out, the first ones first. */
  readonly spare: readonly (readonly string[])[];
}

export interface Fitted {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** Characters that are left of a name at least. */
const FEWEST = 12;

/** What is left of columns and rows where a line has `width` characters. */
export function fittedRows(
  columns: readonly string[],
  rows: readonly Row[],
  width: number,
  { names, spare }: Fitting,
): Fitted {
  const widest = new Map(columns.map((name) => [name, widthOf(name, rows)]));
  const fewest = (name: string) =>
    names.includes(name) ? Math.min(widest.get(name)!, FEWEST) : widest.get(name)!;
  const roomBeside = (left: readonly string[]) =>
    width - left.reduce((sum, name) => sum + fewest(name), GAP.length * (left.length - 1));
  let left = columns;
  for (const some of spare) {
    if (roomBeside(left) >= 0) break;
    left = left.filter((name) => !some.includes(name));
  }
  let room = Math.max(0, roomBeside(left));
  const most = new Map<string, number>();
  for (const name of names.filter((name) => left.includes(name))) {
    const more = Math.min(room, widest.get(name)! - fewest(name));
    most.set(name, fewest(name) + more);
    room -= more;
  }
  return { columns: left, rows: rows.map((row) => shortened(row, most)) };
}

function widthOf(name: string, rows: readonly Row[]): number {
  return Math.max(name.length, ...rows.map((row) => cellText(row[name]).length));
}

function shortened(row: Row, most: ReadonlyMap<string, number>): Row {
  const texts = Array.from(most, ([name, length]) => [name, ending(cellText(row[name]), length)]);
  return { ...row, ...Object.fromEntries(texts) };
}

/** The end of a name: what iSCSI names begin with, all of them at a place have. */
function ending(text: string, length: number): string {
  return text.length <= length ? text : `..${text.slice(text.length - length + 2)}`;
}
