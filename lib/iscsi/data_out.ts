/** Data-Out and R2T (RFC 7143 11.7, 11.8): how the data of a write comes. */
import { executeCommand } from "../scst/execute.ts";
import {
  clearHeader,
  FINAL,
  FLAGS,
  INITIATOR_TASK_TAG,
  LUN,
  NO_TAG,
  OPCODE,
  TARGET_TRANSFER_TAG,
} from "./bhs.ts";
import { encodeLun } from "../scsi/lun.ts";
import { CommandFault, RequestFault } from "./faults.ts";
import { Opcode } from "./opcode.ts";
import type { Pdu } from "./pdu.ts";
import { rejectPdu } from "./reject.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

const DATA_SN = 36;
const BUFFER_OFFSET = 40;

const R2T_SN = 36;
const DESIRED_DATA_TRANSFER_LENGTH = 44;

/**
 * Takes the immediate data of a command. When that is all that the command wants it stays where it
 * is; otherwise it goes to a buffer of the task. Returns false if the task has ended.
 */
export function collectImmediate(session: Session, pdu: Pdu, task: Task): boolean {
  const { capacity } = task;
  const here = Math.min(pdu.dataLength, capacity);
  task.received = pdu.dataLength;
  task.sequenceEnd = Math.min(session.parameters.firstBurstLength, task.expectedOut);
  if (capacity === 0) return true;
  if (here === capacity && !task.unsolicited) {
    task.out = pdu.memory;
    task.outAt = pdu.dataAt;
    task.outLength = capacity;
    return true;
  }
  if (!task.unit!.disk.hasMemory) {
    task.refuseForNow();
    return false;
  }
  // Room for what may come unasked; solicit() makes room for all of it.
  task.out = task.unit!.disk.memory.take(Math.max(here, Math.min(capacity, task.sequenceEnd)));
  task.outOwned = true;
  task.outLength = capacity;
  if (here > 0) {
    task.out.bytes.set(pdu.memory.bytes.subarray(pdu.dataAt, pdu.dataAt + here));
  }
  return true;
}

/** Asks for the data that is missing: as many R2Ts as may be outstanding, each for one burst. */
export function solicit(session: Session, task: Task): void {
  const { maxBurstLength, maxOutstandingR2T } = session.parameters;
  if (task.r2tsSent === 0) {
    if (!session.writeMemory.grant(task)) return;
    if (!task.unit!.disk.hasMemory) return task.refuseForNow();
    growBuffer(task);
    task.solicited = task.received;
    const count = Math.ceil((task.capacity - task.solicited) / maxBurstLength);
    task.transferTag = session.takeTransferTags(count);
    beginSequence(session, task);
  }
  while (
    task.solicited < task.capacity && task.r2tsSent - task.r2tsAnswered < maxOutstandingR2T
  ) {
    const length = Math.min(maxBurstLength, task.capacity - task.solicited);
    sendR2T(session, task, task.solicited, length);
    task.solicited += length;
  }
}

/** Makes room for all data of the task; what came without being asked for is taken along. */
function growBuffer(task: Task): void {
  const small = task.out!;
  if (small.length >= task.capacity) return;
  task.out = task.unit!.disk.memory.take(task.capacity);
  task.out.bytes.set(small.bytes.subarray(0, task.received));
  task.unit!.disk.memory.give(small);
}

/** Goes on with the writes that waited for memory. */
export function solicitWaiting(session: Session): void {
  for (;;) {
    const task = session.writeMemory.next;
    if (task === undefined) return;
    solicit(session, task);
    if (session.writeMemory.next === task) return;
  }
}

/** Expects the sequence that answers the oldest R2T. */
function beginSequence(session: Session, task: Task): void {
  task.dataSN = 0;
  task.sequenceEnd = Math.min(task.capacity, task.received + session.parameters.maxBurstLength);
}

function sendR2T(session: Session, task: Task, offset: number, length: number): void {
  const { memory, end: at } = session.output.reservePdu(0);
  const { view } = memory;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.R2T);
  view.setUint8(at + FLAGS, FINAL);
  encodeLun(view, at + LUN, task.lun, session.nexus!.addressing);
  view.setUint32(at + INITIATOR_TASK_TAG, task.initiatorTaskTag);
  view.setUint32(at + TARGET_TRANSFER_TAG, task.transferTag + task.r2tsSent);
  session.putSequenceNumbers(view, at, false);
  session.putNextStatSN(view, at);
  view.setUint32(at + R2T_SN, task.r2tsSent++);
  view.setUint32(at + BUFFER_OFFSET, offset);
  view.setUint32(at + DESIRED_DATA_TRANSFER_LENGTH, length);
  session.output.commitPdu();
}

/**
 * Checks a Data-Out header against what is expected. Returns its task; undefined when the data is to
 * be dropped, because its task is gone; or what is wrong with it, in words.
 */
export function findDataOut(session: Session, pdu: Pdu): Task | string | undefined {
  const task = session.tasks.get(pdu.initiatorTaskTag);
  if (task === undefined) return undefined;
  const transferTag = pdu.uint32(TARGET_TRANSFER_TAG);
  if (transferTag === NO_TAG) {
    if (!task.unsolicited) return "unsolicited data that nobody announced";
  } else if (task.unsolicited || task.r2tsSent === task.r2tsAnswered) {
    return "solicited data that nobody asked for";
  } else if (transferTag !== task.transferTag + task.r2tsAnswered) {
    return `target transfer tag 0x${transferTag.toString(16)}`;
  }
  if (task.isSwallowed || task.statusHeld) return task; // dropped, but its end is waited for
  const dataSN = pdu.uint32(DATA_SN);
  const offset = pdu.uint32(BUFFER_OFFSET);
  if (dataSN !== task.dataSN) return `DataSN ${dataSN}, expected ${task.dataSN}`;
  if (offset !== task.received) return `BufferOffset ${offset}, expected ${task.received}`;
  const end = offset + pdu.dataLength;
  if (end > task.sequenceEnd) return `data up to ${end}, beyond ${task.sequenceEnd}`;
  const final = (pdu.flags & FINAL) !== 0;
  if (transferTag !== NO_TAG && final !== (end === task.sequenceEnd)) {
    return final ? `the end of a sequence at ${end}, not at ${task.sequenceEnd}` : "no F bit";
  }
  return task;
}

/** Whether the data segment can be received straight into the buffer of the task. */
export function landsInPlace(pdu: Pdu, task: Task): boolean {
  return !task.statusHeld && task.out !== undefined &&
    task.received + pdu.dataLength <= task.capacity;
}

/** Handles a Data-Out PDU that has its data behind its header. */
export function handleDataOut(session: Session, pdu: Pdu): void {
  const task = findDataOut(session, pdu);
  const { isIntact } = pdu;
  if (!isIntact) rejectPdu(session, pdu, RequestFault.DATA_DIGEST);
  if (task === undefined) return;
  if (typeof task === "string") return failDataOut(session, pdu, task);
  if (isIntact && !task.statusHeld && !task.isSwallowed) {
    const here = Math.min(pdu.dataLength, task.capacity - task.received);
    if (here > 0) {
      const data = pdu.memory.bytes.subarray(pdu.dataAt, pdu.dataAt + here);
      task.out!.bytes.set(data, task.received);
    }
  }
  advance(session, pdu, task, isIntact);
}

/**
 * Handles a Data-Out PDU whose data was received straight into the buffer of its task; undefined if
 * that has ended meanwhile. Its header was found good, its data is as `isIntact` says.
 */
export function handleLandedDataOut(
  session: Session,
  pdu: Pdu,
  task: Task | undefined,
  isIntact: boolean,
): void {
  if (!isIntact) rejectPdu(session, pdu, RequestFault.DATA_DIGEST);
  if (task !== undefined) advance(session, pdu, task, isIntact);
}

/**
 * Goes on with a task after a Data-Out. When the data was not intact the task fails, at the end of
 * all sequences that are on their way (RFC 7143 7.8).
 */
function advance(session: Session, pdu: Pdu, task: Task, isIntact: boolean): void {
  const final = (pdu.flags & FINAL) !== 0;
  task.received += pdu.dataLength;
  task.dataSN++;
  if (final) endSequence(task);
  if (task.isSwallowed) return;
  if (task.statusHeld) {
    if (!task.awaitsData) task.deliverHeldStatus();
    return;
  }
  if (!isIntact) {
    session.report("warning", CommandFault.DATA_DIGEST.says, task);
    return task.fail(CommandFault.DATA_DIGEST.sense);
  }
  if (!final) return;
  if (task.received < task.capacity) {
    if (task.r2tsSent > 0) beginSequence(session, task);
    return solicit(session, task);
  }
  executeCommand(task);
}

function endSequence(task: Task): void {
  if (task.unsolicited) task.unsolicited = false;
  else task.r2tsAnswered++;
}

/** Whether a Data-Out is of the sequence that is expected now, by its target transfer tag. */
function isOfSequence(pdu: Pdu, task: Task): boolean {
  const transferTag = pdu.uint32(TARGET_TRANSFER_TAG);
  if (task.unsolicited) return transferTag === NO_TAG;
  return task.awaitsData && transferTag === task.transferTag + task.r2tsAnswered;
}

/**
 * Ends a task whose data does not come as agreed: nothing of it is written, and what still comes for
 * it is dropped. It ends like one with a wrong digest, at the end of all sequences that are on their
 * way (RFC 7143 7.9, 7.8); after data of no sequence there is no telling which are.
 */
function failDataOut(session: Session, pdu: Pdu, why: string): void {
  const task = session.tasks.get(pdu.initiatorTaskTag)!;
  session.report("warning", `${CommandFault.DATA_SEQUENCE.says}, ${why}`, task);
  if (task.ready) return;
  if (!isOfSequence(pdu, task)) task.expectNoData();
  else if ((pdu.flags & FINAL) !== 0) endSequence(task);
  if (!task.statusHeld) task.fail(CommandFault.DATA_SEQUENCE.sense);
  else if (!task.awaitsData) task.deliverHeldStatus();
}
