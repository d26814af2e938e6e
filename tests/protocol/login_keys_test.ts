/** Negotiation of the operational keys (RFC 7143 6.2 and 13). */
import assert from "node:assert/strict";
import { diskYaml, TARGET_NAME } from "../harness/server.ts";
import { suite } from "../harness/suite.ts";
import {
  login,
  LoginDialogue,
  type LoginResult,
  LoginStatus,
  nameKeys,
  randomIsid,
  Stage,
  stageFlags,
} from "../initiator/login.ts";
import { Field } from "../initiator/pdu.ts";
import { type Address, RawConnection } from "../initiator/raw.ts";
import { encodeText, type Pairs, valueOf } from "../initiator/text.ts";

const { Operational, FullFeature } = Stage;

/** Logs in with just these keys and says what came of it. */
async function offer(address: Address, keys: Pairs, path = [Operational, FullFeature]) {
  using raw = await RawConnection.connect(address);
  return await login(raw, { targetName: TARGET_NAME, keys, path });
}

/** A key, what is offered and what must be the answer. */
type Case = readonly [key: string, offered: string, answer: string];

/** Offers each case in a login of its own and compares the answer. */
async function assertAnswers(address: Address, cases: readonly Case[]): Promise<void> {
  for (const [key, offered, wanted] of cases) {
    const result = await offer(address, [[key, offered]]);
    assert.equal(result.status, 0, `${key}=${offered}`);
    assert.equal(valueOf(result.answers, key), wanted, `${key}=${offered}`);
  }
}

/** Whether an offer that is not admissible was turned down: refused, or answered with Reject. */
function isTurnedDown(result: LoginResult, key: string): boolean {
  return result.status >> 8 === 2 || valueOf(result.answers, key) === "Reject";
}

suite("login keys", diskYaml([{}]), {
  "numbers take the smaller of offer and own value": async (server) => {
    await assertAnswers(server, [
      ["MaxBurstLength", "512", "512"],
      ["MaxBurstLength", "262144", "262144"],
      ["MaxBurstLength", "16777215", "1048576"],
      ["FirstBurstLength", "512", "512"],
      ["FirstBurstLength", "65536", "65536"],
      ["FirstBurstLength", "262144", "65536"],
      ["MaxOutstandingR2T", "1", "1"],
      ["MaxOutstandingR2T", "32", "32"],
      ["MaxOutstandingR2T", "65535", "32"],
      ["MaxConnections", "1", "1"],
      ["MaxConnections", "65535", "1"],
      ["ErrorRecoveryLevel", "0", "0"],
      ["ErrorRecoveryLevel", "2", "0"],
      ["DefaultTime2Retain", "0", "0"],
      ["DefaultTime2Retain", "3600", "0"],
    ]);
  },

  "DefaultTime2Wait takes the larger": async (server) => {
    await assertAnswers(server, [
      ["DefaultTime2Wait", "0", "0"],
      ["DefaultTime2Wait", "2", "2"],
      ["DefaultTime2Wait", "3600", "3600"],
    ]);
  },

  "booleans are joined by AND or OR as each key says": async (server) => {
    await assertAnswers(server, [
      ["InitialR2T", "Yes", "Yes"],
      ["InitialR2T", "No", "No"],
      ["ImmediateData", "Yes", "Yes"],
      ["ImmediateData", "No", "No"],
      ["DataPDUInOrder", "Yes", "Yes"],
      ["DataSequenceInOrder", "Yes", "Yes"],
      ["DataPDUInOrder", "No", "Yes"],
      ["DataSequenceInOrder", "No", "Yes"],
    ]);
  },

  "lists take the first value that both know": async (server) => {
    await assertAnswers(server, [
      ["HeaderDigest", "None", "None"],
      ["DataDigest", "None", "None"],
      ["HeaderDigest", "X-com.example.digest,None", "None"],
      ["DataDigest", "X-com.example.digest,None", "None"],
      ["TaskReporting", "RFC3720", "RFC3720"],
    ]);
  },

  "MaxRecvDataSegmentLength is declared by each side": async (server) => {
    for (const ours of ["512", "8192", "16777215"]) {
      const result = await offer(server, [["MaxRecvDataSegmentLength", ours]]);
      assert.equal(result.status, 0);
      assert.equal(valueOf(result.answers, "MaxRecvDataSegmentLength"), "1048576");
    }
  },

  "numbers may be hexadecimal": async (server) => {
    const result = await offer(server, [["MaxBurstLength", "0x10000"], [
      "MaxOutstandingR2T",
      "0X4",
    ]]);
    assert.equal(result.status, 0);
    assert.equal(Number(valueOf(result.answers, "MaxBurstLength")), 65536);
    assert.equal(Number(valueOf(result.answers, "MaxOutstandingR2T")), 4);
  },

  "FirstBurstLength does not exceed MaxBurstLength": async (server) => {
    const result = await offer(server, [["MaxBurstLength", "4096"], ["FirstBurstLength", "65536"]]);
    assert.equal(result.status, 0);
    assert.equal(valueOf(result.answers, "MaxBurstLength"), "4096");
    assert(Number(valueOf(result.answers, "FirstBurstLength")) <= 4096);
  },

  "FirstBurstLength without unsolicited data is irrelevant or a number": async (server) => {
    const result = await offer(server, [
      ["InitialR2T", "Yes"],
      ["ImmediateData", "No"],
      ["FirstBurstLength", "8192"],
    ]);
    assert.equal(result.status, 0);
    assert(["Irrelevant", "8192"].includes(valueOf(result.answers, "FirstBurstLength") ?? ""));
  },

  "keys that are not known are NotUnderstood": async (server) => {
    await assertAnswers(server, [
      ["X-com.example.key", "1", "NotUnderstood"],
      ["X#Something", "Yes", "NotUnderstood"],
      ["UnheardOf", "None", "NotUnderstood"],
    ]);
  },

  "obsolete marker keys are rejected, not NotUnderstood (RFC 7143 13.25)": async (server) => {
    for (const key of ["IFMarker", "OFMarker"]) {
      const result = await offer(server, [[key, "No"]]);
      assert.equal(result.status, 0);
      assert(["Reject", "No"].includes(valueOf(result.answers, key) ?? ""), key);
    }
    for (const key of ["IFMarkInt", "OFMarkInt"]) {
      const result = await offer(server, [[key, "2048~8192"]]);
      assert.equal(result.status, 0);
      assert.equal(valueOf(result.answers, key), "Reject", key);
    }
  },

  "InitiatorAlias is taken without an answer": async (server) => {
    const result = await offer(server, [["InitiatorAlias", "a test"]]);
    assert.equal(result.status, 0);
    assert.equal(valueOf(result.answers, "InitiatorAlias"), undefined);
  },

  "the target says its portal group in the first response": async (server) => {
    const result = await offer(server, []);
    assert.equal(valueOf(result.answers, "TargetPortalGroupTag"), "1");
  },

  "a key that is offered twice fails the login": async (server) => {
    const keys: Pairs = [["MaxBurstLength", "4096"], ["MaxBurstLength", "4096"]];
    const result = await offer(server, keys);
    assert.equal(result.status, LoginStatus.InitiatorError);
  },

  "values out of range or of the wrong kind are turned down": async (server) => {
    const cases: Pairs = [
      ["MaxBurstLength", "511"],
      ["MaxBurstLength", "16777216"],
      ["MaxBurstLength", "many"],
      ["MaxBurstLength", "-1"],
      ["MaxBurstLength", ""],
      ["FirstBurstLength", "0"],
      ["MaxOutstandingR2T", "0"],
      ["MaxOutstandingR2T", "65536"],
      ["MaxConnections", "0"],
      ["ErrorRecoveryLevel", "3"],
      ["DefaultTime2Wait", "3601"],
      ["InitialR2T", "Maybe"],
      ["ImmediateData", "yes"],
      ["HeaderDigest", "X-com.example.digest"],
    ];
    for (const [key, value] of cases) {
      const result = await offer(server, [[key, value]]);
      assert(isTurnedDown(result, key), `${key}=${value}: ${valueOf(result.answers, key)}`);
    }
  },

  "a MaxRecvDataSegmentLength out of range fails the login": async (server) => {
    for (const value of ["0", "511", "16777216", "large"]) {
      const result = await offer(server, [["MaxRecvDataSegmentLength", value]]);
      assert(isTurnedDown(result, "MaxRecvDataSegmentLength"), value);
    }
  },

  "text that is not made of pairs fails the login": async (server) => {
    for (const text of ["=value\0", "NoEqualsSign\0", `${"K".repeat(64)}=1\0`]) {
      using raw = await RawConnection.connect(server);
      const dialogue = new LoginDialogue(raw, { isid: randomIsid() });
      const names = new TextDecoder().decode(encodeText(nameKeys({ targetName: TARGET_NAME })));
      const bytes = new TextEncoder().encode(names + text);
      const response = await dialogue.exchange(stageFlags(Operational, FullFeature), bytes);
      assert.equal(response.u8(Field.statusClass), 2, text);
    }
  },
});
