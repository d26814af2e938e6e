/** The negotiation within the attributes of a target, and what it offers by itself. */
import assert from "node:assert/strict";
import { Field, FINAL, IMMEDIATE, Opcode, Pdu } from "../initiator/pdu.ts";
import { NAMES, request, rigWith, statusOf, STAY, textOf, TRANSIT } from "../harness/access_rig.ts";

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
