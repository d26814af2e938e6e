/** THE table of faults in logins: an initiator meets each of them, in the answer and in the log. */
import assert from "node:assert/strict";
import { LoginFault } from "../../lib/iscsi/faults.ts";
import { nameOfLoginStatus } from "../../lib/iscsi/login_status.ts";
import { inStage, loginPdu, NAMES, PEER_NAME, requestLogin } from "../harness/login_peer.ts";
import { LOCKED_TARGET, TARGET } from "../harness/rig.ts";
import { CONTINUE } from "../initiator/login.ts";
import { Field, Opcode } from "../initiator/pdu.ts";
import { nopOut } from "../initiator/requests.ts";
import { type Act, type Example, examplesOf, now, rigFor } from "../harness/fault_example.ts";

function inLogin(...requests: readonly Parameters<typeof loginPdu>[0][]): Act {
  return (rig) => {
    const peer = rig.connect();
    const answers = requests.map((request) => requestLogin(peer, request));
    for (const answer of answers.slice(0, -1)) assert.equal(answer.u16(Field.statusClass), 0);
    return { peer, answers: answers.slice(-1) };
  };
}

const FIRST = { text: NAMES };
const LESS = { firstBurstLength: 1024 };

/** A session with CID 0, and another login that names it by its TSIH. */
function besideSession(fields: (tsih: number) => Parameters<typeof loginPdu>[0]): Act {
  return (rig) => {
    const { session } = rig.login(1).connection;
    return inLogin({ ...FIRST, ...fields(session!.tsih) })(rig);
  };
}

const LOGIN_EXAMPLES: Readonly<Record<keyof typeof LoginFault, Example | readonly Example[]>> = {
  REQUEST: {
    act: (rig) => {
      const peer = rig.connect();
      requestLogin(peer, FIRST);
      return { peer, answers: peer.send(nopOut(now(peer))) };
    },
  },
  VERSION: { act: inLogin({ ...FIRST, versionMin: 1, versionMax: 1 }) },
  STAGE: [
    { act: inLogin({ ...FIRST, flags: inStage(2) }) },
    { act: inLogin(FIRST, { flags: inStage(0) }) },
    { act: inLogin({ ...FIRST, flags: inStage(1, 1) }) },
  ],
  FLAGS: { act: inLogin({ ...FIRST, flags: inStage(1, 3) | CONTINUE }) },
  CHANGED_FIELD: [{ isid: 2 }, { tsih: 1 }, { cid: 1 }, { itt: 1 }, { versionMax: 1 }].map(
    (change): Example => ({ act: inLogin(FIRST, change) }),
  ),
  TOO_MANY_REQUESTS: { act: inLogin(FIRST, ...Array(64).fill({})) },
  TOO_MUCH_TEXT: {
    act: inLogin(
      ...Array(9).fill({ text: new Uint8Array(8192).fill(65), flags: inStage(1) | CONTINUE }),
    ),
  },
  TEXT_FORM: [
    { act: inLogin({ text: "no pair" }) },
    { act: inLogin({ text: `${NAMES}X-a=${"v".repeat(256)}\0` }) },
  ],
  REPEATED_KEY: [
    { act: inLogin({ text: `${NAMES}MaxConnections=1\0MaxConnections=1\0` }) },
    { act: inLogin(FIRST, { text: `TargetName=${TARGET}\0` }) },
  ],
  SILENT_KEY: {
    attributes: LESS,
    act: inLogin({ ...FIRST, flags: inStage(1, 3) }, { flags: inStage(1, 3) }),
  },
  NO_INITIATOR_NAME: { act: inLogin({ text: `TargetName=${TARGET}\0` }) },
  INITIATOR_NAME: { act: inLogin({ text: `InitiatorName=no name\0TargetName=${TARGET}\0` }) },
  NO_TARGET_NAME: { act: inLogin({ text: `InitiatorName=${PEER_NAME}\0` }) },
  TARGET_NAME: { act: inLogin({ text: `InitiatorName=${PEER_NAME}\0TargetName=iqn.no\0` }) },
  SESSION_TYPE: { act: inLogin({ text: `${NAMES}SessionType=Strange\0` }) },
  LATE_KEY: { act: inLogin(FIRST, { text: "SessionType=Discovery\0" }) },
  SESSION: [
    { act: inLogin({ ...FIRST, tsih: 0x7abc }) },
    { act: besideSession((tsih) => ({ tsih, isid: 2 })) },
    {
      act: besideSession((tsih) => ({
        tsih,
        text: `InitiatorName=${PEER_NAME}\0SessionType=Discovery\0`,
      })),
    },
  ],
  SECOND_CONNECTION: { act: besideSession((tsih) => ({ tsih, cid: 1 })) },
  OPERATIONAL_KEY: { act: inLogin({ text: `${NAMES}MaxBurstLength=512\0`, flags: inStage(0) }) },
  SECURITY_KEY: { act: inLogin({ text: `${NAMES}AuthMethod=None\0` }) },
  SECURITY_ORDER: { act: inLogin({ text: `${NAMES}CHAP_A=5\0`, flags: inStage(0) }) },
  AUTHENTICATION: {
    locked: true,
    act: inLogin({
      text: `InitiatorName=${PEER_NAME}\0TargetName=${LOCKED_TARGET}\0`,
      flags: inStage(0, 1),
    }),
  },
  SEGMENT_LENGTH: { act: inLogin({ text: `${NAMES}MaxRecvDataSegmentLength=100\0` }) },
  DIGEST: [
    {
      attributes: { headerDigest: ["CRC32C"] },
      act: inLogin({ ...FIRST, flags: inStage(1, 3) }),
    },
    { act: inLogin({ text: `${NAMES}HeaderDigest=X-com.example.md5\0` }) },
  ],
};

for (const [name, examples] of Object.entries(LOGIN_EXAMPLES)) {
  const { says, status } = LoginFault[name as keyof typeof LoginFault];
  Deno.test(`LoginFault.${name}: ${says}`, () => {
    for (const example of examplesOf(examples)) {
      using rig = rigFor(example);
      const { peer, answers } = example.act(rig);
      assert.deepEqual(answers.map(({ opcode }) => opcode), [Opcode.LoginResponse]);
      assert.equal(answers[0]!.u16(Field.statusClass), status);
      assert.equal(answers[0]!.flags, 0);
      const line = rig.log.at(-1)!;
      const beginning = `warning login refused with ${nameOfLoginStatus(status)}: ${says}`;
      assert(line.startsWith(beginning), `${line} instead of ${beginning}`);
      assert.match(line, / peer=\S+ portal=\S+( isid=[0-9a-f]{12})?$/);
      assert.deepEqual([peer.connection.isFinishing, peer.connection.session], [true, undefined]);
      assert.equal(rig.node.logins.refused.get(name.toLowerCase()), 1);
    }
  });
}
