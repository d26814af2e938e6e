/**
 * What the target offers by itself (RFC 7143 6.2): an initiator that says nothing of a key leaves it
 * at the default of the standard, which may be more than the target has attributes for.
 */
import type { TargetAttributes } from "../scst/model.ts";
import type { Parameters } from "./parameters.ts";

interface Wish {
  readonly key: string;
  /** The value that the target wants, if that is not what holds. */
  readonly value: (wanted: TargetAttributes, now: Parameters) => string | undefined;
}

/** The keys whose default the target may want to be less; of the others the default is the least. */
const WISHES: readonly Wish[] = [
  { key: "ImmediateData", value: (wanted, now) => less(wanted.immediateData, now.immediateData) },
  {
    key: "MaxBurstLength",
    value: (wanted, now) => less(wanted.maxBurstLength, now.maxBurstLength),
  },
  {
    key: "FirstBurstLength",
    value: (wanted, now) => less(wanted.firstBurstLength, now.firstBurstLength),
  },
];

function less(wanted: number | boolean, now: number | boolean): string | undefined {
  if (wanted >= now) return undefined;
  return wanted === false ? "No" : String(wanted);
}

/** The pairs to offer to an initiator that has said nothing of their keys. */
export function wishesOf(
  wanted: TargetAttributes,
  now: Parameters,
  said: ReadonlySet<string>,
): [string, string][] {
  return WISHES.flatMap(({ key, value }): [string, string][] => {
    const wish = said.has(key) ? undefined : value(wanted, now);
    return wish === undefined ? [] : [[key, wish]];
  });
}
