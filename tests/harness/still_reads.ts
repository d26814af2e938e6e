/** Checks Data-In: its order, and what was read of blocks that never change. */
import assert from "node:assert/strict";
import { Field, type Pdu } from "../initiator/pdu.ts";
import { markedBlocks } from "./marked_block.ts";
import { BLOCK } from "./rig.ts";
import { assertSameBytes } from "./same_bytes.ts";

const STATUS_BIT = 0x01;

/** Blocks with content that never changes (version 1 of marked_block.ts): what is read must be that. */
export interface StillBlocks {
  readonly first: number;
  readonly count: number;
}

/** What has come for a task. */
interface Progress {
  dataSn: number;
  offset: number;
  readonly parts: Uint8Array[];
}

export class StillReads {
  readonly blocks: StillBlocks;
  #incoming = new Map<number, Progress>();
  /** The first block of each command that reads blocks that never change, by tag. */
  #first = new Map<number, number>();

  constructor(blocks: StillBlocks) {
    this.blocks = blocks;
  }

  /** A command with this tag reads from `first` on. */
  expect(itt: number, first: number): void {
    this.#first.set(itt, first);
  }

  /** The command with this tag has ended. */
  end(itt: number): void {
    this.#incoming.delete(itt);
    this.#first.delete(itt);
  }

  /** The tag may be that of another command now; all tags when none is named. */
  doubt(itt?: number): void {
    if (itt === undefined) this.#first.clear();
    else this.#first.delete(itt);
  }

  /** Takes a Data-In PDU; fails if its numbers or, at the end, the data are wrong. */
  take(pdu: Pdu): void {
    const { itt } = pdu;
    const progress = this.#incoming.get(itt) ?? { dataSn: 0, offset: 0, parts: [] };
    this.#incoming.set(itt, progress);
    assert.equal(pdu.u32(Field.dataSn), progress.dataSn++, "DataSN");
    assert.equal(pdu.u32(Field.bufferOffset), progress.offset, "BufferOffset");
    progress.offset += pdu.data.length;
    progress.parts.push(pdu.data);
    if ((pdu.flags & STATUS_BIT) === 0) return;
    const first = this.#first.get(itt);
    this.end(itt);
    if (first !== undefined) mustBeStill(progress.parts, first);
  }
}

/** Fails unless the data is that of the blocks from `first` on, as far as it goes. */
function mustBeStill(parts: readonly Uint8Array[], first: number): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const expected = markedBlocks(1, first, Math.ceil(length / BLOCK));
  let end = 0;
  for (const part of parts) {
    assertSameBytes(part, expected.subarray(end, end + part.length), `data-in from byte ${end}`);
    end += part.length;
  }
}
