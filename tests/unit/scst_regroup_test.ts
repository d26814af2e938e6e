/** LUNs, groups and attributes of a target that change while sessions go on (SCST-INTERFACE.md 6.4). */
import assert from "node:assert/strict";
import { exchange, exchangeGood, exchangeSense, reserveOut } from "../harness/exchange.ts";
import { eventsIn, type Grouping, RegroupRig, reportedLuns } from "../harness/regroup_rig.ts";
import type { Peer } from "../harness/rig.ts";
import { inquiry, preventRemoval, requestSense, testUnitReady } from "../initiator/cdb.ts";
import { parseKeys, prIn, PrOut } from "../initiator/reservations.ts";
import { parseSense, senseText } from "../initiator/sense.ts";

const RESERVE_6 = Uint8Array.of(0x16, 0, 0, 0, 0, 0);
const CONFLICT = 0x18;

/** The unit attention conditions that LUNs report, one after the other, as `LUN sense`. */
function attentions(peer: Peer, luns: readonly number[]): string[] {
  return luns.flatMap((lun) => {
    const found: string[] = [];
    for (let tries = 0; tries < 4; tries++) {
      const { sense } = exchange(peer, testUnitReady(), { lun });
      if (sense === undefined) break;
      found.push(`${lun} ${senseText(sense)}`);
      if (sense.key !== 6) break;
    }
    return found;
  });
}

interface Case {
  readonly what: string;
  readonly luns: string;
  readonly grouping?: Grouping;
  readonly reported: readonly number[];
  readonly events: readonly string[];
  readonly attentions: readonly string[];
}

/** From `0=a 1=b`; LUNs 0 to 2 are asked for what they report. */
const CASES: readonly Case[] = [
  { what: "nothing", luns: "0=a 1=b", reported: [0, 1], events: [], attentions: ["2 05/25/00"] },
  {
    what: "a LUN is added: once per session",
    luns: "0=a 1=b 2=a",
    reported: [0, 1, 2],
    events: ["0 06/3F/0E"],
    attentions: ["0 06/3F/0E", "2 06/29/00"],
  },
  {
    what: "a LUN is removed",
    luns: "0=a",
    reported: [0],
    events: ["0 06/3F/0E"],
    attentions: ["0 06/3F/0E", "1 05/25/00", "2 05/25/00"],
  },
  {
    what: "another device is behind a LUN",
    luns: "0=a 1=a",
    reported: [0, 1],
    events: ["1 06/3F/03"],
    attentions: ["1 06/3F/03", "2 05/25/00"],
  },
  {
    what: "another device is behind a LUN, which is a secret",
    luns: "0=a 1=a",
    grouping: { quiet: true },
    reported: [0, 1],
    events: [],
    attentions: ["2 05/25/00"],
  },
  {
    what: "a LUN can only be read from now on",
    luns: "0=a/ro 1=b",
    reported: [0, 1],
    events: ["0 06/3F/03"],
    attentions: ["0 06/3F/03", "2 05/25/00"],
  },
  {
    what: "a group gets the initiator: what is the same stays",
    luns: "",
    grouping: { groups: { g: ["*:peer", "0=a 1=a 2=b"] } },
    reported: [0, 1, 2],
    events: ["1 06/3F/03", "0 06/3F/0E"],
    attentions: ["0 06/3F/0E", "1 06/3F/03", "2 06/29/00"],
  },
  {
    what: "a group of the same LUNs gets the initiator",
    luns: "",
    grouping: { groups: { g: ["*:peer", "1=b 0=a"] } },
    reported: [0, 1],
    events: [],
    attentions: ["2 05/25/00"],
  },
  {
    what: "all LUNs are removed: nobody is logged out",
    luns: "",
    reported: [],
    events: ["0 06/3F/0E"],
    attentions: ["0 05/25/00", "1 05/25/00", "2 05/25/00"],
  },
  {
    what: "LUNs are written otherwise",
    luns: "0=a 1=b",
    grouping: { attributes: { addrMethod: "FLAT" } },
    reported: [0, 1],
    events: ["0 06/3F/0E"],
    attentions: ["0 06/3F/0E", "2 05/25/00"],
  },
  {
    what: "initiators are not to be told by messages",
    luns: "0=a 1=a 2=b",
    grouping: { attributes: { aenDisabled: true } },
    reported: [0, 1, 2],
    events: [],
    attentions: ["0 06/3F/0E", "1 06/3F/03", "2 06/29/00"],
  },
];

for (const { what, luns, grouping, reported, events, attentions: wanted } of CASES) {
  Deno.test(`regroup() tells of what has changed, and of nothing else: ${what}`, () => {
    using rig = new RegroupRig();
    const [peer, other] = [rig.login(1), rig.login(2)];
    rig.set(luns, grouping);
    for (const one of [peer, other]) assert.deepEqual(eventsIn(one.take()), events);
    assert.deepEqual(attentions(peer, [0, 1, 2]), wanted);
    assert.deepEqual(reportedLuns(other), reported);
    const left = wanted.filter((text) => !text.includes("3F/0E"));
    assert.deepEqual(attentions(other, [0, 1, 2]), left, "REPORT LUNS has told of the LUNs");
    rig.set(luns, grouping);
    assert.deepEqual(eventsIn(peer.take()), [], "the same once more is no change");
  });
}

Deno.test("regroup() says nothing again of LUNs of which the initiator has not heard yet", () => {
  using rig = new RegroupRig();
  const peer = rig.login(1);
  rig.set("0=a 1=b 2=a");
  rig.set("0=a 1=b 2=a 3=b");
  assert.deepEqual(eventsIn(peer.take()), ["0 06/3F/0E"]);
  const data = exchangeGood(peer, requestSense(252), { read: 252, lun: 1 });
  assert.equal(senseText(parseSense(data)), "06/3F/0E", "REQUEST SENSE tells it for all LUNs");
  assert.deepEqual(attentions(peer, [0, 1, 2, 3]), ["2 06/29/00", "3 06/29/00"]);
  rig.set("0=a");
  assert.deepEqual(eventsIn(peer.take()), ["0 06/3F/0E"], "and of the next change again");
});

Deno.test("regroup() leaves a unit that is the same with its conditions and reservations", () => {
  using rig = new RegroupRig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  exchangeGood(peer, RESERVE_6);
  const [unit] = rig.a.device.users;
  unit!.addAttention(0x062a01);
  rig.set("3=b", { groups: { g: ["*", "0=a 2=b"] } });
  assert([...rig.a.device.users].includes(unit!));
  assert.equal(exchange(other, testUnitReady()).status, CONFLICT);
  assert.deepEqual(attentions(peer, [0]), ["0 06/2A/01", "0 06/3F/0E"]);
});

Deno.test("A LUN that is taken away loses RESERVE and PREVENT; registrations stay", () => {
  using rig = new RegroupRig({ removable: true });
  const [peer, other] = [rig.login(1), rig.login(2)];
  reserveOut(peer, PrOut.REGISTER, { actionKey: 7n });
  exchangeGood(peer, preventRemoval(1));
  exchangeGood(peer, RESERVE_6, { lun: 1 });
  assert.equal(exchange(other, testUnitReady(), { lun: 1 }).status, CONFLICT);
  assert.equal(rig.a.disk.tray.isLocked, true);
  const ports = () => [rig.a.device.ports.size, rig.b.device.ports.size];
  rig.set("5=b");
  assert.deepEqual([rig.a.disk.tray.isLocked, ports()], [false, [0, 1]]);
  rig.set("0=a 1=b");
  assert.deepEqual(ports(), [1, 1]);
  for (const one of [peer, other]) attentions(one, [0, 1]);
  exchangeGood(other, testUnitReady(), { lun: 1 });
  const keys = parseKeys(exchangeGood(other, prIn(0, 64), { read: 64 }));
  assert.deepEqual(keys.keys, [7n]);
});

Deno.test("RESERVE stays with a nexus that has the device as another LUN as well", () => {
  using rig = new RegroupRig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  exchangeGood(peer, RESERVE_6);
  rig.set("0=a 1=b 2=a");
  rig.set("1=b 2=a");
  attentions(other, [1]);
  assert.equal(exchange(other, testUnitReady(), { lun: 2 }).sense?.asc, 0x29);
  assert.equal(exchange(other, testUnitReady(), { lun: 2 }).status, CONFLICT);
  rig.set("1=b");
  rig.set("1=b 2=a");
  assert.equal(rig.a.device.reservations.reservedBy, undefined);
});

Deno.test("What is behind a LUN that was taken away is nothing, as INQUIRY says", () => {
  using rig = new RegroupRig();
  const peer = rig.login(1);
  rig.set("0=a");
  assert.equal(exchangeGood(peer, inquiry(36), { read: 36, lun: 1 })[0], 0x7f);
  exchangeSense(peer, RESERVE_6, "05/25/00", { lun: 1 });
});

Deno.test("A set without LUNs lets nobody in, and keeps who is there", () => {
  using rig = new RegroupRig();
  const peer = rig.login(1);
  rig.set("", { groups: { g: ["*:none", "0=a"] } });
  assert.equal(rig.a.connect().login(2).u16(36), 0x0203);
  assert.deepEqual([...rig.node.sessions].length, 1);
  assert.deepEqual(reportedLuns(peer), []);
  rig.set("0=a");
  assert.deepEqual(reportedLuns(peer), [0]);
});

Deno.test("Groups are matched with the name of the login, whatever per_portal_acl says later", () => {
  using rig = new RegroupRig();
  const plain = rig.login(1);
  const groups = { portal: ["*#127.0.0.1", "0=b"], plain: ["*:peer", "0=a"] } as const;
  rig.set("", { groups, attributes: { perPortalAcl: true } });
  const ported = rig.a.connect();
  ported.login(2);
  rig.set("", { groups });
  const names = [...rig.node.sessions].map(({ nameForGroups, group }) => [nameForGroups, group]);
  const name = "iqn.2026-11.org.scst.test:peer";
  assert.deepEqual(names, [[name, "plain"], [`${name}#127.0.0.1`, "portal"]]);
  assert.deepEqual([plain, ported].map(reportedLuns), [[0], [0]]);
  assert.match(
    rig.a.log.join("\n"),
    /info sees the LUNs of another group, or of none, now: .* rule=ini_groups\/plain\/initiators\/\S+ /,
  );
});

Deno.test("A reservation in the unit of a group outlives the group when the LUN does", () => {
  using rig = new RegroupRig();
  rig.set("", { groups: { g: ["*", "0=a 1=b"] } });
  const [peer, other] = [rig.login(1), rig.login(2)];
  exchangeGood(peer, RESERVE_6);
  rig.set("0=a 1=b");
  assert.equal(exchange(other, testUnitReady()).status, CONFLICT);
  peer.connection.close();
  exchangeGood(other, testUnitReady());
  assert.equal(rig.a.device.reservations.reservedBy, undefined);
});

Deno.test("QueuedCommands counts for sessions that are there; MaxCmdSN never goes back", () => {
  using rig = new RegroupRig();
  const peer = rig.login(1);
  const [session] = rig.node.sessions;
  const free = () => (session!.window.maxCmdSN - session!.window.expCmdSN | 0) + 1;
  assert.equal(free(), 32);
  const size = (queuedCommands: number) => rig.set("0=a 1=b", { attributes: { queuedCommands } });
  size(40);
  assert.equal(free(), 40);
  size(38);
  const before = session!.window.maxCmdSN;
  assert.deepEqual([free(), session!.window.maxCmdSN], [40, before]);
  exchangeGood(peer, testUnitReady());
  assert.deepEqual([free(), session!.window.maxCmdSN], [39, before]);
  size(39);
  assert.deepEqual([free(), session!.window.maxCmdSN], [39, before], "what was owed is forgiven");
  exchangeGood(peer, testUnitReady());
  assert.deepEqual([free(), session!.window.maxCmdSN], [39, before + 1]);
  size(1);
  for (let count = 0; count < 60; count++) exchangeGood(peer, testUnitReady());
  assert.equal(free(), 1);
});

Deno.test("Attributes of sessions hold for the next login; what was declared stays", () => {
  using rig = new RegroupRig();
  rig.login(1);
  rig.set("0=a 1=b", { attributes: { maxRecvDataSegmentLength: 1024, nopInInterval: 5 } });
  const response = rig.a.connect().login(2);
  assert.match(new TextDecoder().decode(response.data), /MaxRecvDataSegmentLength=1024/);
  const seen = [...rig.node.sessions].map((
    { dataMost, attributes },
  ) => [dataMost, attributes.nopInInterval]);
  assert.deepEqual(seen, [[1048576, 5], [1024, 5]]);
});

Deno.test("A login that is under way when its target is removed is refused", () => {
  using rig = new RegroupRig();
  const target = rig.node.findTarget("IQN.2026-11.org.scst.test:RIG");
  assert(target !== undefined, "names are compared in lower case");
  rig.node.removeTarget(target);
  assert.deepEqual([rig.a.device.ports.size, rig.b.device.ports.size], [0, 0]);
  assert.equal(rig.a.connect().login(1).u16(36), 0x0203);
});
