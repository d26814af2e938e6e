/** Logins as an initiator meets them: refused, redirected, limited, ended meanwhile, and in the log. */
import assert from "node:assert/strict";
import { LoginStatus } from "../../lib/iscsi/login_status.ts";
import { inStage, requestLogin } from "../harness/login_peer.ts";
import { RegroupRig } from "../harness/regroup_rig.ts";
import { type Peer, Rig, TARGET } from "../harness/rig.ts";
import { Field, FINAL, IMMEDIATE, Opcode, Pdu } from "../initiator/pdu.ts";
import {
  HOST,
  NAMES,
  request,
  rigWith,
  statusOf,
  STAY,
  textOf,
  TRANSIT,
} from "../harness/access_rig.ts";

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
