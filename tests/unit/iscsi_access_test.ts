/** Access control as an initiator meets it: refused logins, groups, LUNs, limits, and the log. */
import assert from "node:assert/strict";
import { LoginStatus } from "../../lib/iscsi/login_status.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { TARGET_DEFAULTS, type TargetAttributes } from "../../lib/scst/model.ts";
import { CONTENT, exampleOf } from "../harness/example.ts";
import { copyCdb } from "../harness/copy_list.ts";
import { CopyRig, listOf } from "../harness/copy_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { inStage, requestLogin } from "../harness/login_peer.ts";
import { RegroupRig } from "../harness/regroup_rig.ts";
import { type Peer, Rig, TARGET } from "../harness/rig.ts";
import { Field, FINAL, IMMEDIATE, Opcode, Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const HOST = "iqn.2026-11.org.scst.test:peer";

/** A rig whose target has other attributes. */
function rigWith(attributes: Partial<TargetAttributes>): Rig {
  const rig = new Rig({ targets: [] });
  rig.node.addTarget(TARGET, { ...TARGET_DEFAULTS, ...attributes }).luns.add(0, rig.device);
  return rig;
}

function statusOf(response: Pdu): string {
  return response.u16(Field.statusClass).toString(16).padStart(4, "0");
}

function textOf(response: Pdu): string[] {
  return new TextDecoder().decode(response.data).split("\0").slice(0, -1);
}

/** The first two bytes of the LUN fields that REPORT LUNS tells; the others are zero. */
function reported(peer: Peer): string[] {
  const cdb = Uint8Array.of(0xa0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0);
  const data = exchangeGood(peer, cdb, { read: 1024 });
  const luns = new Array(data.length / 8 - 1).fill(0);
  return luns.map((_, index) => toHex(data.subarray(8 * (index + 1), 8 * (index + 1) + 2)));
}

Deno.test("a refused login names its status, rule, initiator, target, portal and ISID in one line", () => {
  using rig = rigWith({ allowedPortals: ["10.*"] });
  const ends = {
    remote: { hostname: "fd00::9", port: 40001 },
    local: { hostname: "fd00::1", port: 3260 },
  };
  const peer = rig.connect(ends);
  assert.equal(statusOf(peer.login(1)), "0203");
  assert(peer.connection.isFinishing);
  assert.deepEqual(rig.log, [
    "warning login refused with INITIATOR_ERROR/NOT_FOUND (0203): allowed_portal: " +
    `portal fd00::1 does not match '10.*': initiator=${HOST} target=${TARGET} ` +
    "peer=[fd00::9]:40001 portal=[fd00::1]:3260 isid=000000000001",
  ]);
  const { log } = rig;
  rig.connect().login(1, { TargetName: "no such\nerror target" });
  assert.match(log.at(-1)!, /: there is no such target: initiator=\S+ target="no such\\nerror/);
});

Deno.test("a login, a logout and a lost connection name rule, portal and ISID", () => {
  using rig = new Rig({ targets: [] });
  const target = rig.node.addTarget(TARGET);
  target.addGroup("hosts", ["iqn.*"], "PERIPHERAL").add(0, rig.device);
  const peer = rig.connect();
  peer.login(0x1234);
  const who = `initiator=${HOST} peer=127.0.0.1:40000 target=${TARGET} ` +
    "portal=127.0.0.1:3260 rule=ini_groups/hosts/initiators/iqn.* isid=000000001234";
  peer.connection.lost("closed by the peer");
  const again = rig.connect();
  again.login(0x1234);
  const logout = new Pdu()
    .put8(Field.opcode, Opcode.LogoutRequest | IMMEDIATE)
    .put8(Field.flags, FINAL)
    .put32(Field.cmdSn, again.cmdSn);
  again.send(logout);
  assert.deepEqual(rig.log, [
    `info login: ${who}`,
    `info connection lost: closed by the peer: ${who}`,
    `info login: ${who}`,
    `info logout of the session: ${who}`,
  ]);
});

Deno.test("a login that is refused for its header, or given up, names the ISID as well", () => {
  using rig = rigWith({});
  const send = (peer: Peer, isid: number, flags: number, text = NAMES) => {
    request(peer, isid, flags, text);
    return rig.log.at(-1);
  };
  const where = "peer=127.0.0.1:40000 portal=127.0.0.1:3260 isid=";
  assert.equal(
    send(rig.connect(), 0x12, 2 << 2),
    "warning login refused with INITIATOR_ERROR (0200): a stage out of its order: " +
      `IN_RESERVED (a request with CSG 2) in the state START: ${where}000000000012`,
  );
  assert.match(send(rig.connect(), 0x13, STAY, "no text")!, / isid=000000000013$/);
  const peer = rig.connect();
  send(peer, 0x14, STAY);
  peer.connection.lost("closed by the peer");
  assert.equal(
    rig.log.at(-1),
    `info login given up: closed by the peer: initiator=${HOST} target=${TARGET} ${where}000000000014`,
  );
  const { length } = rig.log;
  peer.connection.lost("closed by the peer");
  rig.connect().connection.lost("closed by the peer");
  assert.equal(rig.log.length, length, "who has said nothing has given nothing up");
});

Deno.test("nobody logs in under a name that its session could not have in the tree", () => {
  using rig = new Rig();
  const long = `iqn.2026-11.org.example:${"x".repeat(223)}`;
  for (
    const InitiatorName of ["..", ".", "/", "iqn.a:b/c", "../../etc", long, long.slice(0, 224)]
  ) {
    assert.equal(statusOf(rig.connect().login(1, { InitiatorName })), "0200", InitiatorName);
    assert.match(rig.log.at(-1)!, /an InitiatorName that is none: it must have 1 to 223 /);
  }
  for (const InitiatorName of ["...", "iqn.a:b_c", "a", long.slice(0, 223)]) {
    assert.equal(statusOf(rig.connect().login(1, { InitiatorName })), "0000", InitiatorName);
  }
});

Deno.test("a redirected login is told where to go, without a portal group tag", () => {
  const portal = { hostname: "fd00::2", port: 3261 };
  for (const permanent of [false, true]) {
    using rig = rigWith({ redirect: { portal, permanent } });
    const peer = rig.connect();
    const response = peer.login(1);
    assert.equal(statusOf(response), permanent ? "0102" : "0101");
    assert.deepEqual(textOf(response), ["TargetAddress=[fd00::2]:3261"]);
    assert(peer.connection.isFinishing);
    assert.match(rig.log[0]!, /^info login refused with REDIRECTION\/TARGET_MOVED_/);
    assert.equal(statusOf(rig.connect({ local: portal }).login(1)), "0000");
  }
});

Deno.test("MaxSessions counts sessions of the target, but not the one that is taken over", () => {
  using rig = rigWith({ maxSessions: 2 });
  rig.node.addTarget(`${TARGET}2`).luns.add(0, rig.device);
  const first = rig.login(1);
  rig.login(2);
  const refused = rig.connect();
  assert.equal(statusOf(refused.login(3)), "0302");
  assert.match(rig.log.at(-1)!, /MaxSessions: 2 sessions are there, 2 allowed/);
  assert.equal(statusOf(rig.connect().login(1)), "0000", "the session is taken over");
  assert(first.connection.isClosed);
  assert.equal(statusOf(rig.connect().login(3, { SessionType: "Discovery" })), "0000");
  assert.equal(statusOf(rig.connect().login(3, { TargetName: `${TARGET}2` })), "0000");
});

const NAMES = `InitiatorName=${HOST}\0TargetName=${TARGET}\0`;
const STAY = 1 << 2;
const TRANSIT = FINAL | 1 << 2 | 3;

/** The answer to a Login Request in the operational stage. */
function request(peer: Peer, isid: number, flags: number, text: string): Pdu {
  const [response, ...more] = peer.send(
    new Pdu(undefined, new TextEncoder().encode(text))
      .put8(Field.opcode, Opcode.LoginRequest | IMMEDIATE)
      .put8(Field.flags, flags)
      .put32(Field.isid + 2, isid),
  );
  assert.equal(more.length, 0);
  return response!;
}

/** The first of two requests of a login; the second one ends it. */
function beginLogin(peer: Peer, isid: number): () => Pdu {
  assert.equal(statusOf(request(peer, isid, STAY, NAMES)), "0000");
  return () => request(peer, isid, TRANSIT, "");
}

Deno.test("of two logins for the last place the one that is first done has it", () => {
  using rig = rigWith({ maxSessions: 1 });
  const endSlow = beginLogin(rig.connect(), 1);
  assert.equal(statusOf(beginLogin(rig.connect(), 2)()), "0000");
  assert.equal(statusOf(endSlow()), "0302");
  assert.equal([...rig.node.sessions].length, 1);
});

Deno.test("an initiator sees the LUNs of its group, and they know who sees them", () => {
  using rig = new Rig({ targets: [] });
  const target = rig.node.addTarget(TARGET);
  target.luns.add(0, rig.device);
  const group = target.addGroup("g", ["*:one"], "PERIPHERAL");
  for (const lun of [7, 3]) group.add(lun, rig.device);
  const one = rig.connect();
  assert.equal(statusOf(one.login(1, { InitiatorName: "iqn.2026-11.org.scst.test:ONE" })), "0000");
  const other = rig.connect();
  other.login(2);
  assert.deepEqual(reported(one), ["0003", "0007"]);
  assert.deepEqual(reported(other), ["0000"]);
  exchangeSense(one, new Uint8Array(6), "05/25/00", {}, "LUN 0 is not in the group");
  assert.deepEqual([group.nexuses.size, target.luns.nexuses.size, target.nexuses.size], [1, 1, 2]);
  one.connection.close();
  assert.deepEqual([group.nexuses.size, target.luns.nexuses.size, target.nexuses.size], [0, 1, 1]);
});

Deno.test("REPORT LUNS addresses LUNs by the method of the set, and each is taken back", () => {
  const cases = [["PERIPHERAL", "00", "41"], ["FLAT", "40", "41"], ["LUN", "80", "81"]] as const;
  for (const [method, below, above] of cases) {
    using rig = new Rig({ targets: [] });
    const set = rig.node.addTarget(TARGET).addGroup("g", ["*"], method);
    for (const lun of [0, 5, 256]) set.add(lun, rig.device);
    const peer = rig.connect();
    peer.login(1);
    const luns = reported(peer);
    assert.deepEqual(luns, ["0000", `${below}05`, `${above}00`]);
    for (const lun of luns) {
      const inquiry = peer.command({ cdb: Uint8Array.of(0x12, 0, 0, 0, 36, 0) })
        .putBytes(Field.lun, hexBytes(lun));
      const [answer] = peer.send(inquiry);
      assert.equal(answer!.u8(Field.status), 0, `${method} ${lun}`);
    }
  }
});

/** A rig whose LUN 0 is the disk, and LUN 1 the same one to be read only. */
function readOnlyRig(): Rig {
  const rig = new Rig({ size: CONTENT.length });
  Deno.writeFileSync(rig.path, CONTENT);
  rig.node.findTarget(TARGET)!.luns.add(1, rig.device, true);
  return rig;
}

Deno.test("a read-only LUN answers 07/27/00 to every row that changes the medium", () => {
  using rig = readOnlyRig();
  const peer = rig.login(1);
  exchange(peer, new Uint8Array(6), { lun: 1 });
  for (const row of OPERATION_TABLE.rows.filter(({ changesMedium }) => changesMedium === true)) {
    const { cdb, transfer } = exampleOf(row);
    exchangeSense(peer, cdb, "07/27/00", { ...transfer, lun: 1 }, row.name);
  }
  assert.deepEqual(Deno.readFileSync(rig.path), CONTENT);
  const write = new Uint8Array(512).fill(1);
  exchangeGood(peer, Uint8Array.of(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), { write });
});

Deno.test("MODE SENSE says WP of a read-only LUN, and not of the same disk elsewhere", () => {
  using rig = readOnlyRig();
  const peer = rig.login(1);
  exchange(peer, new Uint8Array(6), { lun: 1 });
  const short = Uint8Array.of(0x1a, 8, 0x3f, 0, 255, 0);
  const long = Uint8Array.of(0x5a, 8, 0x3f, 0, 0, 0, 0, 0, 255, 0);
  for (const [lun, wp] of [[0, 0], [1, 0x80]] as const) {
    assert.equal(exchangeGood(peer, short, { lun, read: 255 })[2]! & 0x80, wp);
    assert.equal(exchangeGood(peer, long, { lun, read: 255 })[3]! & 0x80, wp);
  }
});

Deno.test("EXTENDED COPY writes to no disk that the initiator can only read", () => {
  for (const readOnly of [true, false]) {
    using rig = new CopyRig({ together: false });
    rig.source.node.findTarget(TARGET)!.luns.add(1, rig.destination.device, readOnly);
    const peer = rig.login(1);
    const write = listOf([{ from: 0, to: 1, blocks: 8 }]);
    const { status } = exchange(peer, copyCdb(0x83, 0, write.length), { write });
    assert.equal(status, readOnly ? 0x02 : 0);
    assert.equal(rig.copied.some((byte) => byte !== 0), !readOnly);
  }
});

Deno.test("the negotiation stays within the attributes of the target", () => {
  using rig = rigWith({
    initialR2T: true,
    immediateData: false,
    maxRecvDataSegmentLength: 4096,
    maxBurstLength: 8192,
    firstBurstLength: 1024,
    maxOutstandingR2T: 3,
    queuedCommands: 5,
    alias: "the \u{1f4be} of all",
  });
  const peer = rig.connect();
  const response = peer.login(1, {
    InitialR2T: "No",
    ImmediateData: "Yes",
    MaxRecvDataSegmentLength: "262144",
    MaxBurstLength: "1048576",
    FirstBurstLength: "65536",
    MaxOutstandingR2T: "32",
  });
  assert.deepEqual(
    new Set(textOf(response)),
    new Set([
      "TargetAlias=the \u{1f4be} of all",
      "TargetPortalGroupTag=1",
      "InitialR2T=Yes",
      "ImmediateData=No",
      "MaxBurstLength=8192",
      "FirstBurstLength=1024",
      "MaxOutstandingR2T=3",
      "MaxRecvDataSegmentLength=4096",
    ]),
  );
  assert.equal(response.u32(Field.maxCmdSn) - response.u32(Field.expCmdSn) + 1, 5);
  const [session] = rig.node.sessions;
  assert.equal(session!.window.maxCmdSN - session!.window.expCmdSN + 1, 5);
  assert.equal(session!.parameters.maxOutstandingR2T, 3);
});

/** What a target wants that is less than what holds where nobody says anything. */
const LESS = { immediateData: false, maxBurstLength: 8192, firstBurstLength: 1024 };
const OFFERS = ["ImmediateData=No", "MaxBurstLength=8192", "FirstBurstLength=1024"];

Deno.test("a target offers what an initiator says nothing of, and holds to the answers", () => {
  using rig = rigWith(LESS);
  const peer = rig.connect();
  const asked = request(peer, 1, TRANSIT, NAMES);
  assert.equal(asked.flags, STAY);
  const declared = ["TargetPortalGroupTag=1", "MaxRecvDataSegmentLength=1048576"];
  assert.deepEqual(textOf(asked), [...declared, ...OFFERS]);
  const answers = "ImmediateData=No\0MaxBurstLength=4096\0FirstBurstLength=1024\0";
  const ended = request(peer, 1, TRANSIT, answers);
  assert.deepEqual([ended.flags, statusOf(ended), textOf(ended)], [TRANSIT, "0000", []]);
  const [session] = rig.node.sessions;
  const { immediateData, maxBurstLength, firstBurstLength } = session!.parameters;
  assert.deepEqual([immediateData, maxBurstLength, firstBurstLength], [false, 4096, 1024]);
});

Deno.test("a target offers only what the initiator has not, and nothing in discovery", () => {
  using rig = rigWith(LESS);
  const peer = rig.connect();
  const response = request(peer, 1, TRANSIT, `${NAMES}MaxBurstLength=512\0ImmediateData=Yes\0`);
  assert.deepEqual(textOf(response).slice(1), [
    "MaxBurstLength=512",
    "ImmediateData=No",
    "MaxRecvDataSegmentLength=1048576",
    "FirstBurstLength=1024",
  ]);
  const discovery = rig.connect();
  assert.equal(discovery.login(1, { SessionType: "Discovery" }).flags, TRANSIT);
});

Deno.test("a target that gets no answer to its offer refuses the login", () => {
  using rig = rigWith(LESS);
  const peer = rig.connect();
  request(peer, 1, TRANSIT, NAMES);
  const refused = request(peer, 1, TRANSIT, "ImmediateData=No\0MaxBurstLength=8192\0");
  assert.equal(statusOf(refused), "0200");
  assert.match(rig.log.at(-1)!, /no answer to an offer of the target: FirstBurstLength/);
});

Deno.test("MaxRecvDataSegmentLength of the target is what it takes", () => {
  using rig = rigWith({ maxRecvDataSegmentLength: 4096 });
  const ping = (length: number) =>
    new Pdu(undefined, new Uint8Array(length))
      .put8(Field.opcode, Opcode.NopOut | IMMEDIATE)
      .put8(Field.flags, FINAL)
      .put32(Field.cmdSn, 1);
  const peer = rig.login(1);
  assert.equal(peer.send(ping(4096))[0]!.opcode, Opcode.NopIn);
  assert.equal(peer.send(ping(4100))[0]!.opcode, Opcode.Reject);
  assert(peer.connection.isFinishing);
});

Deno.test("MaxXmitDataSegmentLength bounds what the target sends, whatever is declared", () => {
  for (const keys of [{}, { MaxRecvDataSegmentLength: "65536" }]) {
    using rig = rigWith({ maxXmitDataSegmentLength: 1024 });
    const peer = rig.login(1, keys);
    const read = peer.command({
      cdb: Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0),
      flags: FINAL | 0x40 | 1,
      expectedLength: 4096,
    });
    assert.deepEqual(peer.send(read).map(({ data }) => data.length), [1024, 1024, 1024, 1024]);
  }
});

/** A write of 8 blocks that waits for its data. */
function beginWrite(peer: Peer): Pdu {
  const [r2t] = peer.send(peer.command({
    cdb: Uint8Array.of(0x2a, 0, 0, 0, 0, 0, 0, 0, 8, 0),
    flags: FINAL | WRITE | 1,
    expectedLength: 4096,
  }));
  assert.equal(r2t!.opcode, Opcode.R2T);
  return r2t!;
}

/** Ticks of a second each, in which the initiator answers pings. */
function pass(peer: Peer, from: number, seconds: number): void {
  for (let second = 0; second < seconds && !peer.connection.isClosed; second++) {
    peer.connection.tick((from + second) * 1000);
    peer.take();
    if (second % 10 === 0) peer.connection.noteProgress();
  }
}

Deno.test("RspTimeout ends the connection of an initiator that sends no data for an R2T", () => {
  using rig = rigWith({ rspTimeout: 20 });
  const peer = rig.login(1);
  pass(peer, 100, 60);
  beginWrite(peer);
  pass(peer, 160, 20);
  assert(!peer.connection.isClosed);
  pass(peer, 180, 2);
  assert(peer.connection.isClosed);
  assert.match(
    rig.log.at(-1)!,
    /^warning connection dropped: no data within RspTimeout: 20 s for lun=0 itt=0x\d+: initiator=/,
  );
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("RspTimeout begins anew with every piece of data, and with every command", () => {
  using rig = rigWith({ rspTimeout: 20 });
  const peer = rig.login(1);
  let now = 100;
  // The second command has the object of the first one, which had no data when it was looked at.
  for (const pieces of [1, 4, 1]) {
    const r2t = beginWrite(peer);
    const length = 4096 / pieces;
    for (let piece = 0; piece < pieces; piece++) {
      pass(peer, now, 15);
      now += 15;
      assert(!peer.connection.isClosed);
      const data = new Pdu(undefined, new Uint8Array(length))
        .put8(Field.opcode, Opcode.DataOut)
        .put8(Field.flags, piece === pieces - 1 ? FINAL : 0)
        .put32(Field.itt, r2t.itt)
        .put32(Field.ttt, r2t.u32(Field.ttt))
        .put32(Field.dataSn, piece)
        .put32(Field.bufferOffset, length * piece);
      assert.equal(peer.send(data).length, piece === pieces - 1 ? 1 : 0);
    }
    pass(peer, now, 60);
    now += 60;
    assert(!peer.connection.isClosed);
  }
});

Deno.test("NopInInterval and NopInTimeout are those of the target; 0 never asks", () => {
  const silent = (attributes: Partial<TargetAttributes>) => {
    using rig = rigWith(attributes);
    const { connection } = rig.login(1);
    const heard: string[] = [];
    for (let second = 100; second < 400; second++) {
      connection.tick(second * 1000);
      if (connection.isClosed) return [...heard, `closed ${second - 100}`];
      if (connection.output.length > 0) heard.push(`asked ${second - 100}`);
      connection.output.takeBytes();
    }
    return heard;
  };
  assert.deepEqual(silent({ nopInInterval: 5, nopInTimeout: 3 }), ["asked 5", "closed 8"]);
  assert.deepEqual(silent({}), ["asked 30", "closed 60"]);
  assert.deepEqual(silent({ nopInInterval: 0 }), []);
});

Deno.test("a login to a target that is removed or replaced meanwhile is refused at its end", () => {
  for (const isReplaced of [false, true]) {
    using rig = new RegroupRig();
    const peer = rig.a.connect();
    const begun = requestLogin(peer, { text: NAMES, flags: inStage(1) });
    assert.equal(begun.u16(Field.statusClass), LoginStatus.SUCCESS);
    rig.node.removeTarget(rig.node.findTarget(TARGET)!);
    if (isReplaced) rig.set("0=a 1=b");
    const refused = requestLogin(peer, { flags: inStage(1, 3) });
    assert.equal(refused.u16(Field.statusClass), LoginStatus.NOT_FOUND);
    assert.match(rig.a.log.at(-1)!, /there is no such target: the target is gone/);
    assert.deepEqual([...rig.node.sessions], []);
  }
});

Deno.test("a login ends with what its target wanted when it began", () => {
  using rig = new RegroupRig();
  const peer = rig.a.connect();
  requestLogin(peer, { text: NAMES, flags: inStage(1) });
  rig.set("0=a 1=b", { attributes: { maxRecvDataSegmentLength: 4096, maxBurstLength: 8192 } });
  const last = requestLogin(peer, { text: "MaxBurstLength=65536\0", flags: inStage(1, 3) });
  assert.equal(last.u16(Field.statusClass), LoginStatus.SUCCESS);
  const { dataMost, parameters } = peer.connection.session!;
  assert.deepEqual([dataMost, parameters.maxBurstLength], [1048576, 65536]);
});
