/** Sessions by name, ISID and TSIH; reinstatement (RFC 7143 6.3.5, 7143 4.4.3). */
import assert from "node:assert/strict";
import { diskYaml, TARGET_NAME } from "../harness/server.ts";
import { makeReady, openReady, openSession } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { randomIsid } from "../initiator/login.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { senseText } from "../initiator/sense.ts";
import { Session } from "../initiator/session.ts";

const YAML = diskYaml([{}, {}]);

suite("session identity", YAML, {
  "sessions have TSIHs of their own, none of them 0": async (server) => {
    await using first = await openSession(server);
    await using second = await openSession(server);
    await using third = await Session.open(server, {});
    const tsihs = [first, second, third].map((session) => session.loginResult.tsih);
    assert(!tsihs.includes(0));
    assert.equal(new Set(tsihs).size, 3);
  },

  "a login with the same name and ISID closes the old session": async (server) => {
    const isid = randomIsid();
    await using old = await openReady(server, [0], { isid });
    await using fresh = await openSession(server, { isid });
    await old.closed();
    const { status, sense } = await fresh.command(testUnitReady());
    assert.equal(status, 2);
    assert.equal(senseText(sense), "06/29/07", "I_T NEXUS LOSS OCCURRED");
    await makeReady(fresh, 0);
  },

  "a login with the TSIH and the CID of a session replaces its connection": async (server) => {
    const isid = randomIsid();
    await using old = await openReady(server, [0], { isid, cid: 3, keys: [] });
    const { tsih } = old.loginResult;
    await using fresh = await openSession(server, {
      isid,
      tsih,
      cid: 3,
      cmdSn: old.window.cmdSn,
      keys: [],
    });
    await old.closed();
    assert.equal(fresh.loginResult.tsih, tsih);
    assert.equal((await fresh.command(testUnitReady())).status, 0, "no unit attention");
  },

  "a login of another initiator with the same ISID is another session": async (server) => {
    const isid = randomIsid();
    await using first = await openReady(server, [0], { isid });
    const initiatorName = "iqn.2026-11.org.example.test:second";
    await using second = await openReady(server, [0], { isid, initiatorName });
    assert.equal((await first.command(testUnitReady())).status, 0);
    assert.equal((await second.command(testUnitReady())).status, 0);
  },

  "initiator names are one whatever their case": async (server) => {
    const isid = randomIsid();
    const initiatorName = "iqn.2026-11.org.example.test:Case";
    await using old = await openReady(server, [0], { isid, initiatorName });
    await using _fresh = await openSession(server, {
      isid,
      initiatorName: initiatorName.toLowerCase(),
    });
    await old.closed();
  },

  "target names are one whatever their case": async (server) => {
    await using session = await openReady(server, [0], { targetName: TARGET_NAME.toUpperCase() });
    assert.equal((await session.command(testUnitReady())).status, 0);
  },

  "the window is 32 commands wide": async (server) => {
    for (const cmdSn of [1, 0, 0x7fffffff, 0xffffffff]) {
      await using session = await openSession(server, { cmdSn });
      const { expCmdSn, maxCmdSn } = session.window;
      assert.equal(expCmdSn, cmdSn);
      assert.equal(maxCmdSn - expCmdSn + 1 >>> 0, 32);
    }
  },

  "CmdSN and StatSN run over their end": async (server) => {
    await using session = await openReady(server, [0], { cmdSn: 0xffffffc0 });
    const runs = Array.from({ length: 300 }, () => session.command(testUnitReady()));
    for (const { status } of await Promise.all(runs)) assert.equal(status, 0);
    assert.equal(session.window.cmdSn, 0xffffffc0 + 2 + 300 - 2 ** 32);
  },

  "many sessions at once, each with its answers": async (server) => {
    await using stack = new AsyncDisposableStack();
    const sessions: Session[] = [];
    for (let i = 0; i < 24; i++) sessions.push(stack.use(await openReady(server, [0, 1])));
    await Promise.all(sessions.map(async (session, i) => {
      const write = patternBytes(4096, i);
      assert.equal((await session.command(write10(i * 8, 8), { write, lun: i % 2 })).status, 0);
      const { data } = await session.command(read10(i * 8, 8), { read: 4096, lun: i % 2 });
      assert.equal(data.length, 4096);
    }));
  },
});
