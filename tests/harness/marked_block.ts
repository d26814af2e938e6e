/** Blocks that say who they are, so that a lost, late, torn or shifted one is noticed. */
import { BLOCK } from "./rig.ts";

const MAGIC = 0x6b656570;

/** What version `version` of a block holds; version 0 is what was never written. */
export function markedBlock(version: number, block: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(BLOCK / 4);
  if (version === 0) return new Uint8Array(words.buffer);
  words[0] = MAGIC;
  words[1] = version;
  words[2] = block;
  for (let at = 3; at < words.length; at++) words[at] = Math.imul(version, at) ^ block;
  return new Uint8Array(words.buffer);
}

/** `count` blocks of one version in a row. */
export function markedBlocks(version: number, first: number, count: number) {
  const bytes = new Uint8Array(count * BLOCK);
  for (let at = 0; at < count; at++) bytes.set(markedBlock(version, first + at), at * BLOCK);
  return bytes;
}

/** Which version a block is; undefined when it is none, or a mixture. */
export function versionOf(bytes: Uint8Array, block: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK);
  const version = view.getUint32(0, true) === MAGIC ? view.getUint32(4, true) : 0;
  const content = markedBlock(version, block);
  return bytes.every((byte, index) => byte === content[index]) ? version : undefined;
}
