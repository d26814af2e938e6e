/** The examples of rows that a drive for CDs takes otherwise than a disk. */
import type { Operation } from "../../lib/scst/operation.ts";
import { cdbOf } from "./cdb_of.ts";
import { CONTENT, type Example, exampleOf } from "./example.ts";
import { hexBytes } from "./hex.ts";

const BLOCK = 2048;
const PF = 0x10;
const BYTCHK = 0x02;

/** Control, as it is; block descriptors there are none. */
const CONTROL = "0a0a 20100000000000000000";

function selecting(row: Operation, list: string): Example {
  const write = hexBytes(list);
  const cdb = cdbOf(row, { length: write.length });
  cdb[1]! |= PF;
  return { cdb, transfer: { write } };
}

function comparing(row: Operation): Example {
  const cdb = cdbOf(row, { lba: 1, length: 1 });
  cdb[1]! |= BYTCHK;
  return { cdb, transfer: { write: CONTENT.slice(BLOCK, 2 * BLOCK) } };
}

/** A command of the row that succeeds on a drive with a CD that holds CONTENT. */
export function driveExampleOf(row: Operation): Example {
  switch (row.name) {
    case "MODE SELECT(6)":
      return selecting(row, `00000000 ${CONTROL}`);
    case "MODE SELECT(10)":
      return selecting(row, `0000000000000000 ${CONTROL}`);
    case "VERIFY(10)":
    case "VERIFY(12)":
    case "VERIFY(16)":
      return comparing(row);
    default:
      return exampleOf(row);
  }
}
