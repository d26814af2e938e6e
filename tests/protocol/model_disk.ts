/** What a disk must hold after a series of commands, and the random commands themselves. */
import { assertGood, assertSense } from "../harness/block_io.ts";
import type { Random } from "../harness/random.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import * as cdb from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const BLOCK = 512;

/** A stretch of a LUN that one session has to itself. */
export interface Stretch {
  readonly lun: number;
  readonly lba: number;
  readonly blocks: number;
}

type Transfer = (lba: number, blocks: number) => Uint8Array;

/** Reads and writes of every CDB length. */
const READS: readonly Transfer[] = [cdb.read6, cdb.read10, cdb.read12, cdb.read16];
const WRITES: readonly Transfer[] = [cdb.write6, cdb.write10, cdb.write12, cdb.write16];
const VERIFIES = [cdb.verify10, cdb.verify12, cdb.verify16];
const BYTCHK = 0x02;
const UNMAP = 0x08;

export class ModelDisk {
  readonly #bytes: Uint8Array;
  readonly #session: Session;
  readonly #stretch: Stretch;
  readonly #random: Random;
  /** Blocks that commands on their way touch; none starts on these. */
  readonly #busy = new Set<number>();

  constructor(session: Session, stretch: Stretch, random: Random) {
    this.#session = session;
    this.#stretch = stretch;
    this.#random = random;
    this.#bytes = new Uint8Array(stretch.blocks * BLOCK);
  }

  /** Does `count` random commands, several of them at a time. */
  async run(count: number): Promise<void> {
    const running = new Set<Promise<void>>();
    for (let done = 0; done < count; done++) {
      const blocks = this.#random.pick([1, 1, 2, 7, 8, 16, 33, 100, 255]);
      const first = this.#random.below(this.#stretch.blocks - blocks);
      const range = Array.from({ length: blocks }, (_, i) => first + i);
      while (running.size >= 16 || range.some((block) => this.#busy.has(block))) {
        await Promise.race(running);
      }
      for (const block of range) this.#busy.add(block);
      const command = this.#randomCommand(first, blocks).finally(() => {
        for (const block of range) this.#busy.delete(block);
        running.delete(command);
      });
      running.add(command);
    }
    await Promise.all(running);
  }

  /** Reads the whole stretch and compares. */
  async compare(): Promise<void> {
    await this.#read(0, this.#stretch.blocks, cdb.read16);
  }

  async #randomCommand(first: number, blocks: number): Promise<void> {
    const kind = this.#random.below(100);
    if (kind < 40) return await this.#read(first, blocks, this.#random.pick(READS));
    if (kind < 82) return await this.#write(first, blocks);
    if (kind < 90) return await this.#verify(first, blocks);
    if (kind < 96) return await this.#writeSame(first, blocks);
    return await this.#unmap(first, blocks);
  }

  async #read(first: number, blocks: number, build: Transfer): Promise<void> {
    const { lun, lba } = this.#stretch;
    const wanted = this.#part(first, blocks).slice();
    const read = blocks * BLOCK;
    const result = await this.#session.command(build(lba + first, blocks), { lun, read });
    assertGood(result, "READ");
    assertSameBytes(result.data, wanted, `LUN ${lun} LBA ${lba + first}`);
  }

  async #write(first: number, blocks: number): Promise<void> {
    const { lun, lba } = this.#stretch;
    const write = this.#random.bytes(blocks * BLOCK);
    this.#part(first, blocks).set(write);
    const way = {
      immediate: this.#random.pick([0, 512, 1 << 20]),
      unsolicited: this.#random.below(2) === 0,
    };
    const build = this.#random.pick(WRITES);
    const command = build(lba + first, blocks);
    assertGood(await this.#session.command(command, { lun, write, ...way }), "WRITE");
  }

  async #verify(first: number, blocks: number): Promise<void> {
    const { lun, lba } = this.#stretch;
    const write = this.#part(first, blocks).slice();
    const wrong = this.#random.below(2) === 0;
    if (wrong) {
      const at = this.#random.below(write.length);
      write[at] = (write[at] ?? 0) ^ 0x10;
    }
    const build = this.#random.pick(VERIFIES);
    const result = await this.#session.command(build(lba + first, blocks, BYTCHK), { lun, write });
    if (wrong) assertSense(result, "0E/1D/00", "VERIFY of other data");
    else assertGood(result, "VERIFY");
  }

  async #writeSame(first: number, blocks: number): Promise<void> {
    const { lun, lba } = this.#stretch;
    const write = this.#random.bytes(BLOCK);
    const part = this.#part(first, blocks);
    for (let block = 0; block < blocks; block++) part.set(write, block * BLOCK);
    const build = this.#random.pick([cdb.writeSame10, cdb.writeSame16]);
    assertGood(
      await this.#session.command(build(lba + first, blocks), { lun, write }),
      "WRITE SAME",
    );
  }

  async #unmap(first: number, blocks: number): Promise<void> {
    const { lun, lba } = this.#stretch;
    this.#part(first, blocks).fill(0);
    if (this.#random.below(2) === 0) {
      const command = cdb.writeSame16(lba + first, blocks, UNMAP);
      const write = new Uint8Array(BLOCK);
      assertGood(await this.#session.command(command, { lun, write }), "WRITE SAME with UNMAP");
      return;
    }
    const write = cdb.unmapList([{ lba: lba + first, blocks }]);
    const command = cdb.unmap(write.length);
    assertGood(await this.#session.command(command, { lun, write }), "UNMAP");
  }

  #part(first: number, blocks: number): Uint8Array {
    return this.#bytes.subarray(first * BLOCK, (first + blocks) * BLOCK);
  }
}
