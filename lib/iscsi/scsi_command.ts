/** SCSI Command (RFC 7143 11.3): from the PDU to a command that the core admits. */
import { BlackHole, isSwallowed } from "../scst/black_hole.ts";
import { admitCommand, executeCommand } from "../scst/execute.ts";
import { CDB_MOST } from "../scsi/command.ts";
import { decodeLun } from "../scsi/lun.ts";
import { Sense } from "../scsi/sense.ts";
import { Stage } from "../scsi/stage.ts";
import { BHS_LENGTH, FINAL, NO_TAG, padOf } from "./bhs.ts";
import { collectImmediate, solicit } from "./data_out.ts";
import { CommandFault, RequestFault } from "./faults.ts";
import { IMMEDIATE_MOST } from "./limits.ts";
import type { Pdu } from "./pdu.ts";
import { rejectPdu } from "./reject.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

const READ = 0x40;
const WRITE = 0x20;
const ATTRIBUTE = 0x07;

const EXPECTED_DATA_TRANSFER_LENGTH = 20;
const CDB = 32;
const CDB_LENGTH = 16;

/** Types of additional header segments (RFC 7143 11.2.2.1). */
const AHS_EXTENDED_CDB = 1;
const AHS_BIDIRECTIONAL = 2;

/** AHSLength of a Bidirectional Read Expected Data Transfer Length (RFC 7143 11.2.2.4). */
const BIDIRECTIONAL_LENGTH = 5;

/** Operation code of CDBs that may be longer than 16 bytes (SPC-5 4.2.3). */
const VARIABLE_LENGTH_CDB = 0x7f;

/** Handles a SCSI Command PDU. */
export function handleScsiCommand(session: Session, pdu: Pdu): void {
  const fault = findFault(session, pdu);
  if (fault !== undefined) {
    if (!pdu.isImmediate) session.window.openByOne();
    return rejectPdu(session, pdu, fault);
  }
  const nexus = session.nexus!;
  const task = beginTask(session, pdu);
  if (session.latency !== undefined) session.latency.begin(task, pdu.flags);
  if (nexus.blackHole !== BlackHole.OFF && isSwallowed(nexus, task)) {
    task.isSwallowed = true;
    return session.listTask(task);
  }
  const isAdmitted = admitCommand(nexus, task);
  count(session, pdu.flags, task);
  if (!isAdmitted) {
    if (task.live) session.listTask(task); // its status waits for the end of the unsolicited data
    return;
  }
  task.capacity = Math.min(task.expectedOut, task.wantedOut);
  if ((pdu.flags & (READ | WRITE)) === (READ | WRITE)) {
    session.report("warning", CommandFault.BIDIRECTIONAL.says, task);
    return failCommand(session, task, CommandFault.BIDIRECTIONAL.sense);
  }
  // The CDB writes and the header says that the initiator reads: doing nothing would look like success.
  if (task.wantedOut > 0 && task.expectedIn > 0) return task.fail(Sense.INVALID_FIELD_IN_CDB);
  if (pdu.dataLength > 0 || task.unsolicited) {
    const { says, sense } = CommandFault.UNSOLICITED_DATA;
    if (!mayComeUnsolicited(session, pdu, task)) {
      session.report("warning", says, task);
      return failCommand(session, task, sense);
    }
  }
  if (!collectImmediate(session, pdu, task)) {
    if (task.live) session.listTask(task);
    return;
  }
  if (task.received < task.capacity || task.unsolicited) {
    if (task.times !== undefined) task.times.begin(Stage.DATA);
    session.listTask(task);
    if (!task.unsolicited) solicit(session, task);
    return;
  }
  executeCommand(task);
  if (!task.live) return;
  session.listTask(task);
  ownOut(task);
}

/** Copies data that lies in the receive buffer for a task that has to wait for its turn. */
function ownOut(task: Task): void {
  const { out, outAt, outLength } = task;
  if (out === undefined || task.outOwned) return;
  task.out = task.unit!.disk.memory.take(outLength);
  task.out.bytes.set(out.bytes.subarray(outAt, outAt + outLength));
  task.outAt = 0;
  task.outOwned = true;
}

/** Ends a task; it stays in the list while unsolicited data is on its way. */
function failCommand(session: Session, task: Task, sense: number): void {
  task.fail(sense);
  if (task.live) session.listTask(task);
}

/** What is wrong with a SCSI Command before there is a task. */
function findFault({ nexus, tasks, immediateCount }: Session, pdu: Pdu): RequestFault | undefined {
  if (nexus === undefined) return RequestFault.NOT_IN_DISCOVERY;
  if (pdu.initiatorTaskTag === NO_TAG) return RequestFault.RESERVED_TASK_TAG;
  if (tasks.has(pdu.initiatorTaskTag)) return RequestFault.TASK_TAG_IN_USE;
  if (pdu.isImmediate && immediateCount >= IMMEDIATE_MOST) return RequestFault.TOO_MANY_IMMEDIATE;
  if ((pdu.flags & (FINAL | WRITE)) === 0) return RequestFault.NEITHER_F_NOR_W;
  if (pdu.hasAhs && !areAhsValid(pdu)) return RequestFault.AHS;
  return undefined;
}

/** Counts a command for the statistics of its session. */
function count({ counters }: Session, flags: number, task: Task): void {
  const bytes = task.expectedIn + task.expectedOut;
  if (task.operation === undefined) counters.unknown.count++;
  else if (bytes === 0) counters.none.count++;
  else {
    const isBoth = (flags & (READ | WRITE)) === (READ | WRITE);
    const way = task.expectedOut > 0 ? counters.write : counters.read;
    const at = task.lba * (task.unit?.disk.blockSize ?? 0);
    counters.count(isBoth ? counters.bidi : way, at, bytes);
  }
}

/** Reads the header into a task. */
function beginTask(session: Session, pdu: Pdu): Task {
  const task = session.takeTask(pdu.isImmediate);
  const { view, bytes } = pdu.memory;
  const { flags } = pdu;
  const expected = pdu.uint32(EXPECTED_DATA_TRANSFER_LENGTH);
  task.initiatorTaskTag = pdu.initiatorTaskTag;
  task.lun = decodeLun(view, pdu.lunAt);
  task.attribute = flags & ATTRIBUTE;
  if ((flags & WRITE) !== 0) task.expectedOut = expected;
  else if ((flags & READ) !== 0) task.expectedIn = expected;
  task.unsolicited = (flags & FINAL) === 0 && pdu.dataLength < task.expectedOut;
  const { cdb } = task;
  const from = pdu.at + CDB;
  for (let index = 0; index < CDB_LENGTH; index++) cdb[index] = bytes[from + index]!;
  // What a CDB before it has left there is no part of this one.
  if (pdu.hasAhs || cdb[0] === VARIABLE_LENGTH_CDB) cdb.fill(0, CDB_LENGTH);
  if (pdu.hasAhs) readExtendedCdb(pdu, task);
  return task;
}

/** Whether the additional header segments fill their place, and each is one that there is. */
function areAhsValid(pdu: Pdu): boolean {
  const { ahsEnd } = pdu;
  const { view } = pdu.memory;
  let at = pdu.at + BHS_LENGTH;
  while (at < ahsEnd) {
    const length = view.getUint16(at);
    const type = view.getUint8(at + 2);
    if (type === AHS_BIDIRECTIONAL ? length !== BIDIRECTIONAL_LENGTH : type !== AHS_EXTENDED_CDB) {
      return false;
    }
    at += 3 + length + padOf(3 + length);
  }
  return at === ahsEnd;
}

/** Reads the rest of a CDB that is longer than 16 bytes from its AHS (RFC 7143 11.2.2.3). */
function readExtendedCdb(pdu: Pdu, task: Task): void {
  const { ahsEnd } = pdu;
  const { view, bytes } = pdu.memory;
  for (let at = pdu.at + BHS_LENGTH; at < ahsEnd;) {
    const length = view.getUint16(at);
    if (view.getUint8(at + 2) === AHS_EXTENDED_CDB) {
      // AHSLength counts the reserved byte in front of the CDB.
      const most = Math.min(length - 1, CDB_MOST - CDB_LENGTH);
      for (let index = 0; index < most; index++) {
        task.cdb[CDB_LENGTH + index] = bytes[at + 4 + index]!;
      }
    }
    at += 3 + length + padOf(3 + length);
  }
}

/** Whether data may come without an R2T, and so much of it (RFC 7143 13.10, 13.11, 13.14). */
function mayComeUnsolicited(session: Session, pdu: Pdu, task: Task): boolean {
  const { immediateData, initialR2T, firstBurstLength } = session.parameters;
  const most = Math.min(firstBurstLength, task.expectedOut);
  if (pdu.dataLength > 0 && !immediateData) return false;
  return pdu.dataLength <= most && !(task.unsolicited && initialR2T);
}
