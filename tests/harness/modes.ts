/** Reading and changing mode pages through a Rig's peer. */
import { modeSelect6, modeSense6 } from "../initiator/cdb.ts";
import { exchangeGood } from "./exchange.ts";
import type { Peer } from "./rig.ts";

const CURRENT = 0;
const PF = 0x10;
const SP = 0x01;

/** A mode page with its header, without PS. */
export function modePage(peer: Peer, code: number, control = CURRENT): Uint8Array<ArrayBuffer> {
  const cdb = modeSense6(code, 255, { control, disableBlockDescriptors: true });
  const page = exchangeGood(peer, cdb, { read: 255 }).slice(4);
  page[0]! &= 0x3f;
  return page;
}

/** A page as it is now, with some bits of a byte set and others cleared. */
export function changedPage(peer: Peer, code: number, byte: number, set: number, clear = 0) {
  const page = modePage(peer, code);
  page[byte] = page[byte]! & ~clear | set;
  return page;
}

/** A parameter list for MODE SELECT(6) without block descriptor. */
export function modeList(...pages: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0, 0, 0, 0, ...pages.flatMap((page) => [...page])]);
}

/** Changes pages with MODE SELECT(6), and saves them if `save`. */
export function selectPages(peer: Peer, pages: Uint8Array[], save = false): void {
  const write = modeList(...pages);
  exchangeGood(peer, modeSelect6(write.length, save ? PF | SP : PF), { write }, "MODE SELECT");
}

export const CACHING = 0x08;
export const CONTROL = 0x0a;
/** The bits of the pages that can be changed. */
export const WCE = 0x04;
export const D_SENSE = 0x04;
export const SWP = 0x08;

/** Sets or clears WCE, byte 2 of the Caching page. */
export function setWriteCache(peer: Peer, on: boolean, save = false): void {
  selectPages(peer, [changedPage(peer, CACHING, 2, on ? WCE : 0, on ? 0 : WCE)], save);
}

/** Sets or clears SWP, byte 4 of the Control page. */
export function setSoftwareProtection(peer: Peer, on: boolean, save = false): void {
  selectPages(peer, [changedPage(peer, CONTROL, 4, on ? SWP : 0, on ? 0 : SWP)], save);
}

/** Sets or clears D_SENSE, byte 2 of the Control page. */
export function setDescriptorSense(peer: Peer, on: boolean, save = false): void {
  selectPages(peer, [changedPage(peer, CONTROL, 2, on ? D_SENSE : 0, on ? 0 : D_SENSE)], save);
}
