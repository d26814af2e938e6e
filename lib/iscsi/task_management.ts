/** Task management (RFC 7143 11.5, 11.6; SAM-5 7). */
import { decodeLun } from "../scsi/lun.ts";
import { swallowsTaskManagement } from "../scst/black_hole.ts";
import type { LogicalUnit } from "../scst/logical_unit.ts";
import {
  abortTaskSet,
  clearAca,
  clearTaskSet,
  resetLogicalUnit,
  resetTarget,
} from "../scst/task_management.ts";
import { clearHeader, CMD_SN, FINAL, FLAGS, INITIATOR_TASK_TAG, OPCODE } from "./bhs.ts";
import { Opcode } from "./opcode.ts";
import type { Pdu } from "./pdu.ts";
import type { Session } from "./session.ts";

/** Functions (RFC 7143 11.5.1). */
const Function = {
  ABORT_TASK: 1,
  ABORT_TASK_SET: 2,
  CLEAR_ACA: 3,
  CLEAR_TASK_SET: 4,
  LOGICAL_UNIT_RESET: 5,
  TARGET_WARM_RESET: 6,
  TARGET_COLD_RESET: 7,
  TASK_REASSIGN: 8,
} as const;

const functionNames = new Map<number, string>(
  Object.entries(Function).map(([name, number]) => [number, name]),
);

/** Responses (RFC 7143 11.6.1). */
const Response = {
  COMPLETE: 0,
  TASK_DOES_NOT_EXIST: 1,
  LUN_DOES_NOT_EXIST: 2,
  REASSIGNMENT_NOT_SUPPORTED: 4,
  NOT_SUPPORTED: 5,
  REJECTED: 255,
} as const;

const responseNames = new Map<number, string>(
  Object.entries(Response).map(([name, number]) => [number, name]),
);

const REFERENCED_TASK_TAG = 20;
const REF_CMD_SN = 32;
const RESPONSE = 2;

/** Handles a Task Management Function Request of a normal session. */
export function handleTaskManagement(session: Session, pdu: Pdu): void {
  const code = pdu.flags & 0x7f;
  if (swallowsTaskManagement(session.nexus!)) {
    const what = functionNames.get(code) ?? `function ${code}`;
    return session.report("info", `${what} is neither done nor answered: black_hole`);
  }
  const response = perform(session, pdu, code);
  const { memory, end: at } = session.output.reservePdu(0);
  const { view } = memory;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.TASK_MANAGEMENT_RESPONSE);
  view.setUint8(at + FLAGS, FINAL);
  view.setUint8(at + RESPONSE, response);
  view.setUint32(at + INITIATOR_TASK_TAG, pdu.initiatorTaskTag);
  session.putSequenceNumbers(view, at, true);
  session.output.commitPdu();
  const name = functionNames.get(code) ?? `function ${code}`;
  const { initiatorTaskTag } = pdu;
  session.report(
    "info",
    `${name} answered with ${responseNames.get(response)} (${response})`,
    isAboutUnit(code) ? { lun: lunOf(pdu), initiatorTaskTag } : undefined,
  );
  if (code === Function.TARGET_COLD_RESET && response === Response.COMPLETE) {
    for (const nexus of [...session.nexus!.target.nexuses]) nexus.drop("target cold reset");
  }
}

/** What the functions do that are about one logical unit. */
const UNIT_FUNCTIONS: Readonly<Record<number, (unit: LogicalUnit) => void>> = {
  [Function.ABORT_TASK_SET]: abortTaskSet,
  [Function.CLEAR_ACA]: clearAca,
  [Function.CLEAR_TASK_SET]: clearTaskSet,
  [Function.LOGICAL_UNIT_RESET]: resetLogicalUnit,
};

/** Whether the LUN field of the request says something. */
function isAboutUnit(code: number): boolean {
  return code === Function.ABORT_TASK || UNIT_FUNCTIONS[code] !== undefined;
}

function lunOf(pdu: Pdu): number {
  return decodeLun(pdu.memory.view, pdu.lunAt);
}

function perform(session: Session, pdu: Pdu, code: number): number {
  const nexus = session.nexus!;
  switch (code) {
    case Function.ABORT_TASK:
      return abortTask(session, pdu);
    case Function.TARGET_WARM_RESET:
    case Function.TARGET_COLD_RESET:
      resetTarget(nexus);
      return Response.COMPLETE;
    case Function.TASK_REASSIGN:
      return Response.REASSIGNMENT_NOT_SUPPORTED;
  }
  const apply = UNIT_FUNCTIONS[code];
  if (apply === undefined) return Response.NOT_SUPPORTED;
  const unit = nexus.units.get(lunOf(pdu));
  if (unit === undefined) return Response.LUN_DOES_NOT_EXIST;
  apply(unit);
  return Response.COMPLETE;
}

/** ABORT TASK (RFC 7143 11.5.1, 11.6.1). */
function abortTask(session: Session, pdu: Pdu): number {
  const task = session.tasks.get(pdu.uint32(REFERENCED_TASK_TAG));
  if (task !== undefined) {
    // It is named by its LUN and its tag together (SAM-5 4.8).
    if (lunOf(pdu) !== task.lun) return Response.REJECTED;
    session.abortTask(task);
    return Response.COMPLETE;
  }
  return session.connection.cancelEarly(pdu.uint32(REF_CMD_SN), pdu.uint32(CMD_SN))
    ? Response.COMPLETE
    : Response.TASK_DOES_NOT_EXIST;
}
