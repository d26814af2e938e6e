/** Sets of LUNs: which device is which LUN, and whether it can only be read there. */
import { type AttributeTable, optional, readObject, readScalar, required } from "./attribute.ts";
import { BOOLEAN } from "./boolean.ts";
import { collection } from "./collection.ts";
import { nearestWord } from "./nearest.ts";
import { type Position, type ProblemList, quote } from "./problem.ts";

/** One LUN, with the place of the device's name. */
export interface LunDraft {
  readonly lun: number;
  readonly device: string;
  readonly readOnly: boolean;
  readonly path: string;
  readonly at: Position;
}

export interface LunAttributes {
  device: string;
  read_only: boolean;
}

/** The flat space addressing of SAM-5 4.7.7.4 has 14 bits. */
const MAX_LUN = 16383;

const DEVICE = { allowed: "the name of a device", parse: ({ text }: { text: string }) => text };

/** The keys of a LUN that is more than the name of a device. */
export const LUN: AttributeTable<LunAttributes> = {
  device: required<string>(DEVICE, ""),
  read_only: optional<boolean>(BOOLEAN, false),
};

/** The `luns` of a target or a group. */
export const LUNS = collection<LunDraft>(
  {
    allowed: `a number from 0 to ${MAX_LUN}`,
    accepts: (key) => /^(?:0|[1-9]\d{0,4})$/.test(key) && Number(key) <= MAX_LUN,
  },
  ({ key, path, node }, problems) => {
    const lun = Number(key);
    if (node.kind === "map") {
      const { values, at } = readObject(LUN, node, path, problems);
      const deviceAt = at.get("device");
      if (deviceAt === undefined) return undefined;
      const { device, read_only } = values;
      return { lun, device, readOnly: read_only, path: `${path}.device`, at: deviceAt };
    }
    const device = readScalar(DEVICE, node, path, problems);
    return device === undefined ? undefined : { lun, device, readOnly: false, path, at: node.at };
  },
);

/** Adds a problem for every LUN whose device is none of `devices`. */
export function checkLuns(
  luns: readonly LunDraft[],
  devices: readonly string[],
  problems: ProblemList,
): void {
  const known = new Set(devices);
  for (const { device, at, path } of luns) {
    if (known.has(device)) continue;
    const near = nearestWord(device, devices);
    const tail = near === undefined ? "" : `; did you mean ${quote(near)}?`;
    const what = `must name one of the devices: there is no device ${quote(device)}${tail}`;
    problems.add(at, path, what);
  }
}
