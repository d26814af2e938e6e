/** A command that succeeds for every row of the opcode table. */
import type { Operation } from "../../lib/scst/operation.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { unmapList } from "../initiator/cdb.ts";
import { getEventStatus, readCdMsf } from "../initiator/mmc.ts";
import { setGroupsList, State } from "../initiator/target_groups.ts";
import { cdbOf } from "./cdb_of.ts";
import { copyList } from "./copy_list.ts";
import type { Transfer } from "./exchange.ts";
import { hexBytes } from "./hex.ts";
import { validPrOut } from "./prepare.ts";
import { RIG_IDS } from "./rig.ts";
import { populateList, writeTokenList, zeroToken } from "./rod_list.ts";

/** What a disk holds for which the examples are made, in blocks of 512 bytes. */
export const CONTENT = patternBytes(65536, 1);

export interface Example {
  readonly cdb: Uint8Array<ArrayBuffer>;
  readonly transfer: Transfer;
}

type Lba = number | bigint;
type Maker = (row: Operation, lba: Lba) => Example;

/** Neither data nor a length. */
const bare: Maker = (row) => ({ cdb: cdbOf(row, {}), transfer: {} });

/** What else stands in a CDB: byte, then the bits that are set in it. */
type Flags = readonly [at: number, bits: number];

/** A CDB with a length, and with flags. */
function withLength(row: Operation, length: number, [at, bits]: Flags = [1, 0]) {
  const cdb = cdbOf(row, { length });
  cdb[at]! |= bits;
  return cdb;
}

/** Room for data-in. */
const asking = (flags?: Flags): Maker => (row) => {
  return { cdb: withLength(row, 255, flags), transfer: { read: 255 } };
};

/** A parameter list whose length stands in the CDB. */
const sending = (listOf: (lba: Lba) => Uint8Array, flags?: Flags): Maker => (row, lba) => {
  const write = listOf(lba);
  return { cdb: withLength(row, write.length, flags), transfer: { write } };
};

const oneBlock = (row: Operation, lba: Lba) => cdbOf(row, { lba, length: 1 });

const touching: Maker = (row, lba) => ({ cdb: oneBlock(row, lba), transfer: {} });

const reading: Maker = (row, lba) => ({ cdb: oneBlock(row, lba), transfer: { read: 512 } });

const writing: Maker = (row, lba) => {
  return { cdb: oneBlock(row, lba), transfer: { write: patternBytes(512, row.code) } };
};

function contentAt(lba: Lba): Uint8Array {
  return CONTENT.slice(Number(lba) * 512, (Number(lba) + 1) * 512);
}

const comparing: Maker = (row, lba) => {
  const cdb = oneBlock(row, lba);
  cdb[1]! |= 0x02; // BYTCHK
  return { cdb, transfer: { write: contentAt(lba) } };
};

const comparingThenWriting: Maker = (row, lba) => {
  const write = concatBytes([contentAt(lba), patternBytes(512, row.code)]);
  return { cdb: oneBlock(row, lba), transfer: { write } };
};

const formatting: Maker = (row) => {
  const cdb = cdbOf(row, {});
  cdb[1]! |= 0x10; // FMTDATA
  return { cdb, transfer: { write: new Uint8Array(4) } };
};

const readingCd: Maker = (row, lba) => ({ cdb: oneBlock(row, lba), transfer: { read: 2048 } });

const readingByTime: Maker = (_row, lba) => {
  const frame = Number(lba);
  return { cdb: readCdMsf([0, 2, frame], [0, 2, frame + 1]), transfer: { read: 2048 } };
};

/** Asks for the events of media. */
const polling: Maker = () => ({ cdb: getEventStatus(255, 1 << 4), transfer: { read: 255 } });

const PF: Flags = [1, 0x10];
/** IDENTIFYING INFORMATION TYPE. */
const TEXT: Flags = [10, 2 << 1];

/** The number of blocks stays, and so does what is in a block. */
const BLOCK_DESCRIPTOR = "00000000 00000200";
/** Caching, with all of its bits cleared: WCE. */
const CACHING = "0812" + "00".repeat(18);

const modes6 = () => hexBytes(`00000008 ${BLOCK_DESCRIPTOR} ${CACHING}`);
const modes10 = () => hexBytes(`00000000 00000008 ${BLOCK_DESCRIPTOR} ${CACHING}`);

/** Copies a block to the one behind the next. */
function copyWithin(lba: Lba): Uint8Array {
  const segments = [{ blocks: 1, to: 0, fromLba: lba, toLba: BigInt(lba) + 2n }];
  return copyList({ targets: [RIG_IDS], segments, listId: 9 });
}

const MAKERS: readonly (readonly [names: readonly string[], make: Maker])[] = [
  [["TEST UNIT READY", "START STOP UNIT", "PREVENT ALLOW MEDIUM REMOVAL", "LOG SELECT"], bare],
  [["RESERVE(6)", "RESERVE(10)", "RELEASE(6)", "RELEASE(10)"], bare],
  [["SANITIZE BLOCK ERASE", "SANITIZE EXIT FAILURE MODE"], bare],
  [
    ["REQUEST SENSE", "INQUIRY", "REPORT LUNS", "READ CAPACITY(16)", "GET LBA STATUS(16)"],
    asking(),
  ],
  [["RECEIVE DIAGNOSTIC RESULTS", "READ DEFECT DATA(10)", "READ DEFECT DATA(12)"], asking()],
  [["REPORT IDENTIFYING INFORMATION", "REPORT TIMESTAMP"], asking()],
  [["REPORT TARGET PORT GROUPS"], asking()],
  [["REPORT SUPPORTED OPERATION CODES"], asking()],
  [["REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS"], asking()],
  [["PERSISTENT RESERVE IN, READ KEYS", "PERSISTENT RESERVE IN, READ RESERVATION"], asking()],
  [["PERSISTENT RESERVE IN, REPORT CAPABILITIES"], asking()],
  [["PERSISTENT RESERVE IN, READ FULL STATUS"], asking()],
  [["RECEIVE COPY STATUS(LID1)", "RECEIVE COPY OPERATING PARAMETERS"], asking()],
  [["RECEIVE COPY FAILURE DETAILS(LID1)", "RECEIVE ROD TOKEN INFORMATION"], asking()],
  [["MODE SENSE(6)", "MODE SENSE(10)"], asking([2, 0x3f])],
  [["LOG SENSE"], asking()],
  [["READ CAPACITY(10)"], (row) => ({ cdb: cdbOf(row, {}), transfer: { read: 8 } })],
  [["READ(6)", "READ(10)", "READ(12)", "READ(16)"], reading],
  [["PRE-FETCH(10)", "PRE-FETCH(16)"], touching],
  [["SYNCHRONIZE CACHE(10)", "SYNCHRONIZE CACHE(16)"], touching],
  [["WRITE(6)", "WRITE(10)", "WRITE(12)", "WRITE(16)", "WRITE ATOMIC(16)"], writing],
  [["WRITE AND VERIFY(10)", "WRITE AND VERIFY(12)", "WRITE AND VERIFY(16)"], writing],
  [["WRITE SAME(10)", "WRITE SAME(16)", "ORWRITE(16)"], writing],
  [["VERIFY(10)", "VERIFY(12)", "VERIFY(16)"], comparing],
  [["COMPARE AND WRITE"], comparingThenWriting],
  [["FORMAT UNIT"], formatting],
  [["MODE SELECT(6)"], sending(modes6, PF)],
  [["MODE SELECT(10)"], sending(modes10, PF)],
  [["SEND DIAGNOSTIC"], sending(() => new Uint8Array(4), PF)],
  [["UNMAP"], sending((lba) => unmapList([{ lba, blocks: 1 }]))],
  [["SANITIZE OVERWRITE"], sending(() => hexBytes("01000004 deadbeef"))],
  [["EXTENDED COPY(LID1)"], sending(copyWithin)],
  [["POPULATE TOKEN"], sending((lba) => populateList([[lba, 1]]))],
  [["WRITE USING TOKEN"], sending((lba) => writeTokenList(zeroToken(), [[lba, 1]]))],
  [["SET IDENTIFYING INFORMATION"], sending(() => new TextEncoder().encode("rig\0"), TEXT)],
  [["SET TARGET PORT GROUPS"], sending(() => setGroupsList([State.NONOPTIMIZED, 1]))],
  [["SET TIMESTAMP"], sending(() => hexBytes("00000000 00123456 789a0000"))],
  [["PERSISTENT RESERVE OUT, REGISTER", "PERSISTENT RESERVE OUT, RESERVE"], validPrOut],
  [["PERSISTENT RESERVE OUT, RELEASE", "PERSISTENT RESERVE OUT, CLEAR"], validPrOut],
  [["PERSISTENT RESERVE OUT, PREEMPT"], validPrOut],
  [["PERSISTENT RESERVE OUT, PREEMPT AND ABORT"], validPrOut],
  [["PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY"], validPrOut],
  [["PERSISTENT RESERVE OUT, REGISTER AND MOVE"], validPrOut],
  [["READ TOC/PMA/ATIP", "GET CONFIGURATION", "READ DISC INFORMATION"], asking()],
  [["READ TRACK INFORMATION", "READ DISC STRUCTURE", "MECHANISM STATUS"], asking()],
  [["GET EVENT STATUS NOTIFICATION"], polling],
  [["SET CD SPEED"], bare],
  [["READ CD"], readingCd],
  [["READ CD MSF"], readingByTime],
];

const BY_NAME = new Map(
  MAKERS.flatMap(([names, make]) => names.map((name) => [name, make] as const)),
);

/**
 * A command of the row that succeeds on a disk with CONTENT, with all the data that such a command
 * can have; at `lba` if the row takes one. See prepare() for what has to go before it.
 */
export function exampleOf(row: Operation, lba: Lba = 1): Example {
  const make = BY_NAME.get(row.name);
  if (make === undefined) throw new Error(`There is no example of ${row.name}: it goes to MAKERS`);
  return make(row, lba);
}
