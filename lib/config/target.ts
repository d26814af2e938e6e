/** The targets of a configuration and their LUN maps. */
import { type AttributeTable, readObject, readScalar } from "./attribute.ts";
import { collection } from "./collection.ts";
import { ISCSI_NAME_ALLOWED, iscsiNameHint, isIscsiName } from "./names.ts";
import { nearestWord } from "./nearest.ts";
import { type Position, type ProblemList, quote } from "./problem.ts";

/** One entry of a LUN map, with the place of the device's name. */
export interface LunDraft {
  readonly lun: number;
  readonly device: string;
  readonly path: string;
  readonly at: Position;
}

export interface TargetDraft {
  readonly name: string;
  readonly luns: readonly LunDraft[];
}

interface TargetAttributes {
  luns: readonly LunDraft[];
}

/** The flat space addressing of SAM-5 4.7.7.4 has 14 bits. */
const MAX_LUN = 16383;

const LUNS = collection<LunDraft>(
  {
    allowed: `a number from 0 to ${MAX_LUN}`,
    accepts: (key) => /^(?:0|[1-9]\d{0,4})$/.test(key) && Number(key) <= MAX_LUN,
  },
  ({ key, path, node }, problems) => {
    const rule = { allowed: "the name of a device", parse: ({ text }: { text: string }) => text };
    const device = readScalar(rule, node, path, problems);
    return device === undefined ? undefined : { lun: Number(key), device, path, at: node.at };
  },
);

const TARGET: AttributeTable<TargetAttributes> = { luns: LUNS };

/** The `targets` of a configuration. */
export const TARGETS = collection<TargetDraft>(
  { allowed: ISCSI_NAME_ALLOWED, accepts: isIscsiName, hint: iscsiNameHint },
  ({ key, path, node }, problems) => {
    const { values } = readObject(TARGET, node, path, problems);
    return { name: key, luns: values.luns };
  },
);

/** Adds a problem for every LUN whose device is none of `devices`. */
export function checkLuns(
  targets: readonly TargetDraft[],
  devices: readonly string[],
  problems: ProblemList,
): void {
  const known = new Set(devices);
  for (const { device, at, path } of targets.flatMap((target) => target.luns)) {
    if (known.has(device)) continue;
    const near = nearestWord(device, devices);
    const tail = near === undefined ? "" : `; did you mean ${quote(near)}?`;
    const what = `must name one of the devices: there is no device ${quote(device)}${tail}`;
    problems.add(at, path, what);
  }
}
