/**
 * An initiator that writes to several disks with many commands under way, and keeps a ledger of what it
 * was told: that says what a read may find meanwhile, and what has to be there after the end of the
 * server, whatever ended it.
 */
import assert from "node:assert/strict";
import { senseText } from "../initiator/sense.ts";
import type { Commander } from "../initiator/session.ts";
import { readBlocks } from "./block_io.ts";
import type { Random } from "./random.ts";
import { BLOCK } from "./rig.ts";
import { randomWrite, type WriteCommand, type WrittenDisk } from "./write_commands.ts";
import { WriteLedger } from "./write_ledger.ts";

const DEPTH = 8;
const BLOCKS_MOST = 32;
const MISCOMPARE = "0E/1D/00";

export interface LoggedLun extends WrittenDisk {
  readonly lun: number;
  /** Whether each write is on stable storage when it ends. */
  readonly writesThrough: boolean;
}

export interface LoggerOptions {
  /** One of so many commands is a READ that is checked; none is where nothing is said. */
  readonly readsOneOf?: number;
  /** The session sends commands again that were not answered. */
  readonly retries?: boolean;
}

/** Numbers moments and versions. */
export class Count {
  #last = 0;

  next(): number {
    return ++this.#last;
  }
}

/** A disk of `sectors` sectors, of which nothing was written yet. */
export function loggedLun(
  lun: number,
  sectors: number,
  options: { blocksize: number; thin: boolean; writesThrough: boolean },
  count: Count,
): LoggedLun {
  return { lun, ...options, ledger: new WriteLedger(sectors, () => count.next()) };
}

export class WriteLogger {
  /** Commands that were answered. */
  completed = 0;
  #session: Commander;
  #luns: readonly LoggedLun[];
  #random: Random;
  #count: Count;
  #options: LoggerOptions;

  constructor(
    session: Commander,
    luns: readonly LoggedLun[],
    random: Random,
    count: Count,
    options: LoggerOptions = {},
  ) {
    this.#options = options;
    this.#session = session;
    this.#luns = luns;
    this.#random = random;
    this.#count = count;
  }

  /** Has so many commands done; without an end until the session ends, which is an error of it. */
  async work(commands = Infinity): Promise<void> {
    let left = commands;
    const lane = async () => {
      while (left-- > 0) await this.#once();
    };
    const ends = await Promise.allSettled<void>(Array.from({ length: DEPTH }, lane));
    const errors = ends.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
    if (errors.length === 0) return;
    throw errors.find((error) => error instanceof assert.AssertionError) ?? errors[0];
  }

  async #once(): Promise<void> {
    const disk = this.#random.pick(this.#luns);
    const { readsOneOf, retries = false } = this.#options;
    if (readsOneOf !== undefined && this.#random.below(readsOneOf) === 0) {
      await this.#read(disk);
      this.completed++;
      return;
    }
    const choice = { atomic: true, compare: !retries, blocksMost: BLOCKS_MOST };
    const command = randomWrite(disk, this.#count.next(), this.#random, choice);
    if (command.effect === undefined) await this.#flush(disk, command);
    else await this.#write(disk, command, command.effect);
    this.completed++;
  }

  async #read({ lun, ledger, blocksize }: LoggedLun): Promise<void> {
    const capacity = ledger.sectors * BLOCK / blocksize;
    const lba = this.#random.below(capacity);
    const blocks = 1 + this.#random.below(Math.min(BLOCKS_MOST, capacity - lba));
    const sent = this.#count.next();
    const found = await readBlocks(this.#session, lba, blocks, { lun, blocksize });
    ledger.checkRead(found, lba * blocksize / BLOCK, sent, this.#count.next());
  }

  async #flush({ lun, ledger }: LoggedLun, { cdb }: WriteCommand): Promise<void> {
    const began = this.#count.next();
    const { status, sense } = await this.#session.command(cdb, { lun });
    assert.equal(status, 0, `LUN ${lun}, flush: sense ${senseText(sense)}`);
    ledger.flushed(began);
  }

  async #write(
    { lun, ledger, writesThrough }: LoggedLun,
    { cdb, write, durable }: WriteCommand,
    { first, count, version }: NonNullable<WriteCommand["effect"]>,
  ): Promise<void> {
    const entry = ledger.begin(first, count, version);
    const { status, sense } = await this.#session.command(cdb, { lun, write: write! });
    if (status !== 0 && senseText(sense) === MISCOMPARE) return ledger.withdraw(entry);
    assert.equal(status, 0, `LUN ${lun}, opcode ${cdb[0]}: status ${status} ${senseText(sense)}`);
    ledger.end(entry, durable || writesThrough);
  }
}

/**
 * Reads all of a disk when nothing is under way and checks that everything is there that was answered
 * with GOOD. That is so after the end of the process, too: the system goes on with what it was given.
 */
export async function checkAll(session: Commander, disk: LoggedLun): Promise<void> {
  const { lun, ledger, blocksize } = disk;
  const blocks = ledger.sectors * BLOCK / blocksize;
  const found = await readBlocks(session, 0, blocks, { lun, blocksize });
  ledger.adopt(ledger.check(found, 0, Infinity, ({ ended }) => ended < Infinity));
}
