/** The commands that are under way, one line each: what SCST's `trace_cmds` shows. */
import { Stage, STAGES } from "../scsi/stage.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** Characters of all lines together, with room for one more: what one file of the tree can say. */
const MOST = 3800;

/** Operation code of CDBs that may be longer than 16 bytes (SPC-5 4.2.3). */
const VARIABLE_LENGTH_CDB = 0x7f;

/** The commands of `sessions`; where they are too many, a line behind them says how many more. */
export function traceCommands(sessions: Iterable<Session>): string {
  let text = "";
  let left = 0;
  for (const session of sessions) {
    for (const task of session.tasks.values()) {
      const line = text.length < MOST ? describe(session, task) : "";
      if (line === "" || text.length + line.length > MOST) left++;
      else text += line;
    }
  }
  return left === 0 ? text : `${text}and ${left} more\n`;
}

function describe({ identity }: Session, task: Task): string {
  const { cdb, lun, initiatorTaskTag, operation, isSwallowed, stage, times } = task;
  const bytes = cdb[0] === VARIABLE_LENGTH_CDB ? cdb : cdb.subarray(0, 16);
  const begun = times?.begun[Stage.RECEIVED];
  const parts = [
    operation?.name ?? "unknown operation",
    ...(begun === undefined ? [] : [`for ${Math.round(performance.now() - begun)} ms`]),
    isSwallowed ? "never to be answered (black_hole)" : STAGES[stage]!.what,
  ];
  const where = [
    `cdb=${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`,
    `stage=${isSwallowed ? "black_hole" : STAGES[stage]!.name}`,
    `initiator=${identity.initiator}`,
    `target=${identity.access?.target.name}`,
    `lun=${lun}`,
    `itt=0x${initiatorTaskTag.toString(16)}`,
  ];
  return `${parts.join(", ")}: ${where.join(" ")}\n`;
}
