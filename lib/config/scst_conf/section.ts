/** scst.conf as a tree: sections in sections, with the attributes of each. */
import type { Position } from "../problem.ts";

/** One value of an attribute; an attribute with several values is there several times. */
export interface ConfAttribute {
  readonly name: string;
  readonly value: string;
  readonly at: Position;
}

export interface ConfSection {
  /** As in the file, `TARGET_DRIVER`; empty for the file itself. */
  readonly keyword: string;
  /** What stands behind the keyword: a name, for a LUN its number and its device. */
  readonly names: readonly string[];
  readonly at: Position;
  readonly attributes: readonly ConfAttribute[];
  readonly sections: readonly ConfSection[];
}

/** The sections of `section` that begin with `keyword`, in the order of the file. */
export function sectionsOf(section: ConfSection, keyword: string): ConfSection[] {
  return section.sections.filter((one) => one.keyword === keyword);
}

/** The keyword and the names of a section, as in `LUN 0 disk1`. */
export function titleOf({ keyword, names }: ConfSection): string {
  return keyword === "" ? "the file" : [keyword, ...names].join(" ");
}
