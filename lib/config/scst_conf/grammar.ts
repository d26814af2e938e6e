/** Which sections of scst.conf stand in which, and what is behind their keywords. */

export interface SectionRule {
  /** What stands behind the keyword, in the words of an error message. */
  readonly names: readonly string[];
  /** The sections that may stand in it, by their keywords. */
  readonly sections: Readonly<Record<string, SectionRule>>;
  /** A flag is a line of its own, without a block. */
  readonly isFlag?: boolean;
  /** Whether it may have attributes; if not given, it may. */
  readonly isBare?: boolean;
}

function leaf(...names: string[]): SectionRule {
  return { names, sections: {} };
}

const LUN = leaf("NUMBER", "DEVICE");

const TARGET: SectionRule = {
  names: ["TARGET"],
  sections: {
    HW_TARGET: { names: [], sections: {}, isFlag: true },
    LUN,
    GROUP: { names: ["GROUP"], sections: { LUN, INITIATOR: leaf("PATTERN") } },
  },
};

/** The file itself. */
export const FILE: SectionRule = {
  names: [],
  sections: {
    HANDLER: { names: ["HANDLER"], sections: { DEVICE: leaf("DEVICE") } },
    TARGET_DRIVER: { names: ["DRIVER"], sections: { TARGET } },
    ALUA: leaf(),
    DEVICE_GROUP: {
      names: ["GROUP"],
      sections: {
        DEVICE: { names: ["DEVICE"], sections: {}, isBare: true },
        TARGET_GROUP: { names: ["GROUP"], sections: { TARGET: leaf("TARGET") } },
      },
    },
  },
};

/** Where each keyword may stand: the keywords of the sections around it, empty for the file. */
export const PARENTS: ReadonlyMap<string, ReadonlySet<string>> = parentsIn(FILE, "", new Map());

function parentsIn(
  { sections }: SectionRule,
  keyword: string,
  found: Map<string, Set<string>>,
): Map<string, Set<string>> {
  for (const [inner, rule] of Object.entries(sections)) {
    const parents = found.get(inner) ?? new Set();
    found.set(inner, parents.add(keyword));
    parentsIn(rule, inner, found);
  }
  return found;
}
