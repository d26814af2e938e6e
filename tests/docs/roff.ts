/** Manual pages (man(7)): text with its special characters escaped, and the few macros that it takes. */

/** A line of text: dashes are those that can be copied, and no macro begins it. */
export function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '""')}"`;
}

export function section(title: string, ...blocks: readonly string[]): string {
  return [`.SH ${quoted(title)}`, ...blocks].join("\n");
}

export function subsection(title: string, ...blocks: readonly string[]): string {
  return [`.SS ${quoted(title)}`, ...blocks].join("\n");
}

/** A paragraph; lines that stand alone are put together. */
export function paragraph(text: string): string {
  return `.PP\n${text.split("\n").map(escaped).join("\n")}`;
}

/** A word and what it means. */
export function item(word: string, text: string): string {
  return `.TP\n.B ${quoted(word)}\n${text.split("\n").map(escaped).join("\n")}`;
}

/** Lines as they stand. */
export function example(lines: readonly string[]): string {
  return [".PP", ".nf", ".RS", ...lines.map(escaped), ".RE", ".fi"].join("\n");
}

export function page(
  name: string,
  sectionNumber: number,
  title: string,
  blocks: readonly string[],
): string {
  const head = `.TH ${name.toUpperCase()} ${sectionNumber} "" "scst" ${quoted(title)}`;
  return [head, ...blocks, ""].join("\n");
}
