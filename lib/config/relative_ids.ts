/**
 * RELATIVE TARGET PORT IDENTIFIERs: initiators know the targets of all nodes by them, so each has one
 * of its own, given, or what it has in a server that runs, or the lowest that is free.
 */
import type { ReadObject, ScalarRule } from "./attribute.ts";
import type { DeviceGroupDraft } from "./device_group.ts";
import { joinPath, type Position, type ProblemList } from "./problem.ts";
import type { TargetDraft } from "./target.ts";
import { wholeNumber } from "./whole_number.ts";

export const RELATIVE_ID: ScalarRule<number> = wholeNumber(1, 65535);

/** What is said of a target's identifier; without a value it was refused. */
export interface RelativeIdDraft {
  readonly value: number | undefined;
  readonly at: Position;
}

/** The identifier among the attributes of a target whose key is at `keyAt`, if there is one. */
export function relativeIdOf<T extends { rel_tgt_id: number | undefined }>(
  { values, at, given }: ReadObject<T>,
  keyAt: Position,
): RelativeIdDraft | undefined {
  if (!given.has("rel_tgt_id")) return undefined;
  return { value: values.rel_tgt_id, at: at.get("rel_tgt_id") ?? keyAt };
}

/** An identifier that is given, to a target of this node or of another one. */
interface GivenId {
  readonly name: string;
  readonly value: number;
  readonly path: string;
  readonly at: Position;
}

function givenIds(
  targets: readonly TargetDraft[],
  groups: readonly DeviceGroupDraft[],
): GivenId[] {
  const isOwn = new Set(targets.map(({ name }) => name));
  const others = groups.flatMap(({ values }) => values.target_groups).flatMap((group) =>
    group.values.targets.filter(({ name }) => !isOwn.has(name))
      .map((member) => ({ ...member, path: joinPath(`${group.path}.targets`, member.name) }))
  );
  return [...targets, ...others].flatMap(({ name, path, relTgtId }) =>
    relTgtId?.value === undefined ? [] : [{ name, value: relTgtId.value, path, at: relTgtId.at }]
  );
}

/** Adds a problem for every target with the identifier of another one, or with two of them. */
export function checkRelativeIds(
  targets: readonly TargetDraft[],
  groups: readonly DeviceGroupDraft[],
  problems: ProblemList,
): void {
  const byValue = new Map<number, GivenId>();
  const byName = new Map<string, GivenId>();
  for (const id of givenIds(targets, groups)) {
    const owner = byValue.get(id.value) ?? id;
    const before = byName.get(id.name) ?? id;
    byValue.set(id.value, owner);
    byName.set(id.name, before);
    const key = `${id.path}.rel_tgt_id`;
    if (owner.name !== id.name) {
      const place = `${owner.path} in line ${owner.at.line}`;
      problems.add(id.at, key, `must be that of one target only: ${id.value} is that of ${place}`);
    } else if (before.value !== id.value) {
      const what = `must be the same wherever the target is named: ${before.value}`;
      problems.add(id.at, key, `${what} in line ${before.at.line}, here ${id.value}`);
    }
  }
}

/**
 * The identifiers of all targets, of this node and of others, by their names. A target that is not
 * enabled has none as long as it is not given one, as in SCST. `now` is who has which already in the
 * server that a configuration is applied to: reservations of initiators are tied to them, so they stay.
 */
export function relativeIds(
  targets: readonly TargetDraft[],
  groups: readonly DeviceGroupDraft[],
  now: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const ids = new Map(givenIds(targets, groups).map(({ name, value }) => [name, value]));
  const taken = new Set(ids.values());
  for (const { name } of targets) {
    const id = now.get(name);
    if (id === undefined || ids.has(name) || taken.has(id)) continue;
    ids.set(name, id);
    taken.add(id);
  }
  for (const id of now.values()) taken.add(id); // those may stay that the configuration does not name
  let next = 1;
  for (const { name, attributes } of targets) {
    if (ids.has(name) || !attributes.enabled) continue;
    while (taken.has(next)) next++;
    ids.set(name, next++);
  }
  return ids;
}
