/** Task management functions (RFC 7143 11.5, 11.6; SAM-5 7). */
import assert from "node:assert/strict";
import { fileDisks } from "../harness/disks.ts";
import { makeReady, openReady, openSteered } from "../harness/sessions.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { keysWith } from "../initiator/login.ts";
import { Field, Opcode, type Pdu } from "../initiator/pdu.ts";
import {
  dataOut,
  TaskFunction,
  taskManagement,
  type TaskManagementFields,
  WRITE,
} from "../initiator/requests.ts";
import { senseText } from "../initiator/sense.ts";
import type { Session } from "../initiator/session.ts";
import type { SteeredSession } from "../initiator/steered.ts";
import { valueOf } from "../initiator/text.ts";

/** RFC 7143 11.6.1. */
const Response = {
  Complete: 0,
  NoTask: 1,
  NoLun: 2,
  NoReassignment: 4,
  NotSupported: 5,
  Rejected: 255,
} as const;

/** Starts a write of one block that waits for its solicited data; returns its R2T. */
async function startWrite(session: SteeredSession, lba: number): Promise<Pdu> {
  const flags = 0x80 | WRITE | 1;
  const itt = await session.sendCommand({ cdb: write10(lba, 1), flags, expectedLength: 512 });
  return await session.expect(Opcode.R2T, itt);
}

/** Sends the data that an R2T asks for. */
async function answerR2T(session: SteeredSession, r2t: Pdu, data: Uint8Array): Promise<void> {
  const { itt } = r2t;
  const ttt = r2t.u32(Field.ttt);
  const { expStatSn } = session;
  await session.send(dataOut({ itt, ttt, expStatSn, data, offset: 0, dataSn: 0, final: true }));
}

async function manage(
  session: SteeredSession,
  fields: Pick<TaskManagementFields, "function"> & Partial<TaskManagementFields>,
): Promise<number> {
  const numbers = session.immediateNumbers();
  await session.send(taskManagement({ ...numbers, ...fields }));
  const response = await session.expect(Opcode.TaskManagementResponse, numbers.itt);
  return response.u8(Field.response);
}

async function assertBlock(session: Session, lba: number, wanted: Uint8Array): Promise<void> {
  const { data } = await session.command(read10(lba, 1), { read: 512 });
  assertSameBytes(data, wanted);
}

const ZEROS = new Uint8Array(512);

suite("task management", fileDisks(1 << 20, [{}, {}]), {
  "ABORT TASK of a task that never was": async (server) => {
    await using session = await openReady(server);
    const refCmdSn = session.window.cmdSn - 1000 >>> 0;
    const response = await session.taskManagement(TaskFunction.AbortTask, {
      referencedTag: 0x12345,
      refCmdSn,
    });
    assert.equal(response, Response.NoTask);
  },

  "ABORT TASK ends a write that waits for data, without a response and without a trace": async (
    server,
  ) => {
    await using bystander = await openReady(server);
    using session = await openSteered(server);
    const refCmdSn = session.cmdSn;
    const r2t = await startWrite(session, 8);
    const abort = { function: TaskFunction.AbortTask, referencedTag: r2t.itt, refCmdSn };
    assert.equal(await manage(session, abort), Response.Complete);
    await answerR2T(session, r2t, patternBytes(512, 1));
    assert.deepEqual(await session.fence(), [], "late data is dropped in silence");
    await assertBlock(bystander, 8, ZEROS);
    assert.equal(
      await manage(session, { ...abort, refCmdSn: refCmdSn - 500 >>> 0 }),
      Response.NoTask,
    );
  },

  "ABORT TASK counts a missing command as received": async (server) => {
    using session = await openSteered(server);
    const missing = session.cmdSn;
    const held = await session.sendCommand({ cdb: testUnitReady(), cmdSn: missing + 1 });
    session.cmdSn = missing + 2;
    const numbers = session.immediateNumbers();
    const fields = { function: TaskFunction.AbortTask, referencedTag: 0x7777, refCmdSn: missing };
    await session.send(taskManagement({ ...numbers, ...fields }));
    const response = await session.expect(Opcode.TaskManagementResponse, numbers.itt);
    assert.equal(response.u8(Field.response), Response.Complete);
    await session.expect(Opcode.ScsiResponse, held);
    assert.equal(session.expCmdSn, missing + 2);
  },

  "ABORT TASK SET and CLEAR TASK SET end the session's tasks on the LUN": async (server) => {
    await using bystander = await openReady(server);
    for (const fn of [TaskFunction.AbortTaskSet, TaskFunction.ClearTaskSet]) {
      using session = await openSteered(server);
      const r2ts = [await startWrite(session, 16), await startWrite(session, 17)];
      assert.equal(await manage(session, { function: fn }), Response.Complete);
      for (const r2t of r2ts) await answerR2T(session, r2t, patternBytes(512, 2));
      assert.deepEqual(await session.fence(), []);
      await assertBlock(bystander, 16, ZEROS);
      await assertBlock(bystander, 17, ZEROS);
    }
  },

  // TST 001b of the Control mode page: each I_T nexus has a task set of its own (SPC-4 7.5.8).
  "ABORT TASK SET and CLEAR TASK SET leave the tasks of others alone": async (server) => {
    for (const fn of [TaskFunction.AbortTaskSet, TaskFunction.ClearTaskSet]) {
      using other = await openSteered(server);
      using session = await openSteered(server);
      const r2t = await startWrite(other, 24);
      assert.equal(await manage(session, { function: fn }), Response.Complete);
      const data = patternBytes(512, 3 + fn);
      await answerR2T(other, r2t, data);
      const response = await other.expect(Opcode.ScsiResponse, r2t.itt);
      assert.equal(response.u8(Field.status), 0);
      await using bystander = await openReady(server);
      await assertBlock(bystander, 24, data);
    }
  },

  "LOGICAL UNIT RESET ends all tasks of the LUN and tells every other session": async (server) => {
    await using bystander = await openReady(server, [0, 1]);
    using session = await openSteered(server);
    const r2t = await startWrite(session, 40);
    assert.equal(
      await bystander.taskManagement(TaskFunction.LogicalUnitReset),
      Response.Complete,
    );
    await answerR2T(session, r2t, patternBytes(512, 5));
    assert.deepEqual(await session.fence(), []);
    const itt = await session.sendCommand({ cdb: testUnitReady() });
    const response = await session.expect(Opcode.ScsiResponse, itt);
    assert.deepEqual([response.data[2 + 2], response.data[2 + 12]], [6, 0x29]);
    assert.equal((await bystander.command(testUnitReady(), { lun: 1 })).status, 0, "LUN 1");
    await makeReady(bystander, 0);
    await assertBlock(bystander, 40, ZEROS);
  },

  "LOGICAL UNIT RESET of a LUN that is not there": async (server) => {
    await using session = await openReady(server);
    const response = await session.taskManagement(TaskFunction.LogicalUnitReset, { lun: 99 });
    assert.equal(response, Response.NoLun);
  },

  "TARGET WARM RESET reaches every LUN and session": async (server) => {
    await using first = await openReady(server, [0, 1]);
    await using second = await openReady(server, [0, 1]);
    assert.equal(await first.taskManagement(TaskFunction.TargetWarmReset), Response.Complete);
    for (const lun of [0, 1]) {
      const { status, sense } = await second.command(testUnitReady(), { lun });
      assert.equal(status, 2);
      assert.match(senseText(sense), /^06\/29\//);
      await makeReady(second, lun);
      await makeReady(first, lun);
    }
  },

  "ABORT TASK with the LUN of another task is rejected, and aborts nothing": async (server) => {
    using session = await openSteered(server);
    const refCmdSn = session.cmdSn;
    const r2t = await startWrite(session, 48);
    const abort = { function: TaskFunction.AbortTask, referencedTag: r2t.itt, refCmdSn, lun: 1 };
    assert.equal(await manage(session, abort), Response.Rejected);
    await answerR2T(session, r2t, patternBytes(512, 6));
    const response = await session.expect(Opcode.ScsiResponse, r2t.itt);
    assert.equal(response.u8(Field.status), 0);
  },

  // The functions of RFC 7144 are for iSCSIProtocolLevel=2, which the target does not agree to.
  "QUERY TASK, QUERY TASK SET, I_T NEXUS RESET and QUERY ASYNCHRONOUS EVENT are not there": async (
    server,
  ) => {
    using session = await openSteered(server, { keys: keysWith({ iSCSIProtocolLevel: "2" }) });
    assert.equal(valueOf(session.loginResult.answers, "iSCSIProtocolLevel"), "1");
    for (const fn of [9, 10, 11, 12]) {
      assert.equal(await manage(session, { function: fn }), Response.NotSupported);
    }
    assert.deepEqual(await session.fence(), []);
  },

  "TASK REASSIGN and unknown functions are refused": async (server) => {
    using session = await openSteered(server);
    const reassign = await manage(session, { function: TaskFunction.TaskReassign });
    assert.equal(reassign, Response.NoReassignment);
    const unknown = await manage(session, { function: 0x7f });
    assert([Response.NotSupported, Response.Rejected].some((code) => code === unknown));
    assert.deepEqual(await session.fence(), []);
  },
});
