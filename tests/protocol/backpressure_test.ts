/** Initiators that do not take what they asked for, or do not send what they announced. */
import assert from "node:assert/strict";
import { READ_MEMORY_MOST, WRITE_MEMORY_MOST } from "../../lib/iscsi/limits.ts";
import { Bystander } from "../harness/bystander.ts";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { assertNoBug } from "../harness/log.ts";
import { peakResidentBytes, residentBytes } from "../harness/memory.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { startTestServer } from "../harness/server.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import {
  getLbaStatus16,
  inquiry,
  logSense,
  modeSense10,
  modeSense6,
  read10,
  read12,
  read16,
  read6,
  readCapacity10,
  readCapacity16,
  readDefectData10,
  receiveDiagnosticResults,
  reportLuns,
  reportOpcodes,
  requestSense,
  write16,
} from "../initiator/cdb.ts";
import { keysWith } from "../initiator/login.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { SilenceError } from "../initiator/raw.ts";
import {
  dataOut,
  nopOut,
  READ,
  TaskFunction,
  taskManagement,
  WRITE,
} from "../initiator/requests.ts";
import { PrIn, prIn } from "../initiator/reservations.ts";
import { Task } from "../initiator/task.ts";
import { within } from "../initiator/within.ts";

const MIB = 1 << 20;
const YAML = fileDisks(32 * MIB, [{}, {}]);
/** What the engine may take for its own work on top of what a connection may hold. */
const ENGINE = 32 * MIB;
/** What a server may need beyond what it had, while an initiator has asked for far more. */
const MEMORY_LIMIT = READ_MEMORY_MOST + ENGINE;
const WRITE_MEMORY_LIMIT = WRITE_MEMORY_MOST + ENGINE;
/** What others may notice, on a machine that is busy otherwise. */
const NOTICE_MS = 1000;
/** Where the data is that is read, behind the blocks of the bystander. */
const FROM = 2048;
const SEGMENT = new Uint8Array(256 * 1024);

/** The Data-Outs that answer an R2T in full, but for the last byte of the whole command. */
function answerTo(r2t: Pdu, commandLength: number, expStatSn: number): Uint8Array {
  const [from, desired] = [r2t.u32(Field.bufferOffset), r2t.u32(Field.desiredLength)];
  const isLast = from + desired === commandLength;
  const end = from + desired - (isLast ? 1 : 0);
  const parts: Uint8Array[] = [];
  for (let offset = from; offset < end; offset += SEGMENT.length) {
    const data = SEGMENT.subarray(0, Math.min(SEGMENT.length, end - offset));
    const final = !isLast && offset + data.length === end;
    const [itt, ttt] = [r2t.itt, r2t.u32(Field.ttt)];
    const dataSn = parts.length;
    parts.push(dataOut({ itt, ttt, expStatSn, dataSn, offset, data, final }).encode());
  }
  return concatBytes(parts);
}

/** What produces data: reads that are far more than the bound together, and everything else. */
const LARGE = [
  { cdb: read10(FROM, 16384), read: 8 * MIB },
  { cdb: read12(FROM, 16384), read: 8 * MIB },
  { cdb: read16(FROM, 16384), read: 8 * MIB },
  { cdb: read6(FROM, 256), read: 256 * 512 },
];
const SMALL = [
  { cdb: inquiry(255), read: 255 },
  { cdb: inquiry(255, 0x83), read: 255 },
  { cdb: requestSense(252), read: 252 },
  { cdb: modeSense6(0x3f, 255), read: 255 },
  { cdb: modeSense10(0x3f, 4096), read: 4096 },
  { cdb: logSense(0, 4096), read: 4096 },
  { cdb: reportLuns(4096), read: 4096 },
  { cdb: readCapacity10(), read: 8 },
  { cdb: readCapacity16(32), read: 32 },
  { cdb: getLbaStatus16(0, 4096), read: 4096 },
  { cdb: readDefectData10(0, 4096), read: 4096 },
  { cdb: receiveDiagnosticResults(4096, 0), read: 4096 },
  { cdb: reportOpcodes(65536, { reporting: 0 }), read: 65536 },
  { cdb: prIn(PrIn.FULL_STATUS, 4096), read: 4096 },
];
/** As many as the command window has room for, the large ones spread among the others. */
const COMMANDS = Array.from({ length: 31 }, (_, index) => {
  const list = index % 2 === 0 ? LARGE : SMALL;
  return list[(index >> 1) % list.length]!;
});

for (const [way, portable] of [["in the same turn", "0"], ["through the workers", "1"]] as const) {
  Deno.test(`who does not read its answers costs the bound and no more, ${way}`, async () => {
    await using server = await startTestServer(YAML, { env: { SCST_PORTABLE: portable } });
    await using writer = await openReady(server);
    await writeBlocks(writer, FROM, patternBytes(8 * MIB, 1));
    const right: Uint8Array[] = [];
    for (const { cdb, read } of COMMANDS) right.push((await writer.command(cdb, { read })).data);
    await using bystander = await Bystander.start(server, 0);
    const before = await residentBytes(server.pid);

    using session = await openSteered(server);
    const { parameters } = session;
    const tasks: Task[] = [];
    for (const { cdb, read: expectedLength } of COMMANDS) {
      const flags = FINAL | READ | 1;
      const itt = await session.sendCommand({ cdb, flags, expectedLength });
      tasks.push(new Task({ itt, lun: 0, parameters, expectedLength }));
    }
    const grown = await peakResidentBytes(server.pid, 1500) - before;
    const asked = COMMANDS.reduce((sum, { read }) => sum + read, 0);
    assert(grown < MEMORY_LIMIT, `${grown / MIB} MiB more for ${asked / MIB} MiB asked for`);
    assert(bystander.longest < NOTICE_MS, `the bystander waited ${bystander.longest} ms`);

    // Behind all that waits it is heard, and what has not begun is aborted.
    const victim = tasks.pop()!.setup.itt;
    const abort = { ...session.immediateNumbers(), function: TaskFunction.AbortTask };
    await session.send(taskManagement({ ...abort, referencedTag: victim }));
    const ping = session.immediateNumbers();
    await session.send(nopOut(ping));
    const left = new Map(tasks.map((task) => [task.setup.itt, task]));
    const others: number[] = [];
    while (left.size > 0) {
      const pdu = await session.receive();
      assert(pdu !== undefined, "the connection was closed");
      const task = left.get(pdu.itt);
      if (task === undefined) {
        others.push(pdu.opcode);
        continue;
      }
      if (pdu.opcode === Opcode.DataIn) task.takeDataIn(pdu);
      else task.takeResponse(pdu);
      if (pdu.opcode !== Opcode.DataIn || (pdu.flags & 1) !== 0) left.delete(pdu.itt);
    }
    assert.deepEqual(others, [Opcode.TaskManagementResponse, Opcode.NopIn]);
    for (const [index, { done }] of tasks.entries()) {
      assertSameBytes((await done.promise).data, right[index]!, `command ${index}`);
    }
    await bystander.finish();
    assertNoBug(server);
  });
}

Deno.test("a session that reads late gets everything right", async () => {
  await using server = await startTestServer(YAML);
  const blocks = 2048;
  const data = patternBytes(blocks * 512, 1);
  await using writer = await openReady(server);
  await writeBlocks(writer, 0, data);

  using session = await openSteered(server);
  const { parameters } = session;
  const tasks = new Map<number, Task>();
  for (let i = 0; i < 24; i++) {
    const expectedLength = data.length;
    const itt = await session.sendCommand({
      cdb: read16(0, blocks),
      flags: FINAL | READ | 1,
      expectedLength,
    });
    tasks.set(itt, new Task({ itt, lun: 0, parameters, expectedLength }));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  await readBlocks(writer, 0, 8);

  while (tasks.size > 0) {
    const pdu = await session.expect(Opcode.DataIn);
    const task = tasks.get(pdu.itt);
    assert(task !== undefined, `Data-In for ITT ${pdu.itt}`);
    task.takeDataIn(pdu);
    if ((pdu.flags & 1) === 0) continue;
    assertSameBytes((await task.done.promise).data, data);
    tasks.delete(pdu.itt);
  }
});

Deno.test("many writes that never get their last byte do not fill the memory", async () => {
  await using server = await startTestServer(YAML);
  await using bystander = await Bystander.start(server, 1);
  const before = await residentBytes(server.pid);
  const length = 8 * MIB;
  const keys = keysWith({ InitialR2T: "Yes", ImmediateData: "No" });
  using session = await openSteered(server, { keys });
  const flags = FINAL | WRITE | 1;
  const asked = 120;
  for (let i = 0; i < asked; i++) {
    await session.sendCommand({ cdb: write16(0, length / 512), flags, expectedLength: length });
  }
  const answers = await session.fence();
  for (const r2t of answers.filter(({ opcode }) => opcode === Opcode.R2T)) {
    await session.raw.send(answerTo(r2t, length, session.expStatSn));
  }
  const grown = await peakResidentBytes(server.pid, 500) - before;
  const what = `${asked} writes, ${answers.length} answers`;
  assert(grown < WRITE_MEMORY_LIMIT, `${grown / MIB} MiB more for ${what}`);
  await bystander.finish();
});

Deno.test("a session that floods NOP-Out without reading is held back", async () => {
  await using server = await startTestServer(YAML);
  await using bystander = await Bystander.start(server, 1);
  const before = await residentBytes(server.pid);
  using session = await openSteered(server);
  const data = new Uint8Array(64 * 1024);
  let sending: Promise<unknown> = Promise.resolve();
  let stalled = false;
  for (let itt = 100; itt < 4196 && !stalled; itt++) {
    sending = session.send(nopOut({ ...session.immediateNumbers(), itt, data })).catch(() => {});
    const late = () => new SilenceError("The server takes nothing more");
    await within(sending, 1000, late).catch(() => stalled = true);
  }
  const grown = await residentBytes(server.pid) - before;
  session.close();
  await sending;
  assert(grown < MEMORY_LIMIT, `${grown / MIB} MiB more`);
  await bystander.finish();
});
