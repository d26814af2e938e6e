/** Lists of the objects of a running server, as tables for people and as JSON for programs. */
import type { Subtree } from "../../admin/tree_client.ts";
import { connectTree } from "../connect_tree.ts";
import { SOCKET_OPTION } from "../control_path.ts";
import { ExitCode } from "../failure.ts";
import { print } from "../output.ts";
import type { Verb } from "../verb.ts";

/** What is shown of one object, by the names of its columns. */
export type Row = Readonly<Record<string, string | number | boolean>>;

/** A kind of objects that is listed. */
export interface Listing {
  readonly noun: string;
  readonly summary: string;
  readonly columns: readonly string[];
  /** The directory of the tree that tells of all, and how far below it that does. */
  readonly path: string;
  readonly depth: number;
  /** One row for each object that the directory tells of. */
  readonly rows: (entries: readonly Subtree[]) => readonly Row[];
}

/** The first line that a file of a directory says; empty where there is none. */
export function says(entries: readonly Subtree[] | undefined, name: string): string {
  const content = entries?.find((entry) => entry.name === name)?.content ?? "";
  return content.split("\n", 1)[0] ?? "";
}

/** The directories in a directory. */
export function directories(entries: readonly Subtree[] | undefined): readonly Subtree[] {
  return entries?.filter(({ kind }) => kind === "directory") ?? [];
}

/** What a directory has below one of its own. */
export function below(entries: readonly Subtree[] | undefined, name: string): readonly Subtree[] {
  return entries?.find((entry) => entry.name === name)?.entries ?? [];
}

/** The verb that lists. */
export function listVerb({ noun, summary, columns, path, depth, rows }: Listing): Verb {
  return {
    name: "list",
    summary,
    arguments: [],
    options: [{ name: "json", description: "print JSON" }, SOCKET_OPTION],
    examples: [`scst ${noun} list`, `scst ${noun} list --json`],
    run: async (input) => {
      const entries = await connectTree(input).subtree(path, { depth, contents: true });
      const found = rows(entries);
      if (input.options.has("json")) print(JSON.stringify(found, null, 2));
      else if (found.length > 0) print(tableText(columns, found));
      return ExitCode.OK;
    },
  };
}

/** What stands between two columns. */
export const GAP = "  ";

/** A table with a line of headings; the columns are as wide as what is in them. */
export function tableText(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [
    columns.map((name) => name.toUpperCase().replaceAll("_", " ")),
    ...rows.map((row) => columns.map((name) => cellText(row[name]))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => cells[index]!.length)));
  return lines.map((cells) =>
    cells.map((cell, index) => cell.padEnd(widths[index]!)).join(GAP).trimEnd()
  ).join("\n");
}

/** What a table shows of a value. */
export function cellText(value: string | number | boolean | undefined): string {
  if (value === undefined || value === "") return "-";
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}
