/** The tables of faults (lib/iscsi/faults.ts): every row of them is made to happen. */
import assert from "node:assert/strict";
import { CommandFault, ConnectionFault, LoginFault, RequestFault } from "../../lib/iscsi/faults.ts";
import { nameOfLoginStatus } from "../../lib/iscsi/login_status.ts";
import { nameOfRejectReason } from "../../lib/iscsi/reject_reason.ts";
import type { TargetAttributes } from "../../lib/scst/model.ts";
import { ONE_WAY } from "../harness/chap_users.ts";
import { inStage, loginPdu, NAMES, PEER_NAME, requestLogin } from "../harness/login_peer.ts";
import { LOCKED_TARGET, type Peer, Rig, TARGET } from "../harness/rig.ts";
import { write10 } from "../initiator/cdb.ts";
import { CONTINUE } from "../initiator/login.ts";
import { Field, FINAL, IMMEDIATE, NO_TAG, Opcode, Pdu } from "../initiator/pdu.ts";
import {
  dataOut,
  logoutRequest,
  nopOut,
  READ,
  snackRequest,
  taskManagement,
  textRequest,
  WRITE,
} from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const BLOCK = 512;
const SIMPLE = 1;
const CDB = write10(0, 1);
const W = FINAL | WRITE | SIMPLE;

type Act = (rig: Rig) => { peer: Peer; answers: Pdu[] };

interface Example {
  readonly attributes?: Partial<TargetAttributes>;
  readonly locked?: boolean;
  readonly act: Act;
}

function rigFor({ attributes = {}, locked = false }: Example): Rig {
  return new Rig({ attributes, ...(locked ? { users: ONE_WAY } : {}) });
}

/** The numbers of a request for immediate delivery. */
function now(peer: Peer) {
  return { itt: peer.tag(), cmdSn: peer.cmdSn, expStatSn: 0, immediate: true };
}

/** What a peer past its login does. */
function inSession(act: (peer: Peer) => Pdu[], keys: Record<string, string> = {}): Act {
  return (rig) => {
    const peer = rig.login(1, keys);
    return { peer, answers: act(peer) };
  };
}

function discovery(rig: Rig): Peer {
  const peer = rig.connect();
  peer.login(1, { SessionType: "Discovery" });
  return peer;
}

/** A write that waits for its data. */
function beginWrite(peer: Peer, immediate = false): Pdu {
  const [r2t] = peer.send(peer.command({ cdb: CDB, flags: W, expectedLength: BLOCK, immediate }));
  assert.equal(r2t?.opcode, Opcode.R2T);
  return r2t;
}

function answerTo(r2t: Pdu, dataSn = 0): Pdu {
  const ttt = r2t.u32(Field.ttt);
  const data = new Uint8Array(BLOCK);
  return dataOut({ itt: r2t.itt, ttt, expStatSn: 0, offset: 0, dataSn, final: true, data });
}

/** Sends a PDU with one bit wrong, `back` bytes from its end. */
function sendDamaged(peer: Peer, pdu: Pdu, back = 1): Pdu[] {
  const bytes = pdu.encode({}, peer.digests);
  bytes[bytes.length - back]! ^= 1;
  return peer.feed(bytes);
}

const text = (words: string) => new TextEncoder().encode(words);

const REQUEST_EXAMPLES: Readonly<Record<keyof typeof RequestFault, Example | readonly Example[]>> =
  {
    OPCODE: {
      act: inSession((peer) => {
        const pdu = nopOut(now(peer)).put8(Field.opcode, 0x1b | IMMEDIATE);
        return peer.send(pdu);
      }),
    },
    LOGIN: { act: inSession((peer) => peer.send(loginPdu({ text: NAMES }))) },
    LONG_SEGMENT: {
      attributes: { maxRecvDataSegmentLength: 4096 },
      act: inSession((peer) => peer.send(nopOut({ ...now(peer), data: new Uint8Array(4100) }))),
    },
    DATA_DIGEST: [
      {
        act: inSession(
          (peer) => sendDamaged(peer, nopOut({ ...now(peer), data: text("ping") })),
          { DataDigest: "CRC32C" },
        ),
      },
      {
        act: inSession(
          (peer) => sendDamaged(peer, answerTo(beginWrite(peer))),
          { DataDigest: "CRC32C" },
        ),
      },
    ],
    SNACK: { act: inSession((peer) => peer.send(snackRequest({ itt: 1, expStatSn: 0, type: 1 }))) },
    NOT_IN_DISCOVERY: [
      (peer: Peer) => peer.command({ cdb: new Uint8Array(16) }),
      (peer: Peer) => taskManagement({ ...now(peer), function: 5 }),
      (peer: Peer) => nopOut(now(peer)),
      (peer: Peer) => logoutRequest({ ...now(peer), reason: 1 }),
    ].map((request): Example => ({
      act: (rig) => {
        const peer = discovery(rig);
        return { peer, answers: peer.send(request(peer)) };
      },
    })),
    RESERVED_TASK_TAG: [
      {
        act: inSession((peer) =>
          peer.send(textRequest({ ...now(peer), itt: NO_TAG, text: text("SendTargets=\0") }))
        ),
      },
      {
        act: inSession((peer) => {
          return peer.send(peer.command({ cdb: new Uint8Array(16), itt: NO_TAG }));
        }),
      },
    ],
    TASK_TAG_IN_USE: [
      {
        act: inSession((peer) => {
          const { itt } = beginWrite(peer);
          return peer.send(peer.command({ cdb: new Uint8Array(16), itt }));
        }),
      },
      {
        act: inSession((peer) => {
          const { itt } = beginWrite(peer);
          return peer.send(nopOut({ ...now(peer), itt }));
        }),
      },
    ],
    TOO_MANY_IMMEDIATE: {
      act: inSession((peer) => {
        for (let count = 0; count < 16; count++) beginWrite(peer, true);
        return peer.send(
          peer.command({ cdb: CDB, flags: W, expectedLength: BLOCK, immediate: true }),
        );
      }),
    },
    NEITHER_F_NOR_W: {
      act: inSession((peer) => peer.send(peer.command({ cdb: new Uint8Array(16), flags: SIMPLE }))),
    },
    AHS: [
      [0, 5, 9, 0, 1, 2, 3, 4], // of a type that there is not
      [0, 5, 1, 0], // longer than the header says
      [0, 1, 2, 0], // a bidirectional length of one byte
    ].map((ahs): Example => ({
      act: inSession((peer) => {
        const cdb = new Uint8Array(16);
        const answers = peer.send(peer.command({ cdb, ahs: Uint8Array.from(ahs) }));
        assert.equal(answers[0]!.data.length, 48 + ahs.length, "the header is complete");
        assert.deepEqual([...answers[0]!.data.subarray(48)], ahs);
        return answers;
      }),
    })),
    EARLY_UNSOLICITED: {
      act: inSession((peer) => {
        const flags = WRITE | SIMPLE;
        const cmdSn = peer.cmdSn + 1;
        return peer.send(peer.command({ cdb: CDB, flags, expectedLength: BLOCK, cmdSn }));
      }, { InitialR2T: "No" }),
    },
    EARLY_TOO_MUCH: {
      act: inSession((peer) => {
        const data = new Uint8Array(200_000);
        const early = (cmdSn: number) =>
          peer.send(nopOut({ itt: peer.tag(), cmdSn, expStatSn: 0, data }));
        assert.deepEqual(early(peer.cmdSn + 1), []);
        return early(peer.cmdSn + 2);
      }),
    },
    TEXT_FLAGS: {
      act: inSession((peer) =>
        peer.send(textRequest({ ...now(peer), text: text("A=1\0"), flags: FINAL | CONTINUE }))
      ),
    },
    TEXT_TAG: [
      {
        act: inSession((peer) => peer.send(textRequest({ ...now(peer), ttt: 5, text: text("") }))),
      },
      {
        act: inSession((peer) => {
          const begin = textRequest({ ...now(peer), text: text("A=1\0"), flags: CONTINUE });
          const ttt = peer.send(begin)[0]!.u32(Field.ttt);
          return peer.send(textRequest({ ...now(peer), ttt, text: text("B=1\0") }));
        }),
      },
    ],
    TEXT_LENGTH: {
      act: inSession((peer) =>
        peer.send(textRequest({ ...now(peer), text: new Uint8Array(65537), flags: CONTINUE }))
      ),
    },
    TEXT_FORM: [text("no pair\0"), text("A=1\0A=1\0"), Uint8Array.of(0xff)].map((
      bytes,
    ): Example => ({
      act: inSession((peer) => peer.send(textRequest({ ...now(peer), text: bytes }))),
    })),
    LOGOUT_REASON: {
      act: inSession((peer) => peer.send(logoutRequest({ ...now(peer), reason: 0x55 }))),
    },
  };

function examplesOf(examples: Example | readonly Example[]): readonly Example[] {
  return "act" in examples ? [examples] : examples;
}

for (const [name, examples] of Object.entries(REQUEST_EXAMPLES)) {
  const { says, reason, ends } = RequestFault[name as keyof typeof RequestFault];
  Deno.test(`RequestFault.${name}: ${says}`, () => {
    for (const example of examplesOf(examples)) {
      using rig = rigFor(example);
      const { peer, answers } = example.act(rig);
      const [reject] = answers;
      assert.equal(reject?.opcode, Opcode.Reject);
      assert.deepEqual([reject.u8(Field.response), reject.itt], [reason, NO_TAG]);
      const line = rig.log.find((one) => one.startsWith("warning rejected ")) ?? "nothing";
      assert(line.includes(` with ${nameOfRejectReason(reason)}: ${says}`), line);
      assert.match(line, / initiator=\S+ peer=\S+ /);
      assert.equal(peer.connection.isFinishing, ends);
      assert.equal(rig.log.some((one) => one.startsWith("warning connection dropped: ")), ends);
      // A session that goes on takes the next request, and its window is as wide as before.
      if (!ends && peer.connection.session!.isDiscovery) {
        const next = textRequest({ ...now(peer), text: text("SendTargets=All\0") });
        assert.equal(peer.send(next)[0]!.opcode, Opcode.TextResponse);
      } else if (!ends) assert.equal(peer.send(nopOut(now(peer)))[0]!.opcode, Opcode.NopIn);
    }
  });
}

const COMMAND_EXAMPLES: Readonly<Record<keyof typeof CommandFault, Example>> = {
  UNSOLICITED_DATA: {
    act: inSession((peer) => {
      const data = new Uint8Array(BLOCK);
      return peer.send(peer.command({ cdb: CDB, flags: W, expectedLength: BLOCK, data }));
    }, { ImmediateData: "No" }),
  },
  DATA_SEQUENCE: { act: inSession((peer) => peer.send(answerTo(beginWrite(peer), 3))) },
  DATA_DIGEST: {
    act: inSession(
      (peer) => sendDamaged(peer, answerTo(beginWrite(peer))).slice(1),
      { DataDigest: "CRC32C" },
    ),
  },
  BIDIRECTIONAL: {
    act: inSession((peer) => {
      const ahs = Uint8Array.of(0, 5, 2, 0, 0, 0, 2, 0);
      const data = new Uint8Array(BLOCK).fill(1);
      const flags = W | READ;
      return peer.send(peer.command({ cdb: CDB, flags, expectedLength: BLOCK, data, ahs }));
    }),
  },
};

for (const [name, example] of Object.entries(COMMAND_EXAMPLES)) {
  const { says, sense } = CommandFault[name as keyof typeof CommandFault];
  Deno.test(`CommandFault.${name}: ${says}`, () => {
    using rig = rigFor(example);
    const { peer, answers } = example.act(rig);
    const [response, ...more] = answers;
    assert.deepEqual([response?.opcode, more.length], [Opcode.ScsiResponse, 0]);
    assert.equal(response!.u8(Field.status), 2);
    const wanted = sense.toString(16).padStart(6, "0").match(/../g)!.join("/").toUpperCase();
    assert.equal(senseText(parseResponseSense(response!.data)), wanted);
    const line = rig.log.find((one) => one.includes(says)) ?? "nothing";
    assert.match(line, /^warning .* lun=0 itt=0x/);
    assert.equal(peer.send(nopOut(now(peer)))[0]!.opcode, Opcode.NopIn);
    assert(Deno.readFileSync(rig.path).subarray(0, BLOCK).every((byte) => byte === 0));
  });
}

/** Lets seconds pass; the initiator takes what it is sent where `alive` says so. */
function pass(peer: Peer, seconds: number, alive: boolean): void {
  for (let second = 1; second <= seconds; second++) {
    peer.connection.tick(second * 1000);
    if (alive) peer.connection.noteProgress();
  }
}

const CONNECTION_EXAMPLES: Readonly<Record<keyof typeof ConnectionFault, Example>> = {
  NO_LOGIN: {
    act: (rig) => {
      const peer = rig.connect();
      return { peer, answers: peer.send(nopOut(now(peer))) };
    },
  },
  HEADER_DIGEST: {
    act: inSession((peer) => sendDamaged(peer, nopOut(now(peer))), { HeaderDigest: "CRC32C" }),
  },
  LONG_LOGIN: {
    act: (rig) => {
      const peer = rig.connect();
      return { peer, answers: peer.send(loginPdu({ text: new Uint8Array(8196) })) };
    },
  },
  MISSING: {
    act: inSession((peer) => {
      const ping = nopOut({ ...now(peer), immediate: false, data: text("ping") });
      assert.equal(sendDamaged(peer, ping)[0]!.opcode, Opcode.Reject);
      pass(peer, 5, true);
      return [];
    }, { DataDigest: "CRC32C" }),
  },
  SILENCE: {
    attributes: { nopInInterval: 10, nopInTimeout: 10 },
    act: inSession((peer) => {
      pass(peer, 25, false);
      return [];
    }),
  },
  NO_DATA: {
    attributes: { rspTimeout: 10 },
    act: inSession((peer) => {
      beginWrite(peer);
      pass(peer, 15, true);
      return [];
    }),
  },
};

for (const [name, example] of Object.entries(CONNECTION_EXAMPLES)) {
  const { says } = ConnectionFault[name as keyof typeof ConnectionFault];
  Deno.test(`ConnectionFault.${name}: ${says}`, () => {
    using rig = rigFor(example);
    const { peer, answers } = example.act(rig);
    assert.deepEqual([answers.length, peer.connection.isClosed], [0, true]);
    assert(rig.log.at(-1)!.startsWith(`warning connection dropped: ${says}`), rig.log.at(-1));
    assert.match(rig.log.at(-1)!, / peer=\S+/);
  });
}

/** Sends requests of one login, the last of which is refused. */
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
