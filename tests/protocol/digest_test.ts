/** Header and data digests over a real connection (RFC 7143 7.8, 13.1). */
import assert from "node:assert/strict";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { DIGEST_MODES, type DigestMode } from "../harness/digest_modes.ts";
import { warningsWith } from "../harness/log.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { testUnitReady, write10 } from "../initiator/cdb.ts";
import { keysWith, LoginStatus } from "../initiator/login.ts";
import { login, LoginRefused } from "../initiator/login.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { RawConnection } from "../initiator/raw.ts";
import { nopOut, scsiCommand, WRITE } from "../initiator/requests.ts";
import type { SteeredSession } from "../initiator/steered.ts";
import { valueOf } from "../initiator/text.ts";

const BLOCK = 512;
const MIB = 1024 * 1024;
const DATA_DIGEST_ERROR = 2;
const [HEADER_ONLY, DATA_ONLY, BOTH] = DIGEST_MODES as [DigestMode, DigestMode, DigestMode];

function yaml(dir: string): string {
  return diskYaml([{ filename: backingFile(dir, "disk.img", 16 * MIB) }]);
}

/** Sends a PDU with a wrong bit in its last byte but `fromEnd`. */
async function sendDamaged(session: SteeredSession, pdu: Pdu, fromEnd: number): Promise<void> {
  const bytes = pdu.encode({}, session.parameters.digests);
  bytes[bytes.length - 1 - fromEnd]! ^= 1;
  await session.raw.send(bytes);
}

suite("digests", yaml, {
  "reads and writes of any size come through, in sessions side by side": async (server) => {
    const sessions = await Promise.all([
      openReady(server),
      ...DIGEST_MODES.map(({ keys }) => openReady(server, [0], { keys: keysWith(keys) })),
    ]);
    try {
      await Promise.all(sessions.map(async (session, index) => {
        const base = index * 8192;
        for (const blocks of [1, 15, 128, 129, 1024, 4096]) {
          const data = patternBytes(blocks * BLOCK, blocks + index);
          for (const limits of [{}, { immediate: 0 }, { immediate: 0, unsolicited: false }]) {
            await writeBlocks(session, base, data, limits);
          }
          assertSameBytes(await readBlocks(session, base, blocks), data, `${blocks} blocks`);
        }
        assertSameBytes(await session.nop(patternBytes(4097, 1)), patternBytes(4097, 1));
      }));
    } finally {
      for (const session of sessions) await session[Symbol.asyncDispose]();
    }
  },

  "many reads at once come through": async (server) => {
    const data = patternBytes(256 * BLOCK, 9);
    await using session = await openReady(server, [0], { keys: keysWith(BOTH.keys) });
    await writeBlocks(session, 0, data);
    const reads = Array.from({ length: 64 }, () => readBlocks(session, 0, 256));
    for (const read of await Promise.all(reads)) assertSameBytes(read, data);
  },

  "the first digest of the initiator's list that is known is taken": async (server) => {
    const cases = [
      ["CRC32C", "CRC32C"],
      ["CRC32C,None", "CRC32C"],
      ["None,CRC32C", "None"],
      ["X-com.example.digest,CRC32C", "CRC32C"],
    ];
    for (const [offer, answer] of cases) {
      for (const key of ["HeaderDigest", "DataDigest"]) {
        using raw = await RawConnection.connect(server);
        const keys = keysWith({ [key]: offer! });
        const result = await login(raw, { targetName: TARGET_NAME, keys });
        assert.equal(valueOf(result.answers, key), answer, `${key}=${offer}`);
      }
    }
  },

  "a wrong header digest ends the connection with a line in the log": async (server) => {
    for (const [index, mode] of [HEADER_ONLY, BOTH].entries()) {
      const initiatorName = `iqn.2026-11.org.example.test:bad-header-${index}`;
      using session = await openSteered(server, { initiatorName, keys: keysWith(mode.keys) });
      await sendDamaged(session, nopOut(session.immediateNumbers()), 0);
      assert.deepEqual(await session.raw.receiveUntilClosed(), []);
      const [line, ...more] = await warningsWith(server, initiatorName);
      assert.match(line!, /connection dropped: wrong header digest/);
      assert.deepEqual(more, []);
    }
  },

  "a write with a wrong data digest is rejected, not written, and may come again": async (
    server,
  ) => {
    for (const mode of [DATA_ONLY, BOTH]) {
      await using reader = await openReady(server);
      const before = patternBytes(BLOCK, 20);
      await writeBlocks(reader, 5, before);
      using session = await openSteered(server, { keys: keysWith(mode.keys) });
      const data = patternBytes(BLOCK, 21);
      const write = scsiCommand({
        ...session.numbers(),
        cdb: write10(5, 1),
        flags: FINAL | WRITE | 1,
        expectedLength: BLOCK,
        data,
      });
      await sendDamaged(session, write, 100);
      const reject = await session.expect(Opcode.Reject);
      assert.equal(reject.u8(Field.response), DATA_DIGEST_ERROR);
      assertSameBytes(await readBlocks(reader, 5, 1), before);
      await session.send(write);
      assert.equal((await session.expect(Opcode.ScsiResponse, write.itt)).u8(Field.status), 0);
      assertSameBytes(await readBlocks(reader, 5, 1), data);
    }
  },
});

Deno.test("a target may want digests, or want none", async () => {
  const wanting = (header: string, data: string) => (dir: string) =>
    yaml(dir) + `    HeaderDigest: ${header}\n    DataDigest: ${data}\n`;
  const usual = keysWith(BOTH.keys);
  {
    await using server = await startTestServer(wanting("CRC32C", "CRC32C,None"));
    await assert.rejects(openReady(server), (error) => {
      assert(error instanceof LoginRefused);
      assert.equal(error.result.status, LoginStatus.InitiatorError);
      return true;
    });
    await using session = await openReady(server, [0], { keys: usual });
    assert.deepEqual(session.parameters.digests, { header: true, data: true });
    assert.equal((await session.command(testUnitReady())).status, 0);
  }
  {
    await using server = await startTestServer(wanting("None", "None"));
    await using session = await openReady(server, [0], { keys: usual });
    assert.deepEqual(session.parameters.digests, { header: false, data: false });
  }
});
