/** Tables of Markdown, laid out as `deno fmt` does it. */

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** A table with a head; every row has as many cells. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_, column) => Math.max(...lines.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  return [line(lines[0]!), line(rule), ...lines.slice(1).map(line)].join("\n");
}
