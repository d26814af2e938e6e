/** What has to go before the command of a row, so that it succeeds. */
import type { Operation } from "../../lib/scst/operation.ts";
import { moveList, prList, PrOut, prOut, transportId } from "../initiator/reservations.ts";
import { exchangeGood, type Transfer } from "./exchange.ts";
import { preparePastCopy } from "./past_copy.ts";
import type { Peer } from "./rig.ts";

const KEY = 0x5c57n;
/** Write Exclusive, Registrants Only: the peer keeps all access when another one holds it. */
const TYPE = 5;

const list = prList({ key: KEY, actionKey: KEY });

/** What has to go before a row: a copy, a registration or a reservation. */
export function prepare(peer: Peer, row: Operation): void {
  preparePastCopy(peer, row);
  if (!isPrOut(row) || row.serviceAction === PrOut.REGISTER) return;
  const actions = [PrOut.REGISTER_AND_IGNORE];
  if (row.serviceAction === PrOut.REGISTER_AND_MOVE) actions.push(PrOut.RESERVE);
  for (const action of actions) {
    exchangeGood(peer, prOut(action, TYPE, list.length), { write: list }, `before ${row.name}`);
  }
}

/** Whether a row is one of PERSISTENT RESERVE OUT. */
export function isPrOut(row: Operation): boolean {
  return row.name.startsWith("PERSISTENT RESERVE OUT");
}

/** A PERSISTENT RESERVE OUT that succeeds behind prepare(). */
export function validPrOut(row: Operation): { cdb: Uint8Array; transfer: Transfer } {
  const write = dataOf(row.serviceAction!);
  return { cdb: prOut(row.serviceAction!, TYPE, write.length), transfer: { write } };
}

function dataOf(action: number): Uint8Array {
  if (action === PrOut.REGISTER) return prList({});
  if (action !== PrOut.REGISTER_AND_MOVE) return list;
  const id = transportId("iqn.2026-11.org.scst.test:heir", "000000000001");
  return moveList({ key: KEY, actionKey: KEY, relativePort: 1, transportId: id });
}
