/** A target port group (SPC-4 5.15): targets through which the devices of a group are equally accessible. */
import { ACCESS_STATES, type AccessState } from "./access_state.ts";
import type { AccessStateName, GroupTargetModel, TargetGroupModel } from "./model.ts";

/** STATUS CODE (SPC-4 6.37): what has altered the state last. */
export const Altered = { BY_COMMAND: 1, IMPLICITLY: 2 } as const;

export class TargetGroup {
  readonly name: string;
  #id: number;
  /** What the model says of state and preference; initiators may have made something else of them. */
  #wanted: { readonly state: AccessStateName; readonly preferred: boolean };
  #targets: readonly GroupTargetModel[];
  state: AccessState;
  /** PREF. */
  preferred: boolean;
  altered: number = Altered.IMPLICITLY;

  constructor({ name, groupId, targets, state, preferred }: TargetGroupModel) {
    this.name = name;
    this.#wanted = { state, preferred };
    this.#id = groupId;
    this.#targets = targets;
    this.state = ACCESS_STATES[state];
    this.preferred = preferred;
  }

  /** TARGET PORT GROUP. */
  get id(): number {
    return this.#id;
  }

  get targets(): readonly GroupTargetModel[] {
    return this.#targets;
  }

  /**
   * Becomes what `model` says. What initiators have made of the state stays, unless the model says
   * something else than it did. Returns whether state or preference are others than before.
   */
  change({ groupId, targets, state, preferred }: TargetGroupModel): boolean {
    const before = { state: this.state, preferred: this.preferred };
    this.#id = groupId;
    this.#targets = targets;
    if (state !== this.#wanted.state) this.state = ACCESS_STATES[state];
    if (preferred !== this.#wanted.preferred) this.preferred = preferred;
    this.#wanted = { state, preferred };
    if (this.state !== before.state) this.altered = Altered.IMPLICITLY;
    return this.state !== before.state || this.preferred !== before.preferred;
  }

  /** Whether some of its targets are another node's, whose state cannot be changed from here. */
  get hasRemoteTarget(): boolean {
    return this.targets.some((target) => target.isRemote);
  }

  /** Whether a target is in it, by its name. */
  has(target: string): boolean {
    const normal = target.toLowerCase();
    return this.targets.some(({ name }) => name.toLowerCase() === normal);
  }
}
