/** REPORT TARGET PORT GROUPS (SPC-4 6.37). */
import { SUPPORTED_STATES } from "./access_state.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";
import type { TargetGroup } from "./target_group.ts";

/** PARAMETER DATA FORMAT. */
const Format = { LENGTH_ONLY: 0, EXTENDED: 1 } as const;

const PREF = 0x80;

/** Bytes of the header of either format, of a group and of a port. */
const LENGTH_HEADER = 4;
const EXTENDED_HEADER = 8;
const GROUP_DESCRIPTOR = 8;
const PORT_DESCRIPTOR = 4;

/** Executes REPORT TARGET PORT GROUPS. */
export function reportTargetPortGroups(_nexus: Nexus, command: CoreCommand): void {
  const format = command.cdb[1]! >> 5;
  if (format > Format.EXTENDED) return command.failField(1);
  const groups = command.unit!.device.group!.targetGroups;
  const header = format === Format.EXTENDED ? EXTENDED_HEADER : LENGTH_HEADER;
  const length = groups.reduce((sum, group) => sum + lengthOf(group), header);
  const view = new DataView(new ArrayBuffer(length));
  view.setUint32(0, length - LENGTH_HEADER); // RETURN DATA LENGTH
  // IMPLICIT TRANSITION TIME stays 0: how long the operator's transitions take is not known.
  if (format === Format.EXTENDED) view.setUint8(4, Format.EXTENDED << 4);
  let at = header;
  for (const group of groups) {
    putGroup(view, at, group);
    at += lengthOf(group);
  }
  command.respond(new Uint8Array(view.buffer));
}

function lengthOf({ targets }: TargetGroup): number {
  return GROUP_DESCRIPTOR + targets.length * PORT_DESCRIPTOR;
}

/** Writes a target port group descriptor. */
function putGroup(view: DataView, at: number, group: TargetGroup): void {
  view.setUint8(at, (group.preferred ? PREF : 0) | group.state.code);
  view.setUint8(at + 1, SUPPORTED_STATES);
  view.setUint16(at + 2, group.id);
  view.setUint8(at + 5, group.altered);
  view.setUint8(at + 7, group.targets.length);
  group.targets.forEach(({ relTgtId }, index) => {
    view.setUint16(at + GROUP_DESCRIPTOR + index * PORT_DESCRIPTOR + 2, relTgtId);
  });
}
