/** Target groups of a Rig. */
import type { AccessStateName, TargetGroupModel } from "../../lib/scst/model.ts";

export interface TargetGroupOptions {
  readonly state?: AccessStateName;
  readonly preferred?: boolean;
  /** RELATIVE TARGET PORT IDENTIFIER of the first target; the others have the next ones. */
  readonly firstPort?: number;
  readonly isRemote?: boolean;
}

/** The target group `tgID`, active where nothing is said. */
export function targetGroup(
  groupId: number,
  targets: readonly string[],
  options: TargetGroupOptions = {},
): TargetGroupModel {
  const { state = "active", preferred = false, firstPort = 1, isRemote = false } = options;
  return {
    name: `tg${groupId}`,
    groupId,
    state,
    preferred,
    targets: targets.map((name, index) => ({ name, relTgtId: firstPort + index, isRemote })),
  };
}
