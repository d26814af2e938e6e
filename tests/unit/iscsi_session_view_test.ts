/** What sessions say of themselves to those who administer. */
import assert from "node:assert/strict";
import { sidOf, viewOfSession } from "../../lib/iscsi/session_view.ts";
import { exchange, exchangeGood } from "../harness/exchange.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { RegroupRig } from "../harness/regroup_rig.ts";
import { BLOCK, TARGET } from "../harness/rig.ts";
import { openWrite } from "../harness/under_way.ts";
import { inquiry, read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { READ, WRITE } from "../initiator/requests.ts";

const ZERO = { count: 0, bytes: 0, unaligned: 0 };

Deno.test("viewOfSession() tells who it is, what was agreed on and what is under way", () => {
  using rig = new RegroupRig();
  rig.set("0=a 1=b", {
    groups: { g: ["*:peer#127.*", "7=b 0=a"] },
    attributes: { perPortalAcl: true },
  });
  const peer = rig.a.connect();
  peer.login(0x123456, {
    InitialR2T: "No",
    ImmediateData: "No",
    MaxBurstLength: "4096",
    FirstBurstLength: "2048",
    MaxRecvDataSegmentLength: "65536",
    MaxOutstandingR2T: "3",
  });
  for (const lun of [0, 7]) exchange(peer, testUnitReady(), { lun });
  openWrite(peer, 0, markedBlocks(1, 0, 1));
  rig.b.store.hanging = true;
  peer.send(peer.command({
    lun: 7,
    cdb: read10(0, 1),
    flags: FINAL | READ | 1,
    expectedLength: BLOCK,
  }));
  const [session] = rig.node.sessions;
  const { counters: _counters, ...state } = viewOfSession(session!);
  assert.deepEqual(state, {
    sid: "1563412000000",
    target: TARGET,
    initiator: "iqn.2026-11.org.scst.test:peer#127.0.0.1",
    group: "g",
    user: undefined,
    parameters: {
      initialR2T: false,
      immediateData: false,
      maxBurstLength: 4096,
      firstBurstLength: 2048,
      maxOutstandingR2T: 3,
      maxRecvDataSegmentLength: 1048576,
      maxXmitDataSegmentLength: 65536,
      headerDigest: false,
      dataDigest: false,
    },
    commands: 2,
    activeCommands: 1,
    connections: [{
      cid: 0,
      initiatorIp: "127.0.0.1",
      initiatorPort: 40000,
      targetIp: "127.0.0.1",
      targetPort: 3260,
      state: "established",
    }],
    luns: [{ lun: 0, activeCommands: 0 }, { lun: 7, activeCommands: 1 }],
  });
  assert.deepEqual(structuredClone(state), state, "it can be posted");
  rig.b.store.hanging = false;
  rig.b.store.release();
});

Deno.test("The session identifier is SCST's: ISID from the lowest byte on, then the TSIH", () => {
  using rig = new RegroupRig();
  rig.login(1);
  rig.login(0xabcdef01);
  const sids = [...rig.node.sessions].map((session) => sidOf(session));
  assert.deepEqual(sids, ["1010000000000", "201efcdab0000"]);
});

Deno.test("Commands are counted by where their data goes, until somebody resets that", () => {
  using rig = new RegroupRig();
  const peer = rig.login(1);
  const [session] = rig.node.sessions;
  const { counters } = session!;
  counters.reset("none");
  exchangeGood(peer, testUnitReady());
  exchangeGood(peer, write10(0, 8), { write: new Uint8Array(4096) });
  exchangeGood(peer, write10(1, 8), { write: new Uint8Array(4096) });
  exchangeGood(peer, write10(8, 1), { write: new Uint8Array(BLOCK) });
  exchangeGood(peer, read10(16, 8), { read: 4096 });
  exchangeGood(peer, inquiry(36), { read: 36 });
  exchange(peer, Uint8Array.of(0xff, 0, 0, 0, 0, 0));
  peer.send(peer.command({
    cdb: write10(0, 1),
    flags: FINAL | READ | WRITE | 1,
    expectedLength: BLOCK,
    data: new Uint8Array(BLOCK),
  }));
  const seen = () => structuredClone(viewOfSession(session!).counters);
  assert.deepEqual(seen(), {
    none: { ...ZERO, count: 1 },
    read: { count: 2, bytes: 4132, unaligned: 1 },
    write: { count: 3, bytes: 8704, unaligned: 2 },
    bidi: { count: 1, bytes: BLOCK, unaligned: 1 },
    unknown: { ...ZERO, count: 1 },
  });
  counters.reset("write");
  assert.deepEqual([seen().write, seen().read.count], [ZERO, 2]);
});
