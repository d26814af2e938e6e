/** What has to go before the command of a row, so that it succeeds. */
import type { Operation } from "../../lib/scst/operation.ts";
import { moveList, prList, PrOut, prOut, transportId } from "../initiator/reservations.ts";
import type { Example } from "./example.ts";
import { exchangeGood } from "./exchange.ts";
import { preparePastCopy } from "./past_copy.ts";
import type { Peer } from "./rig.ts";

const KEY = 0x5c57n;
/** Write Exclusive, Registrants Only: the peer keeps all access when another one holds it. */
const TYPE = 5;

const list = prList({ key: KEY, actionKey: KEY });

/** Service actions that go before others than REGISTER AND IGNORE EXISTING KEY alone. */
const BEFORE: Readonly<Record<number, readonly number[]>> = {
  [PrOut.REGISTER]: [PrOut.REGISTER_AND_IGNORE, PrOut.CLEAR],
  [PrOut.RELEASE]: [PrOut.REGISTER_AND_IGNORE, PrOut.RESERVE],
  [PrOut.REGISTER_AND_MOVE]: [PrOut.REGISTER_AND_IGNORE, PrOut.RESERVE],
};

/** What has to go before a row: a copy, a registration or a reservation. */
export function prepare(peer: Peer, row: Operation): void {
  preparePastCopy(peer, row);
  if (!isPrOut(row)) return;
  for (const action of BEFORE[row.serviceAction!] ?? [PrOut.REGISTER_AND_IGNORE]) {
    exchangeGood(peer, prOut(action, TYPE, list.length), { write: list }, `before ${row.name}`);
  }
}

/** Whether a row is one of PERSISTENT RESERVE OUT. */
export function isPrOut(row: Operation): boolean {
  return row.name.startsWith("PERSISTENT RESERVE OUT");
}

/** A PERSISTENT RESERVE OUT that succeeds behind prepare(). */
export function validPrOut(row: Operation): Example {
  const write = dataOf(row.serviceAction!);
  return { cdb: prOut(row.serviceAction!, TYPE, write.length), transfer: { write } };
}

function dataOf(action: number): Uint8Array {
  const heir = transportId("iqn.2026-11.org.scst.test:heir", "000000000001");
  switch (action) {
    case PrOut.REGISTER:
      return prList({ actionKey: KEY, transportIds: [heir] });
    case PrOut.REGISTER_AND_MOVE:
      return moveList({ key: KEY, actionKey: KEY, relativePort: 1, transportId: heir });
    default:
      return list;
  }
}
