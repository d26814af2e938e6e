/** A connection that takes the place of another one of its session (RFC 7143 6.3.4), at level 0. */
import assert from "node:assert/strict";
import { Node } from "../../lib/iscsi/node.ts";
import { viewOfSession } from "../../lib/iscsi/session_view.ts";
import { answersIn, exchangeGood } from "../harness/exchange.ts";
import { ANN, JOE, ONE_WAY } from "../harness/chap_users.ts";
import {
  inStage,
  NAMES,
  PEER_NAME,
  type RequestFields,
  requestLogin,
} from "../harness/login_peer.ts";
import { RegroupRig, reportedLuns } from "../harness/regroup_rig.ts";
import { LOCKED_TARGET, Peer, Rig } from "../harness/rig.ts";
import { type ChapUser, readTerms, responseKeys } from "../initiator/chap.ts";
import { read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { dataOut, READ, WRITE } from "../initiator/requests.ts";
import { decodeText, encodeText, valueOf } from "../initiator/text.ts";

const BLOCK = 512;
const SIMPLE = 1;
const NEW = new Uint8Array(BLOCK).fill(7);

/** Logs in on a new connection in the place of that of `old`. */
function reinstate(rig: Rig, old: Peer, fields: RequestFields = {}): { peer: Peer; response: Pdu } {
  const peer = rig.connect();
  const { tsih } = old.connection.session!;
  const flags = inStage(1, 3);
  const { cmdSn } = old;
  const response = requestLogin(peer, { text: NAMES, flags, tsih, cmdSn, ...fields });
  peer.cmdSn = cmdSn;
  return { peer, response };
}

function write(peer: Peer, data?: Uint8Array): Pdu {
  const flags = FINAL | WRITE | SIMPLE;
  const fields = { cdb: write10(0, 1), flags, expectedLength: BLOCK };
  return peer.command(data === undefined ? fields : { ...fields, data });
}

Deno.test("connection reinstatement goes on with the session: TSIH, numbers, and no attention", () => {
  using rig = new Rig();
  const old = rig.login(1);
  const session = old.connection.session!;
  const { tsih, window: { expCmdSN, maxCmdSN } } = session;
  const { peer, response } = reinstate(rig, old);
  assert.equal(response.u16(Field.statusClass), 0);
  assert.equal(response.u16(Field.tsih), tsih);
  assert.equal(response.u32(Field.expCmdSn), expCmdSN);
  assert.equal(response.u32(Field.maxCmdSn), maxCmdSN);
  assert.deepEqual([old.connection.isClosed, old.take().length], [true, 0]);
  assert.deepEqual([...rig.node.sessions], [session]);
  const answer = peer.run({ cdb: testUnitReady() });
  assert.equal(answer.u8(Field.status), 0, "the I_T nexus is the same");
  assert.equal(answer.u32(Field.statSn), (response.u32(Field.statSn) + 1) >>> 0);
  assert.equal(answer.u32(Field.expCmdSn), expCmdSN + 1);
  assert(rig.log.some((line) => /^info login \(connection reinstatement\)/.test(line)));
  peer.connection.close();
  assert.equal([...rig.node.sessions].length, 0);
});

Deno.test("connection reinstatement ends the tasks of the old connection without a word", () => {
  using rig = new Rig();
  const old = rig.login(1);
  const command = write(old);
  const [r2t] = old.send(command);
  const { peer } = reinstate(rig, old);
  assert.equal(peer.connection.session!.tasks.size, 0);
  const late = dataOut({
    itt: command.itt,
    ttt: r2t!.u32(Field.ttt),
    expStatSn: 0,
    offset: 0,
    dataSn: 0,
    final: true,
    data: NEW,
  });
  assert.deepEqual([...old.send(late), ...peer.send(late)], []);
  const { maxCmdSN, expCmdSN } = peer.connection.session!.window;
  assert.equal(maxCmdSN - expCmdSN + 1, 32, "the window is open again");
  const data = exchangeGood(peer, read10(0, 1), { read: BLOCK });
  assert(data.every((byte) => byte === 0));
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("connection reinstatement while the store hangs: neither answers nor data are mixed up", () => {
  using rig = new Rig();
  const old = rig.login(1, { MaxRecvDataSegmentLength: "65536" });
  rig.store.hanging = true;
  const flags = FINAL | READ | SIMPLE;
  old.send(old.command({ cdb: read10(0, 8), flags, expectedLength: 8 * BLOCK }));
  old.send(write(old, NEW));
  rig.store.hanging = false;
  const { peer } = reinstate(rig, old, {
    text: `${NAMES}MaxRecvDataSegmentLength=512\0HeaderDigest=CRC32C\0DataDigest=CRC32C\0`,
  });
  peer.digests = { header: true, data: true };
  const { maxCmdSN, expCmdSN } = peer.connection.session!.window;
  assert.equal(maxCmdSN - expCmdSN + 1, 30, "what the store works on keeps its place");
  rig.store.release();
  assert.deepEqual([...old.take(), ...answersIn(peer.take())], []);
  assert.equal(peer.connection.session!.window.maxCmdSN, maxCmdSN + 2);
  const data = exchangeGood(peer, read10(0, 8), { read: 8 * BLOCK });
  assert(data.subarray(BLOCK).every((byte) => byte === 0));
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("connection reinstatement keeps what only the leading login may negotiate", () => {
  using rig = new Rig();
  const old = rig.login(1, { MaxBurstLength: "8192", InitialR2T: "No" });
  const text = `${NAMES}MaxBurstLength=4096\0InitialR2T=Yes\0MaxRecvDataSegmentLength=4096\0`;
  const { peer, response } = reinstate(rig, old, { text });
  const answers = decodeText(response.data);
  assert.equal(valueOf(answers, "MaxBurstLength"), "Reject");
  assert.equal(valueOf(answers, "InitialR2T"), "Reject");
  const { maxBurstLength, initialR2T, maxRecvDataSegmentLength } = peer.connection.session!
    .parameters;
  assert.deepEqual([maxBurstLength, initialR2T, maxRecvDataSegmentLength], [8192, false, 4096]);
});

Deno.test("connection reinstatement finds a session that is there at its end, or none", () => {
  using rig = new Rig();
  const old = rig.login(1);
  const { peer } = reinstate(rig, old, { flags: inStage(1) });
  assert.deepEqual([old.connection.isClosed, peer.connection.session], [false, undefined]);
  const { tsih } = old.connection.session!;
  old.connection.close();
  const response = requestLogin(peer, { flags: inStage(1, 3), tsih, cmdSn: old.cmdSn });
  assert.equal(response.u16(Field.statusClass), 0x020a);
  assert.equal(response.u16(Field.tsih), tsih, "the TSIH of the request comes back (11.13.3)");
});

Deno.test("another CID is refused, and the session lives on", () => {
  using rig = new Rig();
  const old = rig.login(1);
  const { response } = reinstate(rig, old, { cid: 5 });
  assert.equal(response.u16(Field.statusClass), 0x0206);
  assert.equal(old.run({ cdb: testUnitReady() }).u8(Field.status), 0);
});

Deno.test("a reinstated connection may be reinstated, and the session be reinstated after it", () => {
  using rig = new Rig({ attributes: { maxSessions: 1 } });
  const first = rig.login(1);
  const { peer: second } = reinstate(rig, first);
  const { peer: third } = reinstate(rig, second);
  assert.equal(third.run({ cdb: testUnitReady() }).u8(Field.status), 0);
  const fourth = rig.connect();
  assert.equal(fourth.login(1).u16(Field.statusClass), 0);
  assert.deepEqual([second.connection.isClosed, third.connection.isClosed], [true, true]);
  const attention = fourth.run({ cdb: testUnitReady() });
  assert.deepEqual([...attention.data.subarray(2 + 12, 2 + 14)], [0x29, 0x07], "I_T nexus loss");
});

/** Logs in to LOCKED_TARGET as a user; with a TSIH in the place of another connection. */
function loginAs(rig: Rig, user: ChapUser, tsih = 0): { peer: Peer; response: Pdu } {
  const peer = rig.connect();
  const names = `InitiatorName=${PEER_NAME}\0TargetName=${LOCKED_TARGET}\0`;
  requestLogin(peer, { text: `${names}AuthMethod=CHAP\0`, flags: inStage(0), tsih });
  const challenge = requestLogin(peer, { text: "CHAP_A=5\0", flags: inStage(0), tsih });
  const keys = responseKeys(readTerms(decodeText(challenge.data)), { user });
  const response = requestLogin(peer, { text: encodeText(keys), flags: inStage(0, 3), tsih });
  return { peer, response };
}

Deno.test("a connection is reinstated by the user of its session only", () => {
  using rig = new Rig({ users: ONE_WAY });
  const { peer: old } = loginAs(rig, JOE);
  const { tsih } = old.connection.session!;
  assert.equal(loginAs(rig, ANN, tsih).response.u16(Field.statusClass), 0x020a);
  assert.equal(old.connection.state, "LOGGED_IN");
  const { peer, response } = loginAs(rig, JOE, tsih);
  assert.equal(response.u16(Field.statusClass), 0);
  assert.deepEqual([peer.connection.state, old.connection.state], ["LOGGED_IN", "FREE"]);
});

Deno.test("a discovery session has its connection reinstated as well", () => {
  using rig = new Rig();
  const old = rig.connect();
  old.login(1, { SessionType: "Discovery" });
  const text = "InitiatorName=iqn.2026-11.org.scst.test:peer\0SessionType=Discovery\0";
  const { peer, response } = reinstate(rig, old, { text });
  assert.equal(response.opcode, Opcode.LoginResponse);
  assert.equal(response.u16(Field.statusClass), 0);
  assert.deepEqual([peer.connection.state, old.connection.state], ["LOGGED_IN", "FREE"]);
});

Deno.test("a session with another connection has the LUNs of the portal that this one has reached", () => {
  using rig = new RegroupRig();
  const groups = { g: [`${PEER_NAME}#10.0.0.2`, "1=b"] } as const;
  rig.set("0=a 1=b", { groups, attributes: { perPortalAcl: true } });
  const old = rig.login(1);
  assert.deepEqual(reportedLuns(old), [0, 1]);
  const { session } = old.connection;
  const local = { hostname: "10.0.0.2", port: 3260 };
  const peer = rig.a.connect({ local });
  const { tsih } = session!;
  const fields = { text: NAMES, flags: inStage(1, 3), tsih, cmdSn: old.cmdSn };
  // One answer, the Login Response: nothing is said of the LUNs ahead of it, or without its digests.
  assert.equal(requestLogin(peer, fields).u16(Field.statusClass), 0);
  peer.cmdSn = old.cmdSn;
  assert.equal(old.take().length, 0);
  const { initiator, group, connections } = viewOfSession(session!);
  assert.deepEqual(
    [initiator, group, connections[0]!.targetIp],
    [`${PEER_NAME}#10.0.0.2`, "g", local.hostname],
  );
  assert.deepEqual(reportedLuns(peer), [1]);
});

Deno.test("a session with another connection takes what the target has declared to that one", () => {
  using rig = new RegroupRig();
  const old = rig.login(1);
  rig.set("0=a 1=b", { attributes: { maxRecvDataSegmentLength: 4096 } });
  const { session } = old.connection;
  assert.equal(session!.dataMost, 1048576);
  const peer = rig.a.connect();
  const { tsih } = session!;
  const fields = { text: NAMES, flags: inStage(1, 3), tsih, cmdSn: old.cmdSn };
  const response = requestLogin(peer, fields);
  assert.equal(valueOf(decodeText(response.data), "MaxRecvDataSegmentLength"), "4096");
  assert.equal(session!.dataMost, 4096);
});

Deno.test("who administers is told of the new addresses of a session with another connection", () => {
  const told: string[] = [];
  const node = new Node(() => {}, (session) => {
    told.push(session.isEnded ? "ended" : `${session.connection.remote.port}`);
  });
  const local = { hostname: "127.0.0.1", port: 3260 };
  const from = (port: number) => new Peer(node, { remote: { ...local, port }, local });
  const text = `InitiatorName=${PEER_NAME}\0SessionType=Discovery\0`;
  const flags = inStage(1, 3);
  const first = requestLogin(from(40001), { text, flags });
  const second = from(40002);
  requestLogin(second, { text, flags, tsih: first.u16(Field.tsih) });
  second.connection.close();
  assert.deepEqual(told, ["40001", "40002", "ended"]);
});
