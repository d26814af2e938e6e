/** SCSI Response (RFC 7143 11.4). */
import { encodeSense, SENSE_MOST } from "../scsi/sense.ts";
import { Status } from "../scsi/status.ts";
import {
  clearHeader,
  FINAL,
  FLAGS,
  INITIATOR_TASK_TAG,
  OPCODE,
  setDataSegmentLength,
} from "./bhs.ts";
import { Opcode } from "./opcode.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

const STATUS = 3;
const EXP_DATA_SN = 36;
const RESIDUAL_COUNT = 44;

/** Sends the status of a task, with sense data for CHECK CONDITION. */
export function sendScsiResponse(session: Session, task: Task): void {
  const { output } = session;
  const block = output.reservePdu(2 + SENSE_MOST);
  const { view } = block.memory;
  const at = block.end;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.SCSI_RESPONSE);
  view.setUint8(at + FLAGS, FINAL | task.residualFlags);
  view.setUint8(at + STATUS, task.status);
  view.setUint32(at + INITIATOR_TASK_TAG, task.initiatorTaskTag);
  view.setUint32(at + EXP_DATA_SN, task.r2tsSent);
  view.setUint32(at + RESIDUAL_COUNT, task.residualCount);
  session.putSequenceNumbers(view, at, true);
  if (task.status === Status.CHECK_CONDITION) {
    const descriptors = task.unit?.disk.modes.current.D_SENSE === 1;
    const dataAt = at + output.dataOffset;
    const length = encodeSense(view, dataAt + 2, task.sense, task, descriptors);
    view.setUint16(dataAt, length);
    setDataSegmentLength(view, at, 2 + length);
  }
  output.commitPdu();
}
