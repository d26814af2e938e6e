/** Reading and writing blocks through a session, where the command itself is not what is tested. */
import assert from "node:assert/strict";
import { read16, write16 } from "../initiator/cdb.ts";
import { senseText } from "../initiator/sense.ts";
import type { Commander, CommandOptions } from "../initiator/session.ts";
import type { ScsiResult } from "../initiator/task.ts";

export interface BlockOptions extends CommandOptions {
  /** Bytes in a block; 512 if not given. */
  readonly blocksize?: number;
}

/** Fails with the sense data unless the command ended with GOOD. */
export function assertGood(result: ScsiResult, what = "command"): void {
  assert.equal(result.response, 0, `${what}: iSCSI response`);
  assert.equal(result.status, 0, `${what}: sense ${senseText(result.sense)}`);
}

/** Fails unless the command ended with CHECK CONDITION and this sense, written as `05/21/00`. */
export function assertSense(result: ScsiResult, wanted: string, what = "command"): void {
  assert.equal(result.response, 0, `${what}: iSCSI response`);
  assert.equal(result.status, 2, `${what}: status`);
  assert.equal(senseText(result.sense), wanted, `${what}: sense`);
}

/** Reads whole blocks. */
export async function readBlocks(
  session: Commander,
  lba: number,
  blocks: number,
  options: BlockOptions = {},
): Promise<Uint8Array> {
  const read = blocks * (options.blocksize ?? 512);
  const result = await session.command(read16(lba, blocks), { ...options, read });
  assertGood(result, `READ(16) of ${blocks} blocks at ${lba}`);
  assert.equal(result.residual, 0);
  return result.data;
}

/** Writes whole blocks. */
export async function writeBlocks(
  session: Commander,
  lba: number,
  write: Uint8Array,
  options: BlockOptions = {},
): Promise<ScsiResult> {
  const blocks = write.length / (options.blocksize ?? 512);
  const result = await session.command(write16(lba, blocks), { ...options, write });
  assertGood(result, `WRITE(16) of ${blocks} blocks at ${lba}`);
  assert.equal(result.residual, 0);
  return result;
}
