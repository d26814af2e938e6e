/** Logins that must fail, each with its status (RFC 7143 11.13.5) and one line in the log. */
import assert from "node:assert/strict";
import { warningsWith } from "../harness/log.ts";
import { diskYaml, TARGET_NAME } from "../harness/server.ts";
import { suite } from "../harness/suite.ts";
import { openReady } from "../harness/sessions.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import {
  login,
  LoginDialogue,
  type LoginOptions,
  LoginStatus,
  nameKeys,
  randomIsid,
  Stage,
  stageFlags,
} from "../initiator/login.ts";
import { Field, Opcode } from "../initiator/pdu.ts";
import { type Address, RawConnection } from "../initiator/raw.ts";
import { loginRequest, nopOut, scsiCommand } from "../initiator/requests.ts";
import { encodeText, type Pairs } from "../initiator/text.ts";

const { Security, Operational, FullFeature } = Stage;
const ISID = randomIsid();

/** The status of a login whose one request has this text. */
async function statusOfText(address: Address, pairs: Pairs): Promise<number> {
  using raw = await RawConnection.connect(address);
  const dialogue = new LoginDialogue(raw, { isid: randomIsid() });
  const response = await dialogue.exchange(
    stageFlags(Operational, FullFeature),
    encodeText(pairs),
  );
  return response.u16(Field.statusClass);
}

/** The status of a login with these options, whose connection must be closed when it was refused. */
async function statusOf(address: Address, options: LoginOptions): Promise<number> {
  using raw = await RawConnection.connect(address);
  const { status } = await login(raw, { targetName: TARGET_NAME, ...options });
  if (status !== 0) assert.deepEqual(await raw.receiveUntilClosed(), []);
  return status;
}

suite("refused logins", diskYaml([{}]), {
  "a target that is not there: 0203": async (server) => {
    const targetName = "iqn.2026-11.org.example:nobody";
    const initiatorName = "iqn.2026-11.org.example.test:lost";
    const status = await statusOf(server, { targetName, initiatorName });
    assert.equal(status, LoginStatus.NotFound);
    await warningsWith(server, initiatorName, targetName);
  },

  "no InitiatorName: 0207": async (server) => {
    const names: Pairs = [["SessionType", "Normal"], ["TargetName", TARGET_NAME]];
    assert.equal(await statusOfText(server, names), LoginStatus.MissingParameter);
  },

  "no TargetName in a normal session: 0207": async (server) => {
    const names: Pairs = [["InitiatorName", "iqn.2026-11.org.example.test:aimless"]];
    assert.equal(await statusOfText(server, names), LoginStatus.MissingParameter);
  },

  "an InitiatorName that is no iSCSI name: 0200": async (server) => {
    const names: Pairs = [["InitiatorName", "iqn.2026 11/x"], ["TargetName", TARGET_NAME]];
    assert.equal(await statusOfText(server, names), LoginStatus.InitiatorError);
  },

  "an unknown SessionType: 0209": async (server) => {
    const names = nameKeys({ targetName: TARGET_NAME }).filter(([key]) => key !== "SessionType");
    const status = await statusOfText(server, [...names, ["SessionType", "Strange"]]);
    assert.equal(status, LoginStatus.SessionTypeNotSupported);
  },

  "AuthMethod=CHAP alone: 0201": async (server) => {
    using raw = await RawConnection.connect(server);
    const dialogue = new LoginDialogue(raw, { isid: randomIsid() });
    const pairs: Pairs = [...nameKeys({ targetName: TARGET_NAME }), ["AuthMethod", "CHAP"]];
    const flags = stageFlags(Security, Operational);
    const response = await dialogue.exchange(flags, encodeText(pairs));
    assert.equal(response.u16(Field.statusClass), LoginStatus.AuthenticationFailure);
    assert.deepEqual(await raw.receiveUntilClosed(), []);
  },

  "AuthMethod=CHAP,None is answered None": async (server) => {
    using raw = await RawConnection.connect(server);
    const dialogue = new LoginDialogue(raw, { isid: randomIsid() });
    const pairs: Pairs = [...nameKeys({ targetName: TARGET_NAME }), ["AuthMethod", "CHAP,None"]];
    await dialogue.exchange(stageFlags(Security, FullFeature), encodeText(pairs));
    assert.deepEqual(dialogue.answers.find(([key]) => key === "AuthMethod"), [
      "AuthMethod",
      "None",
    ]);
  },

  "a version that is not 0: 0205": async (server) => {
    using raw = await RawConnection.connect(server);
    const text = encodeText(nameKeys({ targetName: TARGET_NAME }));
    const flags = stageFlags(Operational, FullFeature);
    const fields = { itt: 1, cmdSn: 1, expStatSn: 0, isid: ISID, flags, text };
    await raw.sendPdu(loginRequest({ ...fields, versionMin: 1, versionMax: 1 }));
    const response = await raw.expect(Opcode.LoginResponse);
    assert.equal(response.u16(Field.statusClass), LoginStatus.UnsupportedVersion);
    assert.deepEqual(await raw.receiveUntilClosed(), []);
  },

  "a version range that includes 0 is taken": async (server) => {
    using raw = await RawConnection.connect(server);
    const text = encodeText(nameKeys({ targetName: TARGET_NAME }));
    const flags = stageFlags(Operational, FullFeature);
    const fields = { itt: 1, cmdSn: 1, expStatSn: 0, isid: randomIsid(), flags, text };
    await raw.sendPdu(loginRequest({ ...fields, versionMin: 0, versionMax: 2 }));
    const response = await raw.expect(Opcode.LoginResponse);
    assert.equal(response.u16(Field.statusClass), 0);
    assert.equal(response.u8(3), 0, "Version-active");
  },

  "a TSIH of no session: 020a": async (server) => {
    const status = await statusOf(server, { tsih: 0x7abc });
    assert.equal(status, LoginStatus.SessionDoesNotExist);
  },

  "another connection for a session that has its one: 0206": async (server) => {
    const isid = randomIsid();
    await using session = await openReady(server, [0], { isid });
    const { tsih } = session.loginResult;
    assert.equal(await statusOf(server, { isid, tsih, cid: 1 }), 0x0206);
    assert.equal((await session.command(testUnitReady())).status, 0, "the session lives on");
  },

  "a command during the login: 020b": async (server) => {
    using raw = await RawConnection.connect(server);
    const dialogue = new LoginDialogue(raw, { isid: randomIsid() });
    const names = encodeText(nameKeys({ targetName: TARGET_NAME }));
    await dialogue.exchange(stageFlags(Operational), names);
    const { expStatSn } = dialogue;
    await raw.sendPdu(scsiCommand({ itt: 2, cmdSn: 1, expStatSn, cdb: testUnitReady() }));
    const response = await raw.expect(Opcode.LoginResponse);
    assert.equal(response.u16(Field.statusClass), LoginStatus.InvalidDuringLogin);
    assert.deepEqual(await raw.receiveUntilClosed(), []);
    await warningsWith(server, raw.localName);
  },

  "anything but a login as the first PDU closes the connection": async (server) => {
    for (
      const pdu of [
        nopOut({ itt: 1, cmdSn: 1, expStatSn: 0, immediate: true }),
        scsiCommand({ itt: 1, cmdSn: 1, expStatSn: 0, cdb: testUnitReady() }),
      ]
    ) {
      using raw = await RawConnection.connect(server);
      await raw.sendPdu(pdu);
      assert.deepEqual(await raw.receiveUntilClosed(), []);
      await warningsWith(server, raw.localName);
    }
  },

  "a login in the full feature phase does not disturb others": async (server) => {
    await using bystander = await openReady(server);
    using raw = await RawConnection.connect(server);
    const result = await login(raw, { targetName: TARGET_NAME });
    const text = encodeText(nameKeys({ targetName: TARGET_NAME }));
    const { isid, tsih, expStatSn } = result;
    const flags = stageFlags(Operational, FullFeature);
    await raw.sendPdu(loginRequest({ itt: 9, cmdSn: 1, expStatSn, isid, tsih, flags, text }));
    const answer = await raw.receive();
    assert(answer === undefined || answer.opcode === Opcode.Reject, "Reject or the end");
    assert.equal((await bystander.command(testUnitReady())).status, 0);
  },

  "a refused login leaves no session behind": async (server) => {
    const isid = randomIsid();
    assert.notEqual(await statusOf(server, { isid, targetName: "iqn.2026-11.org.example:no" }), 0);
    await using session = await openReady(server, [0], { isid });
    assert.equal((await session.command(testUnitReady())).status, 0);
  },
});
