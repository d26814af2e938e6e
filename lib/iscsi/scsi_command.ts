/** SCSI Command (RFC 7143 11.3): from the PDU to a command that the core admits. */
import { admitCommand, executeCommand } from "../scst/execute.ts";
import { CDB_MOST } from "../scsi/command.ts";
import { decodeLun } from "../scsi/lun.ts";
import { Sense } from "../scsi/sense.ts";
import { BHS_LENGTH, FINAL, NO_TAG, padOf } from "./bhs.ts";
import { collectImmediate, solicit } from "./data_out.ts";
import { IMMEDIATE_MOST } from "./limits.ts";
import { RejectReason } from "./opcode.ts";
import type { Pdu } from "./pdu.ts";
import { sendReject } from "./reject.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

const READ = 0x40;
const WRITE = 0x20;
const ATTRIBUTE = 0x07;

const EXPECTED_DATA_TRANSFER_LENGTH = 20;
const CDB = 32;
const CDB_LENGTH = 16;

const AHS_EXTENDED_CDB = 1;

/** Handles a SCSI Command PDU. */
export function handleScsiCommand(session: Session, pdu: Pdu): void {
  const { nexus, tasks } = session;
  if (nexus === undefined) return reject(session, pdu, RejectReason.PROTOCOL_ERROR);
  if (tasks.has(pdu.initiatorTaskTag)) {
    return reject(session, pdu, RejectReason.TASK_IN_PROGRESS);
  }
  if (pdu.isImmediate && countImmediate(tasks) >= IMMEDIATE_MOST) {
    return reject(session, pdu, RejectReason.TOO_MANY_IMMEDIATE_COMMANDS);
  }
  if (pdu.initiatorTaskTag === NO_TAG) return reject(session, pdu, RejectReason.INVALID_PDU_FIELD);
  if ((pdu.flags & (FINAL | WRITE)) === 0) {
    return reject(session, pdu, RejectReason.INVALID_PDU_FIELD); // data to come, but none is written
  }
  const task = beginTask(session, pdu);
  const isAdmitted = admitCommand(nexus, task);
  count(session, pdu.flags, task);
  if (!isAdmitted) {
    if (task.live) session.listTask(task); // its status waits for the end of the unsolicited data
    return;
  }
  task.capacity = Math.min(task.expectedOut, task.wantedOut);
  // The CDB writes and the header says that the initiator reads: doing nothing would look like success.
  if (task.wantedOut > 0 && task.expectedIn > 0) return task.fail(Sense.INVALID_FIELD_IN_CDB);
  if (pdu.dataLength > 0 || task.unsolicited) {
    const sense = checkUnsolicited(session, pdu, task);
    if (sense !== Sense.NO_SENSE) {
      session.report("warning", "data refused: it was not asked for", task);
      task.fail(sense);
      if (task.live) session.listTask(task);
      return;
    }
  }
  if (!collectImmediate(session, pdu, task)) {
    if (task.live) session.listTask(task);
    return;
  }
  if (task.received < task.capacity || task.unsolicited) {
    session.listTask(task);
    if (!task.unsolicited) solicit(session, task);
    return;
  }
  executeCommand(task);
  if (!task.live) return;
  session.listTask(task);
  ownOut(session, task);
}

/** Copies data that lies in the receive buffer for a task that has to wait for its turn. */
function ownOut(session: Session, task: Task): void {
  const { out, outAt, outLength } = task;
  if (out === undefined || task.outOwned) return;
  task.out = session.node.memory.take(outLength);
  task.out.bytes.set(out.bytes.subarray(outAt, outAt + outLength));
  task.outAt = 0;
  task.outOwned = true;
}

function reject(session: Session, pdu: Pdu, reason: number): void {
  if (!pdu.isImmediate) session.openWindowByOne();
  sendReject(session, pdu, reason);
}

function countImmediate(tasks: ReadonlyMap<number, Task>): number {
  let count = 0;
  for (const task of tasks.values()) if (task.immediate) count++;
  return count;
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
  const task = session.takeTask();
  const { view, bytes } = pdu.memory;
  const { flags } = pdu;
  const expected = pdu.uint32(EXPECTED_DATA_TRANSFER_LENGTH);
  task.initiatorTaskTag = pdu.initiatorTaskTag;
  task.immediate = pdu.isImmediate;
  task.inWindow = !task.immediate;
  task.lun = decodeLun(view, pdu.lunAt);
  task.attribute = flags & ATTRIBUTE;
  if ((flags & WRITE) !== 0) task.expectedOut = expected;
  else if ((flags & READ) !== 0) task.expectedIn = expected;
  task.unsolicited = (flags & FINAL) === 0 && pdu.dataLength < task.expectedOut;
  const { cdb } = task;
  const from = pdu.at + CDB;
  for (let index = 0; index < CDB_LENGTH; index++) cdb[index] = bytes[from + index]!;
  if (pdu.hasAhs) readExtendedCdb(pdu, task);
  return task;
}

/** Reads the rest of a CDB that is longer than 16 bytes from its AHS (RFC 7143 11.2.2.3). */
function readExtendedCdb(pdu: Pdu, task: Task): void {
  const { ahsEnd } = pdu;
  const { view, bytes } = pdu.memory;
  for (let at = pdu.at + BHS_LENGTH; at + 4 <= ahsEnd;) {
    const length = view.getUint16(at);
    const end = at + 3 + length;
    if (end > ahsEnd) return;
    if (view.getUint8(at + 2) === AHS_EXTENDED_CDB) {
      // AHSLength counts the reserved byte in front of the CDB.
      const most = Math.min(length - 1, CDB_MOST - CDB_LENGTH);
      for (let index = 0; index < most; index++) {
        task.cdb[CDB_LENGTH + index] = bytes[at + 4 + index]!;
      }
    }
    at = end + padOf(3 + length);
  }
}

/** Whether data may come without an R2T, and so much of it (RFC 7143 13.10, 13.11, 13.14). */
function checkUnsolicited(session: Session, pdu: Pdu, task: Task): number {
  const { immediateData, initialR2T, firstBurstLength } = session.parameters;
  const most = Math.min(firstBurstLength, task.expectedOut);
  if (pdu.dataLength > 0 && !immediateData) return Sense.UNEXPECTED_UNSOLICITED_DATA;
  if (pdu.dataLength > most) return Sense.UNEXPECTED_UNSOLICITED_DATA;
  if (task.unsolicited && initialR2T) return Sense.UNEXPECTED_UNSOLICITED_DATA;
  return Sense.NO_SENSE;
}
