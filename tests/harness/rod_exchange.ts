/** Tokens and what is done with them, from a peer of a CopyRig. */
import assert from "node:assert/strict";
import { patternBytes } from "../initiator/bytes.ts";
import { exchangeGood, exchangeSense } from "./exchange.ts";
import type { Peer } from "./rig.ts";
import {
  populateList,
  type Range,
  rodCdb,
  rodInformationCdb,
  type WriteTokenFields,
  writeTokenList,
} from "./rod_list.ts";

/** Bytes that RECEIVE ROD TOKEN INFORMATION is given room for. */
export const INFORMATION = 2048;

/** What RECEIVE ROD TOKEN INFORMATION says. */
export interface Information {
  readonly action: number;
  readonly status: number;
  /** TRANSFER COUNT in blocks. */
  readonly blocks: number;
  readonly sense: Uint8Array;
  readonly token: Uint8Array | undefined;
}

export function informationOf(peer: Peer, listId: number, lun = 0): Information {
  const cdb = rodInformationCdb(INFORMATION, listId);
  const data = exchangeGood(peer, cdb, { lun, read: INFORMATION });
  const view = new DataView(data.buffer, 0, data.length);
  assert.equal(view.getUint32(0), data.length - 4);
  assert.equal(view.getUint8(15), 0xf1);
  const senseEnd = 32 + view.getUint8(13);
  const length = view.getUint32(senseEnd);
  assert.equal(data.length, senseEnd + 4 + length);
  return {
    action: view.getUint8(4) & 0x1f,
    status: view.getUint8(5),
    blocks: Number(view.getBigUint64(16)),
    sense: data.subarray(32, 32 + view.getUint8(14)),
    token: length === 0 ? undefined : data.slice(senseEnd + 6),
  };
}

/** Makes a token for blocks of LUN 0. */
export function tokenFor(peer: Peer, ranges: readonly Range[], timeout = 0): Uint8Array {
  const list = populateList(ranges, { timeout });
  exchangeGood(peer, rodCdb(0x10, list.length, 7), { write: list }, "POPULATE TOKEN");
  const { token } = informationOf(peer, 7);
  assert.equal(token?.length, 512);
  return token;
}

/** WRITE USING TOKEN to LUN 1, or another. */
export function writeToken(
  token: Uint8Array,
  ranges: readonly Range[],
  fields: WriteTokenFields & { lun?: number; listId?: number } = {},
): { cdb: Uint8Array; transfer: { lun: number; write: Uint8Array } } {
  const write = writeTokenList(token, ranges, fields);
  const cdb = rodCdb(0x11, write.length, fields.listId ?? 8);
  return { cdb, transfer: { lun: fields.lun ?? 1, write } };
}

/** A WRITE USING TOKEN that must end with GOOD. */
export function writeGood(peer: Peer, ...args: Parameters<typeof writeToken>): void {
  const { cdb, transfer } = writeToken(...args);
  exchangeGood(peer, cdb, transfer, "WRITE USING TOKEN");
}

/** A WRITE USING TOKEN that must end with this sense. */
export function writeRefused(
  peer: Peer,
  sense: string,
  ...args: Parameters<typeof writeToken>
): void {
  const { cdb, transfer } = writeToken(...args);
  exchangeSense(peer, cdb, sense, transfer, "WRITE USING TOKEN");
}

/** Changes a block of a LUN with WRITE(10). */
export function writeBlock(peer: Peer, lun: number, lba: number): void {
  const cdb = Uint8Array.of(0x2a, 0, 0, 0, lba >> 8, lba & 0xff, 0, 0, 1, ...Array(7).fill(0));
  exchangeGood(peer, cdb, { lun, write: patternBytes(512, lba) });
}
