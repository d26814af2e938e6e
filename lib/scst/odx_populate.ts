/** POPULATE TOKEN (SBC-3 5.16): a token for blocks, by which they can be copied later. */
import type { Command } from "../scsi/command.ts";
import { NOTHING, Sense } from "../scsi/sense.ts";
import { ROD_MOST, ROD_TIMEOUT, ROD_TIMEOUT_MOST, RodType } from "../vdisk/third_party_copy.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { CopyAccess } from "./copy_access.ts";
import { CopyFault } from "./copy_fault.ts";
import { type BlockRange, blocksOf, decodeRanges, RANGES_LENGTH_MOST } from "./odx_ranges.ts";
import { RodToken } from "./odx_token.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

/** Offsets in the CDB. */
export const ROD_LIST_ID = 6;

/** Offsets in the parameter list. */
const FLAGS = 2;
const TIMEOUT = 4;
const ROD_TYPE = 8;
const RANGES_LENGTH = 14;
const HEADER = 16;

const RTV = 0x02;
const LIST_MOST = HEADER + RANGES_LENGTH_MOST;

/** Checks a POPULATE TOKEN before its parameter list is asked for. */
export function checkPopulateToken(_disk: VirtualDisk, command: Command): boolean {
  const { allocationLength: length } = command;
  if (length === 0 || length >= HEADER && length <= LIST_MOST) return true;
  command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  return false;
}

/** Executes POPULATE TOKEN. Nothing is copied, so the token is there at once. */
export function populateToken(_nexus: Nexus, command: CoreCommand): void {
  if (command.wantedOut === 0) return command.succeed();
  if (command.outLength < command.wantedOut) {
    return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  }
  const { disk, copies } = command.unit!;
  if (!disk.hasMedium) return command.fail(disk.absence);
  if (copies.isRunning(command.cdbView.getUint32(ROD_LIST_ID))) {
    return command.fail(Sense.OPERATION_IN_PROGRESS);
  }
  const list = new DataView(command.out!.bytes.buffer, command.outAt, command.wantedOut);
  const timeout = list.getUint32(TIMEOUT);
  if (timeout > ROD_TIMEOUT_MOST) return command.failParameter(TIMEOUT);
  const wantsType = (list.getUint8(FLAGS) & RTV) !== 0;
  if (wantsType && list.getUint32(ROD_TYPE) !== RodType.CHANGE_VULNERABLE) {
    return command.failParameter(ROD_TYPE);
  }
  const ranges = decodeList(list, disk);
  if (ranges instanceof CopyFault) return ranges.end(command);
  const accesses = ranges.map(({ lba, blocks }) => {
    const access = new CopyAccess(true);
    access.cover(lba, blocks, 1);
    return access;
  });
  finish(command, ranges, accesses, timeout === 0 ? ROD_TIMEOUT : timeout);
}

function decodeList(list: DataView, disk: VirtualDisk): BlockRange[] | CopyFault {
  const ranges = decodeRanges(list, RANGES_LENGTH, disk);
  if (ranges instanceof CopyFault) return ranges;
  const tooMuch = blocksOf(ranges) * disk.blockSize > ROD_MOST;
  return tooMuch ? new CopyFault(Sense.INVALID_FIELD_IN_PARAMETER_LIST, NOTHING) : ranges;
}

/** Makes the token when no command works on its blocks: what they hold then is what it stands for. */
function finish(
  command: CoreCommand,
  ranges: readonly BlockRange[],
  accesses: readonly CopyAccess[],
  timeout: number,
): void {
  if (command.aborted) return command.complete();
  const { device, disk, copies, isDetached } = command.unit!;
  if (isDetached) return command.fail(Sense.LOGICAL_UNIT_NOT_SUPPORTED);
  if (!disk.hasMedium) return command.fail(disk.absence);
  const again = () => finish(command, ranges, accesses, timeout);
  if (accesses.some((access) => disk.locks.holds(access, again))) return;
  const now = performance.now();
  const token = new RodToken(disk, command.port, ranges, timeout * 1000, now);
  device.tokens.add(token, now);
  const record = copies.begin(command.cdbView.getUint32(ROD_LIST_ID));
  record.action = command.cdb[1]! & 0x1f;
  record.token = token.bytes;
  record.bytes = blocksOf(ranges) * disk.blockSize;
  record.segments = ranges.length;
  copies.end(record, Sense.NO_SENSE);
  command.succeed();
}
