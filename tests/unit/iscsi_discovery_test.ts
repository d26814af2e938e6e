/** SendTargets: what an initiator is told, and that a long answer costs little memory. */
import assert from "node:assert/strict";
import type { Caller } from "../../lib/iscsi/admission.ts";
import { sendTargets } from "../../lib/iscsi/discovery.ts";
import type { ListeningPortal } from "../../lib/iscsi/portal_address.ts";
import { TextSource } from "../../lib/iscsi/text_source.ts";
import { TARGET_DEFAULTS, type TargetAttributes } from "../../lib/scst/model.ts";
import { type Ends, type Peer, Rig } from "../harness/rig.ts";
import { Field, FINAL, NO_TAG, Opcode, Pdu } from "../initiator/pdu.ts";

const CONTINUE = 0x40;
const NAME = "iqn.2026-11.org.scst.test:t";

function portal(hostname: string, takesIPv4 = false, port = 3260): ListeningPortal {
  return { hostname, port, takesIPv4 };
}

const local = (hostname: string) => ({ local: { hostname, port: 3260 } });

/** A rig with `targets` of one LUN each. */
function rigWith(targets: readonly Partial<TargetAttributes>[], portals: ListeningPortal[]): Rig {
  const rig = new Rig({ targets: [] });
  rig.node.portals.push(...portals);
  for (const [index, attributes] of targets.entries()) {
    const all = { ...TARGET_DEFAULTS, ...attributes };
    rig.node.addTarget(`${NAME}${index}`, all).luns.add(0, rig.device);
  }
  return rig;
}

function discover(rig: Rig, ends: Partial<Ends>, keys: Record<string, string> = {}): Peer {
  const peer = rig.connect(ends);
  const response = peer.login(1, { SessionType: "Discovery", ...keys });
  assert.equal(response.u16(Field.statusClass), 0);
  return peer;
}

function ask(peer: Peer, text: string, ttt = NO_TAG): Pdu {
  const pdu = new Pdu(undefined, new TextEncoder().encode(text))
    .put8(Field.opcode, Opcode.TextRequest | 0x40)
    .put8(Field.flags, FINAL)
    .put32(Field.itt, 77)
    .put32(Field.ttt, ttt)
    .put32(Field.cmdSn, peer.cmdSn);
  const [answer, ...more] = peer.send(pdu);
  assert.equal(more.length, 0);
  return answer!;
}

/** A SendTargets answer of one PDU: the addresses of each target, by the end of its name. */
function told(peer: Peer, value = "All"): Record<string, string[]> {
  const answer = ask(peer, `SendTargets=${value}\0`);
  assert.equal(answer.opcode, Opcode.TextResponse);
  assert.equal(answer.flags, FINAL);
  const found: Record<string, string[]> = {};
  let addresses: string[] = [];
  for (const pair of new TextDecoder().decode(answer.data).split("\0").slice(0, -1)) {
    const [key, text = ""] = pair.split("=");
    if (key === "TargetName") found[text.replace(NAME, "")] = addresses = [];
    else if (key === "TargetAddress") addresses.push(text);
    else assert.fail(pair);
  }
  return found;
}

Deno.test("SendTargets tells the address that was reached first, and no address twice", () => {
  const portals = [portal("10.0.0.2"), portal("10.0.0.1"), portal("10.0.0.1", false, 3261)];
  using rig = rigWith([{}], portals);
  assert.deepEqual(told(discover(rig, local("10.0.0.1"))), {
    0: ["10.0.0.1:3260,1", "10.0.0.2:3260,1", "10.0.0.1:3261,1"],
  });
});

Deno.test("SendTargets tells a portal for all addresses by the one that was reached", () => {
  const cases: [ListeningPortal[], string, string[]][] = [
    [[portal("0.0.0.0")], "10.0.0.1", ["10.0.0.1:3260,1"]],
    [[portal("::", true)], "10.0.0.1", ["10.0.0.1:3260,1"]],
    [[portal("::", true)], "fd00::1", ["[fd00::1]:3260,1"]],
    // The second port is for whoever can come by that family.
    [[portal("10.0.0.1"), portal("::", true, 3261)], "10.0.0.1", [
      "10.0.0.1:3260,1",
      "10.0.0.1:3261,1",
    ]],
    [[portal("10.0.0.1"), portal("::", false, 3261)], "10.0.0.1", ["10.0.0.1:3260,1"]],
    [[portal("fd00::1"), portal("0.0.0.0", false, 3261)], "fd00::1", ["[fd00::1]:3260,1"]],
    [[portal("fd00::1"), portal("::", false, 3261)], "fd00::1", [
      "[fd00::1]:3260,1",
      "[fd00::1]:3261,1",
    ]],
  ];
  for (const [portals, hostname, addresses] of cases) {
    using rig = rigWith([{}], portals);
    assert.deepEqual(told(discover(rig, local(hostname))), { 0: addresses });
  }
});

Deno.test("SendTargets tells no address that the initiator cannot get to", () => {
  const portals = [portal("10.0.0.1"), portal("127.0.0.1"), portal("fd00::1"), portal("::1")];
  using rig = rigWith([{}], portals);
  const at = (hostname: string) => told(discover(rig, local(hostname)))[0];
  assert.deepEqual(at("10.0.0.1"), ["10.0.0.1:3260,1"]);
  assert.deepEqual(at("fd00::1"), ["[fd00::1]:3260,1"]);
  assert.deepEqual(at("127.0.0.1"), ["127.0.0.1:3260,1", "10.0.0.1:3260,1"]);
  assert.deepEqual(at("::1"), ["[::1]:3260,1", "[fd00::1]:3260,1"]);
});

Deno.test("SendTargets tells each target with the portals where it may be reached", () => {
  const portals = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((hostname) => portal(hostname));
  using rig = rigWith([
    {},
    { allowedPortals: ["*.1", "*.2"] },
    { allowedPortals: ["!*.1"] },
    { enabled: false },
  ], portals);
  rig.node.addTarget(`${NAME}empty`);
  assert.deepEqual(told(discover(rig, local("10.0.0.1"))), {
    0: ["10.0.0.1:3260,1", "10.0.0.2:3260,1", "10.0.0.3:3260,1"],
    1: ["10.0.0.1:3260,1", "10.0.0.2:3260,1"],
  });
  assert.deepEqual(told(discover(rig, local("10.0.0.3"))), {
    0: ["10.0.0.3:3260,1", "10.0.0.1:3260,1", "10.0.0.2:3260,1"],
    2: ["10.0.0.3:3260,1", "10.0.0.2:3260,1"],
  });
});

Deno.test("SendTargets tells each initiator what its group may see, portal by portal", () => {
  using rig = rigWith([], [portal("10.0.0.1"), portal("10.0.0.2")]);
  const target = rig.node.addTarget(`${NAME}acl`, { ...TARGET_DEFAULTS, perPortalAcl: true });
  target.addGroup("g", ["*:one#*", "*:two#10.0.0.1"], "PERIPHERAL").add(0, rig.device);
  const by = (initiator: string, hostname: string) =>
    told(discover(rig, local(hostname), { InitiatorName: `iqn.2026-11.org:${initiator}` }));
  assert.deepEqual(by("one", "10.0.0.2"), { acl: ["10.0.0.2:3260,1", "10.0.0.1:3260,1"] });
  assert.deepEqual(by("two", "10.0.0.1"), { acl: ["10.0.0.1:3260,1"] });
  assert.deepEqual(by("two", "10.0.0.2"), {});
  assert.deepEqual(by("three", "10.0.0.1"), {});
});

Deno.test("SendTargets=NAME tells one target, in a normal session none but its own", () => {
  using rig = rigWith([{}, {}, { enabled: false }], [portal("10.0.0.1")]);
  const discovery = discover(rig, local("10.0.0.1"));
  assert.deepEqual(Object.keys(told(discovery, `${NAME}1`)), ["1"]);
  assert.deepEqual(Object.keys(told(discovery, `${NAME}1`.toUpperCase())), ["1"]);
  assert.deepEqual(told(discovery, `${NAME}2`), {});
  assert.deepEqual(told(discovery, `${NAME}9`), {});
  assert.equal(
    new TextDecoder().decode(ask(discovery, "SendTargets=\0").data),
    "SendTargets=Reject\0",
  );

  const normal = rig.connect(local("10.0.0.1"));
  assert.equal(normal.login(1, { TargetName: `${NAME}0` }).u16(Field.statusClass), 0);
  assert.deepEqual(Object.keys(told(normal, "")), ["0"]);
  assert.deepEqual(Object.keys(told(normal, `${NAME}0`)), ["0"]);
  assert.deepEqual(told(normal, `${NAME}1`), {});
  assert.equal(
    new TextDecoder().decode(ask(normal, "SendTargets=All\0").data),
    "SendTargets=Reject\0",
  );
});

Deno.test("SendTargets of 10 000 targets comes in parts that are made as they are asked for", () => {
  const count = 10_000;
  using rig = rigWith(Array.from({ length: count }, () => ({})), [portal("10.0.0.1")]);
  const peers = Array.from(
    { length: 50 },
    () => discover(rig, local("10.0.0.1"), { MaxRecvDataSegmentLength: "16777215" }),
  );
  const first = peers.map((peer) => ask(peer, "SendTargets=All\0"));
  // A whole answer has some 700 KB; what a connection holds of it is less than one record.
  for (const answer of first) assert(answer.data.length <= 65536 && answer.flags === CONTINUE);

  const [peer] = peers;
  let answer = first[0]!;
  let text = "";
  let parts = 0;
  for (; answer.flags === CONTINUE; parts++) {
    text += new TextDecoder().decode(answer.data);
    assert.notEqual(answer.u32(Field.ttt), NO_TAG);
    answer = ask(peer!, "", answer.u32(Field.ttt));
  }
  text += new TextDecoder().decode(answer.data);
  assert.deepEqual([answer.flags, answer.u32(Field.ttt)], [FINAL, NO_TAG]);
  assert(parts >= 10, `${parts} parts`);
  const expected = Array.from(
    { length: count },
    (_, index) => `TargetName=${NAME}${index}\0TargetAddress=10.0.0.1:3260,1\0`,
  ).join("");
  assert(text === expected, "every target once, in the order in which they were added");
});

Deno.test("SendTargets looks at no target before there is room for it in a PDU", () => {
  using rig = rigWith(Array.from({ length: 10_000 }, () => ({})), [portal("10.0.0.1")]);
  let looks = 0;
  const caller: Caller = {
    portal: { hostname: "10.0.0.1", port: 3260 },
    get initiator() {
      looks++;
      return "iqn.2026-11.org.scst.test:peer";
    },
  };
  const source = new TextSource(sendTargets(rig.node, caller, "All", undefined)!);
  assert.equal(looks, 0);
  assert.equal(source.take(8192).length, 8192);
  assert(looks > 100 && looks < 1000, `${looks} looks`);
  assert(!source.isEmpty);
});
