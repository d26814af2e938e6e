/** SIMPLE, ORDERED and HEAD OF QUEUE (SAM-5 8.6), told apart by a write that waits for its data. */
import assert from "node:assert/strict";
import { fileDisks } from "../harness/disks.ts";
import { openSteered } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { dataOut, TaskAttribute, WRITE } from "../initiator/requests.ts";
import type { SteeredSession } from "../initiator/steered.ts";

const { Simple, Ordered, HeadOfQueue } = TaskAttribute;

async function startWrite(session: SteeredSession, attribute: number): Promise<Pdu> {
  const flags = FINAL | WRITE | attribute;
  const itt = await session.sendCommand({ cdb: write10(0, 1), flags, expectedLength: 512 });
  return await session.expect(Opcode.R2T, itt);
}

async function finishWrite(session: SteeredSession, r2t: Pdu): Promise<void> {
  const [itt, ttt] = [r2t.itt, r2t.u32(Field.ttt)];
  const { expStatSn } = session;
  const data = patternBytes(512, itt);
  await session.send(dataOut({ itt, ttt, expStatSn, data, offset: 0, dataSn: 0, final: true }));
}

async function sendReady(session: SteeredSession, attribute: number): Promise<number> {
  return await session.sendCommand({ cdb: testUnitReady(), flags: FINAL | attribute });
}

suite("task attributes", fileDisks(1 << 20), {
  "SIMPLE commands pass each other": async (server) => {
    using session = await openSteered(server);
    const r2t = await startWrite(session, Simple);
    const itt = await sendReady(session, Simple);
    await session.expect(Opcode.ScsiResponse, itt);
    await finishWrite(session, r2t);
    await session.expect(Opcode.ScsiResponse, r2t.itt);
  },

  "ORDERED waits for what came before it": async (server) => {
    using session = await openSteered(server);
    const r2t = await startWrite(session, Simple);
    const ordered = await sendReady(session, Ordered);
    assert.deepEqual(await session.fence(), []);
    await finishWrite(session, r2t);
    await session.expect(Opcode.ScsiResponse, r2t.itt);
    await session.expect(Opcode.ScsiResponse, ordered);
  },

  "SIMPLE behind ORDERED waits for it": async (server) => {
    using session = await openSteered(server);
    const r2t = await startWrite(session, Ordered);
    const simple = [await sendReady(session, Simple), await sendReady(session, Simple)];
    assert.deepEqual(await session.fence(), []);
    await finishWrite(session, r2t);
    await session.expect(Opcode.ScsiResponse, r2t.itt);
    for (const itt of simple) await session.expect(Opcode.ScsiResponse, itt);
  },

  "HEAD OF QUEUE passes everything": async (server) => {
    using session = await openSteered(server);
    const r2t = await startWrite(session, Ordered);
    const ordered = await sendReady(session, Ordered);
    const head = await sendReady(session, HeadOfQueue);
    await session.expect(Opcode.ScsiResponse, head);
    assert.deepEqual(await session.fence(), []);
    await finishWrite(session, r2t);
    await session.expect(Opcode.ScsiResponse, r2t.itt);
    await session.expect(Opcode.ScsiResponse, ordered);
  },

  "an untagged command is taken like a simple one": async (server) => {
    using session = await openSteered(server);
    const itt = await sendReady(session, TaskAttribute.Untagged);
    const response = await session.expect(Opcode.ScsiResponse, itt);
    assert.equal(response.u8(Field.status), 0);
  },
});
