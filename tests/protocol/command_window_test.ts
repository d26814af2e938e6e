/** Command numbering and the command window (RFC 7143 4.2.2.1). */
import assert from "node:assert/strict";
import { diskYaml } from "../harness/server.ts";
import { openSteered } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import { Field, Opcode } from "../initiator/pdu.ts";
import { nopOut } from "../initiator/requests.ts";

const cdb = testUnitReady();
/** QueuedCommands where nothing is said. */
const WINDOW = 32;

suite("command window", diskYaml([{}]), {
  "a command below the window is ignored": async (server) => {
    using session = await openSteered(server);
    const { cmdSn } = session;
    await session.sendCommand({ cdb, cmdSn: cmdSn - 1 });
    await session.sendCommand({ cdb, cmdSn: cmdSn - 100 >>> 0 });
    assert.deepEqual(await session.fence(), []);
    const itt = await session.sendCommand({ cdb });
    await session.expect(Opcode.ScsiResponse, itt);
    assert.equal(session.expCmdSn, cmdSn + 1);
  },

  "a command above the window is ignored": async (server) => {
    using session = await openSteered(server);
    const { maxCmdSn, cmdSn } = session;
    await session.sendCommand({ cdb, cmdSn: maxCmdSn + 1 });
    await session.sendCommand({ cdb, cmdSn: maxCmdSn + 5000 });
    assert.deepEqual(await session.fence(), []);
    const itt = await session.sendCommand({ cdb });
    await session.expect(Opcode.ScsiResponse, itt);
    assert.equal(session.expCmdSn, cmdSn + 1);
  },

  "a command at the end of the window is held until those before it have come": async (server) => {
    using session = await openSteered(server);
    const { maxCmdSn, cmdSn } = session;
    const last = await session.sendCommand({ cdb, cmdSn: maxCmdSn });
    assert.deepEqual(await session.fence(), []);
    for (let sn = cmdSn; sn !== maxCmdSn; sn++) await session.sendCommand({ cdb });
    const order: number[] = [];
    for (let sn = cmdSn; sn <= maxCmdSn; sn++) {
      order.push((await session.expect(Opcode.ScsiResponse)).itt);
    }
    assert.equal(order.at(-1), last);
    assert.equal(session.expCmdSn, maxCmdSn + 1);
  },

  "commands behind a gap are held, then executed in the order of their numbers": async (server) => {
    using session = await openSteered(server);
    const { cmdSn } = session;
    const third = await session.sendCommand({ cdb, cmdSn: cmdSn + 2 });
    const second = await session.sendCommand({ cdb, cmdSn: cmdSn + 1 });
    const fifth = await session.sendCommand({ cdb, cmdSn: cmdSn + 4 });
    assert.deepEqual(await session.fence(), []);
    assert.equal(session.expCmdSn, cmdSn);
    const first = await session.sendCommand({ cdb, cmdSn });
    for (const itt of [first, second, third]) await session.expect(Opcode.ScsiResponse, itt);
    assert.deepEqual(await session.fence(), []);
    assert.equal(session.expCmdSn, cmdSn + 3);
    const fourth = await session.sendCommand({ cdb, cmdSn: cmdSn + 3 });
    for (const itt of [fourth, fifth]) await session.expect(Opcode.ScsiResponse, itt);
  },

  "a number that came already, though still held, is ignored": async (server) => {
    using session = await openSteered(server);
    const { cmdSn } = session;
    const second = await session.sendCommand({ cdb, cmdSn: cmdSn + 1 });
    await session.sendCommand({ cdb, cmdSn: cmdSn + 1 });
    const first = await session.sendCommand({ cdb, cmdSn });
    for (const itt of [first, second]) await session.expect(Opcode.ScsiResponse, itt);
    assert.deepEqual(await session.fence(), []);
    assert.equal(session.expCmdSn, cmdSn + 2);
  },

  "a held NOP-Out keeps its place, too": async (server) => {
    using session = await openSteered(server);
    const { cmdSn, expStatSn } = session;
    await session.send(nopOut({ itt: 0x500, cmdSn: cmdSn + 1, expStatSn }));
    assert.deepEqual(await session.fence(), []);
    const first = await session.sendCommand({ cdb, cmdSn });
    await session.expect(Opcode.ScsiResponse, first);
    await session.expect(Opcode.NopIn, 0x500);
  },

  "an immediate command is executed at once and takes no number": async (server) => {
    using session = await openSteered(server);
    const { cmdSn } = session;
    const held = await session.sendCommand({ cdb, cmdSn: cmdSn + 1 });
    const urgent = await session.sendCommand({ cdb, ...session.immediateNumbers() });
    await session.expect(Opcode.ScsiResponse, urgent);
    assert.equal(session.expCmdSn, cmdSn);
    const first = await session.sendCommand({ cdb, cmdSn });
    await session.expect(Opcode.ScsiResponse, first);
    await session.expect(Opcode.ScsiResponse, held);
  },

  "a full window of commands in one stream is answered in full": async (server) => {
    using session = await openSteered(server);
    const itts = new Set<number>();
    for (let i = 0; i < WINDOW; i++) itts.add(await session.sendCommand({ cdb }));
    for (let i = 0; i < WINDOW; i++) {
      const response = await session.expect(Opcode.ScsiResponse);
      assert.equal(response.u8(Field.status), 0);
      assert(itts.delete(response.itt), `ITT ${response.itt} was answered twice`);
    }
    const { maxCmdSn, expCmdSn } = session;
    assert.equal(maxCmdSn - expCmdSn + 1, WINDOW, "the window is open again");
  },
});
