/** WRITE USING TOKEN (SBC-3 5.62): copies what a token stands for. */
import type { Command } from "../scsi/command.ts";
import { NOTHING, Sense } from "../scsi/sense.ts";
import { ROD_TOKEN } from "../vdisk/third_party_copy.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { type CopyExtent, copyExtent, copySide, zeroExtent } from "./copy_extent.ts";
import { CopyFault } from "./copy_fault.ts";
import { COPY_CHUNK, CopyJob } from "./copy_job.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";
import { ROD_LIST_ID } from "./odx_populate.ts";
import { type BlockRange, blocksOf, decodeRanges, RANGES_LENGTH_MOST } from "./odx_ranges.ts";
import { isZeroToken, type RodToken } from "./odx_token.ts";
import type { CoreCommand } from "./operation.ts";

/** Offsets in the parameter list. */
const FLAGS = 2;
const OFFSET = 8;
const TOKEN = 16;
const RANGES_LENGTH = 534;
const HEADER = 536;

const IMMED = 0x01;
const DEL_TKN = 0x02;
const LIST_MOST = HEADER + RANGES_LENGTH_MOST;
const HIGH = 2 ** 32;

/** Whom a copy belongs to whose command has ended: it lasts as long as the nexus. */
class BackgroundOwner {
  #nexus: Nexus;

  constructor(nexus: Nexus) {
    this.#nexus = nexus;
  }

  get aborted(): boolean {
    return this.#nexus.isEnded;
  }
}

/** A token of a unit that the asking nexus may read itself. */
interface FoundToken {
  readonly unit: LogicalUnit;
  readonly token: RodToken;
}

/** Checks a WRITE USING TOKEN before its parameter list is asked for. */
export function checkWriteUsingToken(_disk: VirtualDisk, command: Command): boolean {
  const { allocationLength: length } = command;
  if (length === 0 || length >= HEADER && length <= LIST_MOST) return true;
  command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  return false;
}

/** Executes WRITE USING TOKEN; with IMMED the status is sent before the blocks are copied. */
export function writeUsingToken(nexus: Nexus, command: CoreCommand): void {
  if (command.wantedOut === 0) return command.succeed();
  if (command.outLength < command.wantedOut) {
    return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  }
  const unit = command.unit!;
  const { copies, disk } = unit;
  if (!disk.hasMedium) return command.fail(disk.absence);
  const listId = command.cdbView.getUint32(ROD_LIST_ID);
  if (copies.isRunning(listId)) return command.fail(Sense.OPERATION_IN_PROGRESS);
  const list = new DataView(command.out!.bytes.buffer, command.outAt, command.wantedOut);
  const ranges = decodeRanges(list, RANGES_LENGTH, disk);
  if (ranges instanceof CopyFault) return ranges.end(command);
  const source = findToken(list, nexus);
  if (source instanceof CopyFault) return source.end(command);
  const extents = extentsOf(list, unit, ranges, source);
  if (extents instanceof CopyFault) return extents.end(command);
  if (copies.isFull || !disk.hasMemory) return command.refuseForNow();

  const flags = list.getUint8(FLAGS);
  const inBackground = (flags & IMMED) !== 0;
  const record = copies.begin(listId);
  record.action = command.cdb[1]! & 0x1f;
  record.inBackground = inBackground;
  const memory = disk.memory.take(COPY_CHUNK);
  const owner = inBackground ? new BackgroundOwner(nexus) : command;
  const job = new CopyJob(extents, owner, record, memory, (sense) => {
    disk.memory.give(memory);
    copies.end(record, owner.aborted ? Sense.COMMAND_ABORTED : sense);
    if (source !== undefined && (flags & DEL_TKN) !== 0) {
      source.unit.device.tokens.end(source.token, Sense.TOKEN_DELETED);
    }
    if (inBackground) return;
    if (sense === Sense.NO_SENSE) command.succeed();
    else command.fail(sense);
  });
  if (inBackground) command.succeed();
  job.run();
}

/**
 * Finds the token in the list among those of the units that the asking nexus has: a token is no way
 * to what its bearer could not read. undefined stands for the token of zeros.
 */
function findToken(list: DataView, nexus: Nexus): FoundToken | undefined | CopyFault {
  const bytes = new Uint8Array(list.buffer, list.byteOffset + TOKEN, ROD_TOKEN);
  if (isZeroToken(new DataView(bytes.buffer, bytes.byteOffset, bytes.length))) return undefined;
  const now = performance.now();
  for (const unit of nexus.units.values()) {
    const token = unit.device.tokens.find(bytes, now);
    if (token === undefined) continue;
    if (token.death !== Sense.NO_SENSE) return new CopyFault(token.death, NOTHING);
    token.use(now);
    return { unit, token };
  }
  return new CopyFault(Sense.TOKEN_UNKNOWN, NOTHING);
}

/** What has to be copied to fill the ranges from OFFSET INTO ROD on. */
function extentsOf(
  list: DataView,
  unit: LogicalUnit,
  ranges: readonly BlockRange[],
  source: FoundToken | undefined,
): CopyExtent[] | CopyFault {
  if (source === undefined) {
    return ranges.map(({ lba, blocks }) =>
      zeroExtent(copySide(unit, lba), blocks * unit.disk.blockSize)
    );
  }
  const { token } = source;
  const { blockSize } = unit.disk;
  if (source.unit.disk.blockSize !== blockSize) {
    return new CopyFault(Sense.INVALID_TOKEN_OPERATION, NOTHING);
  }
  const offset = list.getUint32(OFFSET) * HIGH + list.getUint32(OFFSET + 4);
  if (offset + blocksOf(ranges) > blocksOf(token.ranges)) return CopyFault.at(OFFSET);
  // The first write would end the token.
  const ownBlocks = source.unit.device === unit.device;
  if (ownBlocks && ranges.some((range) => token.touches(range))) return CopyFault.at(HEADER);
  const extents: CopyExtent[] = [];
  let skip = offset;
  let index = 0;
  for (const range of ranges) {
    for (let done = 0; done < range.blocks;) {
      const from = token.ranges[index]!;
      const blocks = Math.min(from.blocks - skip, range.blocks - done);
      if (blocks > 0) {
        const side = copySide(source.unit, from.lba + skip);
        const to = copySide(unit, range.lba + done);
        extents.push({ ...copyExtent(side, to, blocks * blockSize), token });
        skip += blocks;
        done += blocks;
      } else {
        skip -= from.blocks;
        index++;
      }
    }
  }
  return extents;
}
