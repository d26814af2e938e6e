/** A target port group (SPC-4 5.15): targets through which the devices of a group are equally accessible. */
import { ACCESS_STATES, type AccessState } from "./access_state.ts";
import type { GroupTargetModel, TargetGroupModel } from "./model.ts";

/** STATUS CODE (SPC-4 6.37): what has altered the state last. */
export const Altered = { BY_COMMAND: 1, IMPLICITLY: 2 } as const;

export class TargetGroup {
  readonly name: string;
  /** TARGET PORT GROUP. */
  readonly id: number;
  readonly targets: readonly GroupTargetModel[];
  state: AccessState;
  /** PREF. */
  preferred: boolean;
  altered: number = Altered.IMPLICITLY;

  constructor({ name, groupId, targets, state, preferred }: TargetGroupModel) {
    this.name = name;
    this.id = groupId;
    this.targets = targets;
    this.state = ACCESS_STATES[state];
    this.preferred = preferred;
  }

  /** Whether some of its targets are another node's, whose state cannot be changed from here. */
  get hasRemoteTarget(): boolean {
    return this.targets.some((target) => target.isRemote);
  }

  /** Whether a target is in it, by its name. */
  has(target: string): boolean {
    return this.targets.some(({ name }) => name === target);
  }
}
