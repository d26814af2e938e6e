/** Many sessions at once, each with a name of its own, that all use LUN 0. */
import { patternBytes } from "../initiator/bytes.ts";
import { INITIATOR_NAME } from "../initiator/login.ts";
import type { Address } from "../initiator/raw.ts";
import type { Session } from "../initiator/session.ts";
import { readBlocks, writeBlocks } from "./block_io.ts";
import { inParallel } from "./parallel.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { openReady } from "./sessions.ts";

/** Logins at one time: the server lets one address have only so many under way. */
const WIDTH = 32;

/** What each command of a load moves. */
const PIECE = 4096;
const PIECE_BLOCKS = PIECE / 512;

/** How much load is put on. */
export interface CrowdLoad {
  /** Sessions that take part. */
  readonly sessions: number;
  /** Commands that each of them has under way. */
  readonly depth: number;
  readonly seconds: number;
}

export class SessionCrowd implements AsyncDisposable {
  readonly sessions: Session[] = [];

  /** Bytes of LUN 0 that a load uses. */
  static sizeOf({ sessions, depth }: Omit<CrowdLoad, "seconds">): number {
    return sessions * depth * PIECE;
  }

  /** Opens `count` sessions whose LUN 0 has delivered its unit attention. */
  static async open(address: Address, count: number): Promise<SessionCrowd> {
    const crowd = new SessionCrowd();
    try {
      await inParallel(count, WIDTH, async (index) => {
        const initiatorName = `${INITIATOR_NAME}${index}`;
        crowd.sessions.push(await openReady(address, [0], { initiatorName }));
      });
      return crowd;
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Has some sessions write 4 KiB and read them back, each lane in blocks of its own, for a while.
   * Returns how many commands ended; throws when one of them fails or reads something else.
   */
  async load({ sessions, depth, seconds }: CrowdLoad): Promise<number> {
    const end = performance.now() + seconds * 1000;
    const lanes = sessions * depth;
    let commands = 0;
    await inParallel(lanes, lanes, async (lane) => {
      const session = this.sessions[lane % sessions]!;
      const lba = lane * PIECE_BLOCKS;
      for (let round = 0; performance.now() < end || round === 0; round++) {
        const data = patternBytes(PIECE, round * lanes + lane);
        await writeBlocks(session, lba, data);
        assertSameBytes(await readBlocks(session, lba, PIECE_BLOCKS), data, `lane ${lane}`);
        commands += 2;
      }
    });
    return commands;
  }

  /** Logs all sessions out. */
  async logout(): Promise<void> {
    await inParallel(this.sessions.length, WIDTH, async (index) => {
      const response = await this.sessions[index]!.logout();
      if (response !== 0) throw new Error(`A logout was answered with ${response}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions.splice(0)) await session[Symbol.asyncDispose]();
  }
}
