/** A copy in the past, for the commands that ask about one. */
import type { Operation } from "../../lib/scst/operation.ts";
import { copyCdb, copyList } from "./copy_list.ts";
import { exchange } from "./exchange.ts";
import type { Peer } from "./rig.ts";
import { populateList, rodCdb, rodInformationCdb } from "./rod_list.ts";

const PAST_COPIES = new Map([
  ["RECEIVE COPY STATUS(LID1)", copyList({ targets: [], segments: [], listId: 0 })],
  // Its segment is about targets that are not there.
  [
    "RECEIVE COPY FAILURE DETAILS(LID1)",
    copyList({ targets: [], segments: [{ blocks: 1 }], listId: 0 }),
  ],
]);

/** Makes a copy, or a token, that the row can be asked about, with the list identifier 0. */
export function preparePastCopy(peer: Peer, row: Operation): void {
  // Unlike the others it can be asked again, and every token is another one.
  if (row.name === "RECEIVE ROD TOKEN INFORMATION" && !knowsToken(peer)) {
    const write = populateList([[1, 1]]);
    exchange(peer, rodCdb(0x10, write.length, 0), { write });
  }
  const list = PAST_COPIES.get(row.name);
  if (list !== undefined) exchange(peer, copyCdb(0x83, 0, list.length), { write: list });
}

function knowsToken(peer: Peer): boolean {
  return exchange(peer, rodInformationCdb(0, 0)).status === 0;
}
