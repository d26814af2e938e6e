/** Initiators that do not take what they asked for, or do not send what they announced. */
import assert from "node:assert/strict";
import { Bystander } from "../harness/bystander.ts";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { peakResidentBytes, residentBytes } from "../harness/memory.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { startTestServer } from "../harness/server.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { read16, write16 } from "../initiator/cdb.ts";
import { keysWith } from "../initiator/login.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { SilenceError } from "../initiator/raw.ts";
import { dataOut, nopOut, READ, WRITE } from "../initiator/requests.ts";
import { Task } from "../initiator/task.ts";
import { within } from "../initiator/within.ts";

const MIB = 1 << 20;
const YAML = fileDisks(32 * MIB, [{}, {}]);
/** What a server may need beyond what it had, while an initiator has asked for far more. */
const MEMORY_LIMIT = 400 * MIB;

const WRITE_MEMORY_LIMIT = 700 * MIB;
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

Deno.test("a session that does not read its answers does not fill the memory", async () => {
  await using server = await startTestServer(YAML);
  await using bystander = await Bystander.start(server, 1);
  const before = await residentBytes(server.pid);
  const length = 8 * MIB;
  using session = await openSteered(server);
  const flags = FINAL | READ | 1;
  const asked = 120;
  for (let i = 0; i < asked; i++) {
    await session.sendCommand({ cdb: read16(0, length / 512), flags, expectedLength: length });
  }
  const grown = await peakResidentBytes(server.pid, 1500) - before;
  assert(grown < MEMORY_LIMIT, `${grown / MIB} MiB more for ${asked * length / MIB} MiB asked for`);
  await bystander.finish();
});

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
