/** NOP-Out, Text and Logout in the full feature phase (RFC 7143 11.18, 11.10, 11.14). */
import assert from "node:assert/strict";
import { diskYaml } from "../harness/server.ts";
import { openReady, openSession, openSteered } from "../harness/sessions.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import { CONTINUE, keysWith } from "../initiator/login.ts";
import { Field, NO_TAG, Opcode } from "../initiator/pdu.ts";
import { logoutRequest, nopOut, textRequest } from "../initiator/requests.ts";
import { decodeText, encodeText } from "../initiator/text.ts";

suite("NOP, Text and Logout", diskYaml([{}]), {
  "NOP-Out comes back with its data": async (server) => {
    await using session = await openSession(server);
    for (const length of [0, 1, 3, 4, 100, 4096, 65536]) {
      const data = patternBytes(length, length);
      assertSameBytes(await session.nop(data), data, `${length} bytes`);
    }
  },

  "NOP-In carries no target transfer tag when it answers": async (server) => {
    using session = await openSteered(server);
    const numbers = session.numbers();
    await session.send(nopOut(numbers));
    const answer = await session.expect(Opcode.NopIn, numbers.itt);
    assert.equal(answer.u32(Field.ttt), NO_TAG);
    assert(answer.final);
    assert.equal(session.expCmdSn, numbers.cmdSn + 1);
  },

  "NOP-In sends no more data than the initiator takes": async (server) => {
    const keys = keysWith({ MaxRecvDataSegmentLength: "512" });
    using session = await openSteered(server, { keys });
    const numbers = session.numbers();
    const data = patternBytes(2000, 5);
    await session.send(nopOut({ ...numbers, data }));
    const answer = await session.expect(Opcode.NopIn, numbers.itt);
    assertSameBytes(answer.data, data.subarray(0, answer.data.length));
    assert(answer.data.length <= 512, `${answer.data.length} bytes`);
  },

  "NOP-Out without a task tag gets no answer": async (server) => {
    using session = await openSteered(server);
    const numbers = { ...session.immediateNumbers(), itt: NO_TAG };
    await session.send(nopOut({ ...numbers, data: patternBytes(64, 1) }));
    assert.deepEqual(await session.fence(), []);
  },

  "Text answers a key that it does not know with NotUnderstood": async (server) => {
    await using session = await openSession(server);
    const answers = await session.text([["X-com.example.key", "1"]]);
    assert.deepEqual(answers, [["X-com.example.key", "NotUnderstood"]]);
  },

  "Text goes on in further requests": async (server) => {
    using session = await openSteered(server);
    const text = encodeText([["X-com.example.first", "1"], ["X-com.example.second", "2"]]);
    const first = session.numbers();
    await session.send(textRequest({ ...first, text: text.subarray(0, 30), flags: CONTINUE }));
    const pause = await session.expect(Opcode.TextResponse, first.itt);
    assert.equal(pause.data.length, 0);
    assert(!pause.final);
    const ttt = pause.u32(Field.ttt);
    assert.notEqual(ttt, NO_TAG);
    const second = { ...session.numbers(), itt: first.itt };
    await session.send(textRequest({ ...second, ttt, text: text.subarray(30) }));
    const answer = await session.expect(Opcode.TextResponse, first.itt);
    assert(answer.final);
    assert.equal(answer.u32(Field.ttt), NO_TAG);
    assert.deepEqual(decodeText(answer.data), [
      ["X-com.example.first", "NotUnderstood"],
      ["X-com.example.second", "NotUnderstood"],
    ]);
  },

  "Logout closes the session": async (server) => {
    await using session = await openReady(server);
    assert.equal(await session.logout(), 0);
  },

  "Logout of the connection by its CID closes it": async (server) => {
    using session = await openSteered(server, { cid: 77 });
    await session.send(logoutRequest({ ...session.immediateNumbers(), reason: 1, cid: 77 }));
    const response = await session.expect(Opcode.LogoutResponse);
    assert.equal(response.u8(Field.response), 0);
    assert.equal(await session.receive(), undefined);
  },

  "Logout of a CID that is not there says so and changes nothing": async (server) => {
    using session = await openSteered(server, { cid: 1 });
    await session.send(logoutRequest({ ...session.immediateNumbers(), reason: 1, cid: 2 }));
    const response = await session.expect(Opcode.LogoutResponse);
    assert.equal(response.u8(Field.response), 1, "CID not found");
    assert.deepEqual(await session.fence(), []);
  },

  "Logout for recovery is not supported": async (server) => {
    using session = await openSteered(server);
    await session.send(logoutRequest({ ...session.immediateNumbers(), reason: 2 }));
    const response = await session.expect(Opcode.LogoutResponse);
    assert.equal(response.u8(Field.response), 2);
  },

  "Logout for recovery is not supported whatever the CID": async (server) => {
    using session = await openSteered(server, { cid: 1 });
    for (const cid of [1, 2]) {
      await session.send(logoutRequest({ ...session.immediateNumbers(), reason: 2, cid }));
      const response = await session.expect(Opcode.LogoutResponse);
      assert.equal(response.u8(Field.response), 2);
    }
    assert.deepEqual(await session.fence(), []);
  },

  "Logout of the session needs no CID": async (server) => {
    using session = await openSteered(server, { cid: 1 });
    await session.send(logoutRequest({ ...session.immediateNumbers(), reason: 0, cid: 9 }));
    const response = await session.expect(Opcode.LogoutResponse);
    assert.equal(response.u8(Field.response), 0);
    assert.equal(await session.receive(), undefined);
  },

  "Logout waits behind the commands that came before it": async (server) => {
    using session = await openSteered(server);
    const itts: number[] = [];
    for (let i = 0; i < 20; i++) itts.push(await session.sendCommand({ cdb: testUnitReady() }));
    await session.send(logoutRequest(session.numbers()));
    for (const itt of itts) await session.expect(Opcode.ScsiResponse, itt);
    await session.expect(Opcode.LogoutResponse);
    assert.equal(await session.receive(), undefined);
  },
});
