/** Writes scst.conf as scstadmin does: tabs, quotes around values with blanks, "#" and "\" escaped. */
import type { ConfAttribute, ConfSection } from "./section.ts";

/** A section to write. */
export interface PrintedSection extends ConfSection {
  readonly sections: readonly PrintedSection[];
  /** Attributes that need not be saved, which are written behind a remark. */
  readonly nonKey?: readonly ConfAttribute[];
}

const NON_KEY_REMARK = "# Non-key attributes";

/** The text of a file. Reading it gives `file` again, but for positions and the remarks. */
export function printScstConf(file: PrintedSection, remark?: string): string {
  const head = remark === undefined ? [] : [`# ${remark}`, ""];
  return [...head, ...bodyLines(file, "")].map((line) => `${line}\n`).join("");
}

function bodyLines(section: PrintedSection, indent: string): string[] {
  const nonKey = section.nonKey ?? [];
  const values = section.attributes.map((attribute) => attributeLine(attribute, indent));
  if (nonKey.length > 0) {
    if (values.length > 0) values.push("");
    values.push(`${indent}${NON_KEY_REMARK}`);
    values.push(...nonKey.map((attribute) => attributeLine(attribute, indent)));
  }
  const inner = sectionsLines(section, indent);
  // scstadmin has the attributes of a group behind its LUNs and initiators.
  const parts = section.keyword === "GROUP" ? [inner, values] : [values, inner];
  const [first = [], second = []] = parts.filter((part) => part.length > 0);
  return second.length === 0 ? first : [...first, "", ...second];
}

function sectionsLines({ keyword, sections }: PrintedSection, indent: string): string[] {
  const lines: string[] = [];
  for (const [index, section] of sections.entries()) {
    const before = sections[index - 1];
    if (before !== undefined && standsApart(keyword, before, section)) lines.push("");
    const title = [section.keyword, ...section.names.map(printWord)].join(" ");
    const body = bodyLines(section, `${indent}\t`);
    if (body.length === 0) lines.push(`${indent}${title}`);
    else lines.push(`${indent}${title} {`, ...body, `${indent}}`);
  }
  return lines;
}

/** Whether an empty line stands between two sections. */
function standsApart(parent: string, before: PrintedSection, section: PrintedSection): boolean {
  if (before.keyword !== section.keyword || section.keyword === "INITIATOR") return true;
  const isDense = parent === "GROUP" || parent === "TARGET_GROUP";
  return !isDense && hasBlock(before);
}

function hasBlock({ attributes, nonKey = [], sections }: PrintedSection): boolean {
  return attributes.length + nonKey.length + sections.length > 0;
}

function attributeLine({ name, value }: ConfAttribute, indent: string): string {
  return `${indent}${printWord(name)} ${printWord(value)}`;
}

/** `text` as one word of a line. */
export function printWord(text: string): string {
  const escaped = text.replaceAll(/[\\#]/g, "\\$&");
  if (!/[\s{}]|^"|^$/.test(text)) return escaped;
  return `"${escaped.replaceAll('"', '\\"')}"`;
}
