/** PDUs that are rejected or dropped while the session lives on (RFC 7143 7.3, 7.4, 11.17). */
import assert from "node:assert/strict";
import { warningsWith } from "../harness/log.ts";
import { diskYaml } from "../harness/server.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, IMMEDIATE, NO_TAG, Opcode, Pdu } from "../initiator/pdu.ts";
import { dataOut, logoutRequest, READ, snackRequest, WRITE } from "../initiator/requests.ts";

/** RFC 7143 11.17.1. */
const Reason = {
  SnackReject: 3,
  ProtocolError: 4,
  CommandNotSupported: 5,
  TaskInProgress: 7,
} as const;

const SNACK_REASONS: readonly number[] = [
  Reason.SnackReject,
  Reason.ProtocolError,
  Reason.CommandNotSupported,
];

const WRITE_ONE = write10(0, 1);

/** Names an initiator that no other test uses, to find it in the log. */
function initiatorNamed(text: string): { initiatorName: string } {
  return { initiatorName: `iqn.2026-11.org.example.test:${text}` };
}

suite("Reject", diskYaml([{}]), {
  "opcodes that are not an initiator's are rejected with their header": async (server) => {
    const opcodes = [0x07, 0x0f, 0x11, 0x1b, 0x20, 0x21, 0x25, 0x31, 0x32, 0x3f];
    for (const opcode of opcodes) {
      const options = initiatorNamed(`opcode-${opcode.toString(16)}`);
      using session = await openSteered(server, options);
      const { itt, cmdSn, expStatSn } = session.immediateNumbers();
      const pdu = new Pdu()
        .put8(Field.opcode, IMMEDIATE | opcode)
        .put8(Field.flags, FINAL)
        .put32(Field.itt, itt)
        .put32(Field.cmdSn, cmdSn)
        .put32(Field.expStatSn, expStatSn);
      await session.send(pdu);
      const reject = await session.expect(Opcode.Reject);
      assert.equal(reject.itt, NO_TAG);
      assert(reject.final);
      const reason = reject.u8(Field.response);
      assert(
        reason === Reason.CommandNotSupported || reason === Reason.ProtocolError,
        `reason ${reason} for opcode ${opcode}`,
      );
      assertSameBytes(reject.data, pdu.encode());
      assert.deepEqual(await session.fence(), [], "the session goes on");
      await warningsWith(server, options.initiatorName);
    }
  },

  "SNACK is rejected at ErrorRecoveryLevel 0": async (server) => {
    for (const type of [0, 1, 2, 3]) {
      using session = await openSteered(server);
      const { expStatSn } = session;
      const snack = snackRequest({ itt: 1, expStatSn, type, runLength: 1 });
      await session.send(snack);
      const reject = await session.expect(Opcode.Reject);
      const reason = reject.u8(Field.response);
      assert(SNACK_REASONS.includes(reason), `reason ${reason}`);
      assertSameBytes(reject.data, snack.encode());
      assert.deepEqual(await session.fence(), []);
    }
  },

  "Data-Out for a task that is not there is dropped": async (server) => {
    using session = await openSteered(server);
    const { expStatSn } = session;
    for (const ttt of [NO_TAG, 5]) {
      const data = patternBytes(512, 1);
      const fields = { expStatSn, ttt, data, offset: 0, dataSn: 0, final: true };
      await session.send(dataOut({ itt: 0xabcd, ...fields }));
    }
    assert.deepEqual(await session.fence(), []);
  },

  "a logout with an unknown reason is rejected": async (server) => {
    using session = await openSteered(server);
    await session.send(logoutRequest({ ...session.immediateNumbers(), reason: 0x55 }));
    await session.expect(Opcode.Reject);
    assert.deepEqual(await session.fence(), []);
  },

  "a command with neither F nor W waits for no data: it is done or rejected": async (server) => {
    using session = await openSteered(server);
    for (const flags of [1, READ | 1]) {
      const itt = await session.sendCommand({ cdb: testUnitReady(), flags });
      const answer = await session.receive();
      const done = answer?.opcode === Opcode.ScsiResponse && answer.itt === itt;
      assert(done || answer?.opcode === Opcode.Reject);
      assert.deepEqual(await session.fence(), []);
    }
  },

  "rejected commands give their places in the window back": async (server) => {
    using session = await openSteered(server);
    const write = { cdb: WRITE_ONE, flags: FINAL | WRITE | 1, expectedLength: 512 };
    const itt = await session.sendCommand(write);
    await session.expect(Opcode.R2T, itt);
    for (let i = 0; i < 200; i++) {
      await session.sendCommand({ ...write, ...session.numbers(), itt });
      await session.expect(Opcode.Reject);
    }
    const last = await session.sendCommand({ cdb: testUnitReady() });
    await session.expect(Opcode.ScsiResponse, last);
  },

  "a task tag that is in use is rejected: task in progress": async (server) => {
    using session = await openSteered(server);
    const write = { cdb: WRITE_ONE, flags: FINAL | WRITE | 1, expectedLength: 512 };
    const itt = await session.sendCommand(write);
    await session.expect(Opcode.R2T, itt);
    await session.sendCommand({ ...write, ...session.numbers(), itt });
    const reject = await session.expect(Opcode.Reject);
    assert.equal(reject.u8(Field.response), Reason.TaskInProgress);
    await using bystander = await openReady(server);
    assert.equal((await bystander.command(testUnitReady())).status, 0);
  },
});
