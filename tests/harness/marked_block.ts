/** Blocks that say who they are, so that a lost, late, torn or shifted one is noticed. */
import { BLOCK } from "./rig.ts";

const MAGIC = 0x6b656570;

/** Where a block says that it belongs when it is repeated, as WRITE SAME does. */
const ANYWHERE = 0xffffffff;

/**
 * What version `version` of a block holds; version 0 is what was never written, and a negative one is the
 * same in every block.
 */
export function markedBlock(version: number, block: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(BLOCK / 4);
  if (version !== 0) fill(words, version, block);
  return new Uint8Array(words.buffer);
}

/** `count` blocks of one version in a row. */
export function markedBlocks(version: number, first: number, count: number) {
  const bytes = new Uint8Array(count * BLOCK);
  if (version === 0) return bytes;
  for (let at = 0; at < count; at++) {
    fill(new Uint32Array(bytes.buffer, at * BLOCK, BLOCK / 4), version, first + at);
  }
  return bytes;
}

/** Which version a block is; undefined when it is none, or a mixture. */
export function versionOf(bytes: Uint8Array, block: number): number | undefined {
  const words = new Uint32Array(bytes.slice(0, BLOCK).buffer);
  const number = words[0] === MAGIC ? words[1]! : 0;
  const version = number !== 0 && words[2] === ANYWHERE ? -number : number;
  const content = new Uint32Array(BLOCK / 4);
  if (version !== 0) fill(content, version, block);
  return words.every((word, at) => word === content[at]) ? version : undefined;
}

function fill(words: Uint32Array, version: number, block: number): void {
  const number = Math.abs(version);
  const place = version < 0 ? ANYWHERE : block;
  words[0] = MAGIC;
  words[1] = number;
  words[2] = place;
  for (let at = 3; at < words.length; at++) words[at] = Math.imul(number, at) ^ place;
}
