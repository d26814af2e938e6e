/** Random commands that change a medium, and what each does to it once it has ended with GOOD. */
import * as cdb from "../initiator/cdb.ts";
import { markedBlock, markedBlocks } from "./marked_block.ts";
import type { Random } from "./random.ts";
import { BLOCK } from "./rig.ts";
import type { WriteLedger } from "./write_ledger.ts";

const FUA = 0x08;
const UNMAP = 0x08;
const WRITE_AND_VERIFY = 0x2e;

/** What the commands go to. */
export interface WrittenDisk {
  readonly blocksize: number;
  /** It takes UNMAP. */
  readonly thin: boolean;
  readonly ledger: WriteLedger;
}

export interface WriteCommand {
  readonly cdb: Uint8Array;
  readonly write?: Uint8Array;
  /** The sectors that it writes, and what they hold then; undefined for a flush. */
  readonly effect:
    | { readonly first: number; readonly count: number; readonly version: number }
    | undefined;
  /** Whether it is on stable storage when it ends, whatever the cache. */
  readonly durable: boolean;
}

/** What one kind of command is, for `blocks` blocks from `lba` on. */
type Kind = (
  disk: WrittenDisk,
  lba: number,
  blocks: number,
  version: number,
  random: Random,
) => WriteCommand;

/** The sectors of some blocks. */
function sectorsOf(disk: WrittenDisk, lba: number, blocks: number) {
  const each = disk.blocksize / BLOCK;
  return { first: lba * each, count: blocks * each };
}

function written(build: (lba: number, blocks: number) => Uint8Array, durable: boolean): Kind {
  return (disk, lba, blocks, version) => {
    const { first, count } = sectorsOf(disk, lba, blocks);
    const write = markedBlocks(version, first, count);
    return { cdb: build(lba, blocks), write, effect: { first, count, version }, durable };
  };
}

const cached: Kind = (disk, lba, blocks, version, random) =>
  written(random.pick([cdb.write10, cdb.write12, cdb.write16]), false)(
    disk,
    lba,
    blocks,
    version,
    random,
  );

const forced: Kind = (disk, lba, blocks, version, random) => {
  const build = random.pick([cdb.write10, cdb.write16]);
  return written((at, count) => build(at, count, FUA), true)(disk, lba, blocks, version, random);
};

const verified: Kind = written((lba, blocks) => {
  const bytes = cdb.write10(lba, blocks);
  bytes[0] = WRITE_AND_VERIFY;
  return bytes;
}, true);

const atomic: Kind = written(cdb.writeAtomic16, true);

const same: Kind = (disk, lba, blocks, version, random) => {
  const write = markedBlocks(-version, 0, disk.blocksize / BLOCK);
  const build = random.pick([cdb.writeSame10, cdb.writeSame16]);
  const effect = { ...sectorsOf(disk, lba, blocks), version: -version };
  return { cdb: build(lba, blocks), write, effect, durable: false };
};

const zeroed: Kind = (disk, lba, blocks, _version, random) => {
  const effect = { ...sectorsOf(disk, lba, blocks), version: 0 };
  if (disk.thin && random.below(2) === 0) {
    const write = cdb.unmapList([{ lba, blocks }]);
    return { cdb: cdb.unmap(write.length), write, effect, durable: false };
  }
  const flags = disk.thin && random.below(2) === 0 ? UNMAP : 0;
  const write = new Uint8Array(disk.blocksize);
  return { cdb: cdb.writeSame16(lba, blocks, flags), write, effect, durable: false };
};

/** It expects what was sent last; when that is not there, it has no effect. */
const compared: Kind = (disk, lba, blocks, version, random) => {
  const { first, count } = sectorsOf(disk, lba, blocks);
  const write = new Uint8Array(2 * count * BLOCK);
  for (let at = 0; at < count; at++) {
    write.set(markedBlock(disk.ledger.newest(first + at), first + at), at * BLOCK);
  }
  write.set(markedBlocks(version, first, count), count * BLOCK);
  const durable = random.below(2) === 0;
  const effect = { first, count, version };
  return { cdb: cdb.compareAndWrite(lba, blocks, durable ? FUA : 0), write, effect, durable };
};

const flush: Kind = (_disk, _lba, _blocks, _version, random) => ({
  cdb: random.pick([cdb.synchronizeCache10, cdb.synchronizeCache16])(0, 0),
  effect: undefined,
  durable: false,
});

/** The kinds, and how often each comes. */
const KINDS = [
  [cached, 10],
  [forced, 4],
  [verified, 1],
  [same, 2],
  [zeroed, 3],
  [flush, 6],
] as const;

export interface CommandChoice {
  /** WRITE ATOMIC needs a journal beside the medium. */
  readonly atomic: boolean;
  /** COMPARE AND WRITE cannot be sent again by those who have not heard what became of it. */
  readonly compare: boolean;
  /** Blocks that one command has at most. */
  readonly blocksMost: number;
}

/** A command whose blocks, if it writes any, get `version`, which no other command has. */
export function randomWrite(
  disk: WrittenDisk,
  version: number,
  random: Random,
  choice: CommandChoice,
): WriteCommand {
  const capacity = disk.ledger.sectors * BLOCK / disk.blocksize;
  const blocks = 1 + random.below(Math.min(choice.blocksMost, capacity));
  const lba = random.below(capacity - blocks + 1);
  const kinds: Kind[] = KINDS.flatMap(([kind, times]) => new Array<Kind>(times).fill(kind));
  if (choice.atomic) kinds.push(atomic, atomic);
  if (choice.compare) kinds.push(compared, compared, compared);
  const kind = random.pick(kinds);
  return kind(disk, lba, kind === compared ? Math.min(blocks, 8) : blocks, version, random);
}
