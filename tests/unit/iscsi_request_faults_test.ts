/** THE tables of faults of requests and commands: an initiator meets each, in the answer and the log. */
import assert from "node:assert/strict";
import { CommandFault, RequestFault } from "../../lib/iscsi/faults.ts";
import { nameOfRejectReason } from "../../lib/iscsi/reject_reason.ts";
import { loginPdu, NAMES } from "../harness/login_peer.ts";
import { type Peer } from "../harness/rig.ts";
import { CONTINUE } from "../initiator/login.ts";
import { Field, FINAL, IMMEDIATE, NO_TAG, Opcode } from "../initiator/pdu.ts";
import {
  logoutRequest,
  nopOut,
  READ,
  snackRequest,
  taskManagement,
  textRequest,
  WRITE,
} from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";
import {
  answerTo,
  beginWrite,
  BLOCK,
  CDB,
  discovery,
  type Example,
  examplesOf,
  inSession,
  now,
  rigFor,
  sendDamaged,
  SIMPLE,
  text,
  W,
} from "../harness/fault_example.ts";

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
