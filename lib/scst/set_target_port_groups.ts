/** SET TARGET PORT GROUPS (SPC-4 6.45): one that changes anything changes all that it asks for. */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { ACCESS_STATES, type AccessState, TRANSITIONING } from "./access_state.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";
import type { TargetGroup } from "./target_group.ts";

/** Bytes of the header of the parameter list, and of a descriptor. */
const HEADER = 4;
const DESCRIPTOR = 4;

/** Descriptors of one command, as in SCST. */
const DESCRIPTORS_MOST = 64;

/** The states that may be asked for, by their code. Offline is one of single ports, not of groups. */
const SETTABLE: ReadonlyMap<number, AccessState> = new Map(
  Object.values(ACCESS_STATES).filter(({ isSettable }) => isSettable)
    .map((state) => [state.code, state]),
);

/** Checks a SET TARGET PORT GROUPS before its parameter list is asked for. */
export function checkSetTargetPortGroups(_disk: unknown, command: Command): boolean {
  const length = command.allocationLength;
  if (length > HEADER + DESCRIPTORS_MOST * DESCRIPTOR) {
    command.failField(6);
    return false;
  }
  if (length % DESCRIPTOR === 0) return true;
  command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  return false;
}

/** Executes SET TARGET PORT GROUPS; without descriptors it changes nothing. */
export function setTargetPortGroups(_nexus: Nexus, command: CoreCommand): void {
  if (command.outLength < command.wantedOut) return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  const states = decode(command);
  if (states === undefined) return;
  for (const group of states.keys()) {
    if (group.state === TRANSITIONING) return command.fail(TRANSITIONING.sense);
    if (group.hasRemoteTarget) return command.fail(Sense.SET_TARGET_PORT_GROUPS_COMMAND_FAILED);
  }
  const unit = command.unit!;
  unit.device.group!.set(states, unit);
  command.succeed();
}

/** The groups that are to change, with their new states; undefined when the command has failed. */
function decode(command: CoreCommand): Map<TargetGroup, AccessState> | undefined {
  const deviceGroup = command.unit!.device.group!;
  const named = new Set<TargetGroup>();
  const states = new Map<TargetGroup, AccessState>();
  for (let at = HEADER; at < command.wantedOut; at += DESCRIPTOR) {
    const { view } = command.out!;
    const state = SETTABLE.get(view.getUint8(command.outAt + at) & 0x0f);
    const group = deviceGroup.findId(view.getUint16(command.outAt + at + 2));
    if (state === undefined) return fail(command, at, 3);
    // A group that is named twice would be in two states.
    if (group === undefined || named.has(group)) return fail(command, at + 2);
    named.add(group);
    if (group.state !== state) states.set(group, state);
  }
  return states;
}

function fail(command: CoreCommand, byte: number, bit?: number): undefined {
  command.failParameter(byte, bit);
  return undefined;
}
