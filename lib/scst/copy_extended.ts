/** EXTENDED COPY(LID1) (SPC-4 6.4). */
import type { Command } from "../scsi/command.ts";
import { NOTHING, Sense } from "../scsi/sense.ts";
import { COPY_LIST_MOST, COPY_TARGETS_MOST, TARGET_DESCRIPTOR } from "../vdisk/third_party_copy.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import type { CopyExtent } from "./copy_extent.ts";
import { CopyFault } from "./copy_fault.ts";
import { COPY_CHUNK, CopyJob } from "./copy_job.ts";
import { decodeSegments } from "./copy_segment.ts";
import { decodeTargets } from "./copy_target.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

/** Offsets in the parameter list header. */
const LIST_ID = 0;
const FLAGS = 1;
const TARGETS_LENGTH = 2;
const SEGMENTS_LENGTH = 8;
const INLINE_LENGTH = 12;
const HEADER = 16;

/** LIST ID USAGE (SPC-4 table 104). */
const Usage = { HOLD: 0, RESERVED: 1, DISCARD: 2, NONE: 3 } as const;

/** Checks an EXTENDED COPY before its parameter list is asked for. */
export function checkExtendedCopy(_disk: VirtualDisk, command: Command): boolean {
  const { allocationLength: length } = command;
  if (length === 0 || length >= HEADER && length <= HEADER + COPY_LIST_MOST) return true;
  command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  return false;
}

/** Executes EXTENDED COPY: everything is checked, then the segments are copied one after the other. */
export function extendedCopy(nexus: Nexus, command: CoreCommand): void {
  if (command.wantedOut === 0) return command.succeed();
  if (command.outLength < command.wantedOut) {
    return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  }
  const list = new DataView(command.out!.bytes.buffer, command.outAt, command.wantedOut);
  const { copies, disk } = command.unit!;
  const listId = listIdOf(list);
  if (listId instanceof CopyFault) return listId.end(command);
  if (listId !== undefined && copies.isRunning(listId)) {
    return command.fail(Sense.OPERATION_IN_PROGRESS);
  }
  const extents = decodeList(list, nexus);
  if (extents instanceof CopyFault) {
    if (extents.segment !== NOTHING) {
      // It was a copy, though one that went nowhere: its initiator may ask about it.
      copies.end(copies.begin(listId), extents.sense);
    }
    return extents.end(command);
  }
  if (copies.isFull || !disk.hasMemory) return command.refuseForNow();
  const record = copies.begin(listId);
  const memory = disk.memory.take(COPY_CHUNK);
  new CopyJob(extents, command, record, memory, (sense) => {
    disk.memory.give(memory);
    copies.end(record, command.aborted ? Sense.COMMAND_ABORTED : sense);
    if (sense === Sense.NO_SENSE) return command.succeed();
    command.commandInformation = record.segments;
    command.fail(sense);
  }).run();
}

/** The LIST IDENTIFIER; undefined when the copy has none. */
function listIdOf(list: DataView): number | undefined | CopyFault {
  const flags = list.getUint8(FLAGS);
  if ((flags & 0xc0) !== 0) return CopyFault.at(FLAGS, (flags & 0x80) !== 0 ? 7 : 6);
  const listId = list.getUint8(LIST_ID);
  switch (flags >> 3 & 3) {
    case Usage.NONE:
      return listId === 0 ? undefined : CopyFault.at(LIST_ID);
    case Usage.RESERVED:
      return CopyFault.at(FLAGS, 4);
    default:
      return listId;
  }
}

function decodeList(list: DataView, nexus: Nexus): CopyExtent[] | CopyFault {
  const targetsLength = list.getUint16(TARGETS_LENGTH);
  const segmentsLength = list.getUint32(SEGMENTS_LENGTH);
  if (list.getUint32(INLINE_LENGTH) !== 0) {
    return new CopyFault(Sense.INLINE_DATA_LENGTH_EXCEEDED, NOTHING);
  }
  const segmentsAt = HEADER + targetsLength;
  const end = segmentsAt + segmentsLength;
  if (end > list.byteLength) return new CopyFault(Sense.PARAMETER_LIST_LENGTH_ERROR, NOTHING);
  if (targetsLength % TARGET_DESCRIPTOR !== 0) return CopyFault.at(TARGETS_LENGTH);
  const count = targetsLength / TARGET_DESCRIPTOR;
  if (count > COPY_TARGETS_MOST) {
    return new CopyFault(Sense.TOO_MANY_TARGET_DESCRIPTORS, NOTHING);
  }
  const targets = decodeTargets(list, HEADER, count);
  if (targets instanceof CopyFault) return targets;
  return decodeSegments(list, segmentsAt, end, nexus, targets);
}
