/** Stopping with sessions at work, and starting again on the same files. */
import assert from "node:assert/strict";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { assertNoBug } from "../harness/log.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { backingFile, diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode } from "../initiator/pdu.ts";
import { RawConnection } from "../initiator/raw.ts";
import { logoutRequest, WRITE } from "../initiator/requests.ts";
import type { Session } from "../initiator/session.ts";

/** RFC of the project: sessions closed, devices flushed and the process gone in less than this. */
const STOP_MS = 5_000;

/** Works until the connection ends; returns how many blocks were acknowledged. */
async function writeUntilClosed(session: Session): Promise<number> {
  for (let lba = 0;; lba++) {
    try {
      await writeBlocks(session, lba, patternBytes(512, lba));
    } catch {
      return lba;
    }
  }
}

async function stopsCleanly(server: TestServer, signal: Deno.Signal): Promise<void> {
  const start = performance.now();
  const { code, signal: by } = await server.stop(signal);
  assert.deepEqual([code, by], [0, null], server.stderr());
  assert(performance.now() - start < STOP_MS, `${performance.now() - start} ms`);
  assertNoBug(server);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends sessions at work, and what they were told is written`, async () => {
    await using server = await startTestServer((dir) =>
      diskYaml([{ filename: backingFile(dir, "disk", 32 << 20) }])
    );
    await using session = await openReady(server);
    using idle = await openSteered(server);
    using stranger = await RawConnection.connect(server);
    using waiting = await openSteered(server);
    const flags = FINAL | WRITE | 1;
    await waiting.sendCommand({ cdb: write10(60_000, 1), flags, expectedLength: 512 });
    await waiting.expect(Opcode.R2T);

    const writing = writeUntilClosed(session);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await stopsCleanly(server, signal);
    const acknowledged = await writing;
    assert(acknowledged > 0);
    await idle.raw.receiveUntilClosed();
    assert.deepEqual(await stranger.receiveUntilClosed(), []);

    const found = await Deno.readFile(`${server.dir}/disk`);
    for (let lba = 0; lba < acknowledged; lba++) {
      const block = found.subarray(lba * 512, (lba + 1) * 512);
      assertSameBytes(block, patternBytes(512, lba), `LBA ${lba}`);
    }
  });
}

Deno.test("SIGTERM asks initiators to log out, and waits for those who do", async () => {
  await using server = await startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "disk", 1 << 20) }])
  );
  using polite = await openSteered(server);
  using deaf = await openSteered(server, { isid: new Uint8Array([0, 0, 0, 0, 0, 9]) });
  const stopped = server.stop("SIGTERM");
  for (const session of [polite, deaf]) {
    const request = await session.expect(Opcode.AsyncMessage);
    assert.deepEqual([request.u8(Field.asyncEvent), request.u16(Field.time2Retain)], [1, 2]);
  }
  // Commands still run: the initiator has to bring things to an end.
  const itt = await polite.sendCommand({ cdb: testUnitReady() });
  assert.equal((await polite.expect(Opcode.ScsiResponse, itt)).u8(Field.status), 0);
  await polite.send(logoutRequest(polite.numbers()));
  await polite.expect(Opcode.LogoutResponse);
  assert.equal(await polite.receive(), undefined, "closed");
  const notice = await deaf.expect(Opcode.AsyncMessage);
  assert.equal(notice.u8(Field.asyncEvent), 3, "dropped");
  assert.equal((await stopped).code, 0);
});

Deno.test("SIGTERM ends at once when everybody has logged out", async () => {
  await using server = await startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "disk", 1 << 20) }])
  );
  using session = await openSteered(server);
  const start = performance.now();
  const stopped = server.stop("SIGTERM");
  await session.expect(Opcode.AsyncMessage);
  await session.send(logoutRequest(session.numbers()));
  await stopped;
  assert.match(server.stderr(), /logout/);
  assert(!/the server stops/.test(server.stderr()), `${performance.now() - start} ms`);
});

Deno.test("a server that starts again has the same data and the same identities", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_restart_" });
  try {
    const filename = backingFile(dir, "disk", 1 << 20);
    const identities: string[] = [];
    const data = patternBytes(4096, 1);
    for (let round = 0; round < 2; round++) {
      await using server = await startTestServer(diskYaml([{ filename }]), { dir });
      await using session = await openReady(server);
      const page = await session.command(inquiry(255, 0x83), { read: 255 });
      const serial = await session.command(inquiry(255, 0x80), { read: 255 });
      identities.push(`${page.data} ${serial.data}`);
      if (round === 0) await writeBlocks(session, 9, data);
      else assertSameBytes(await readBlocks(session, 9, 8), data);
    }
    assert.equal(identities[0], identities[1]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
