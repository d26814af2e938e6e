/** Requests that are rejected for their data digest leave a gap (RFC 7143 7.3, 7.8), which has to be filled. */
import assert from "node:assert/strict";
import { mustBeDigestReject, withBadData } from "../harness/bad_digest.ts";
import { BOTH, DATA_ONLY } from "../harness/digest_modes.ts";
import { BLOCK, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16, testUnitReady, write16 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode } from "../initiator/pdu.ts";
import {
  nopOut,
  READ,
  scsiCommand,
  TaskFunction,
  taskManagement,
  textRequest,
  WRITE,
} from "../initiator/requests.ts";

const SIMPLE = 1;
const BLOCKS = 2;
const DATA = patternBytes(BLOCKS * BLOCK, 2);
const WRITE_DATA = {
  cdb: write16(0, BLOCKS),
  flags: FINAL | WRITE | SIMPLE,
  expectedLength: DATA.length,
  data: DATA,
};

Deno.test("a rejected request is missing until it comes again, and what follows waits for it", () => {
  using rig = new Rig();
  for (const mode of [DATA_ONLY, BOTH]) {
    const peer = rig.login(1, mode.keys);
    const write = peer.command(WRITE_DATA);
    const cmdSn = write.u32(Field.cmdSn);
    const [reject, ...more] = peer.feed(withBadData(peer, write));
    assert.equal(more.length, 0);
    mustBeDigestReject(reject, write);
    assert.equal(reject!.u32(Field.expCmdSn), cmdSn, "not received");
    const flags = FINAL | READ | SIMPLE;
    const read = peer.command({ cdb: read16(0, BLOCKS), flags, expectedLength: DATA.length });
    assert.equal(peer.send(read).length, 0, "waits for its turn");
    const answers = peer.send(write);
    assert.deepEqual(answers.map((pdu) => pdu.itt), [write.itt, read.itt]);
    assert.equal(answers[0]!.u8(Field.status), 0);
    assertSameBytes(answers[1]!.data, DATA);
    assert.equal(answers[1]!.u32(Field.expCmdSn), cmdSn + 2);
    peer.connection.tick(1);
    peer.connection.tick(20_000);
    assert(!peer.connection.isClosed);
    peer.connection.close();
  }
});

Deno.test("ABORT TASK fills the gap that a rejected request has left", () => {
  using rig = new Rig();
  const peer = rig.login(1, BOTH.keys);
  const write = peer.command(WRITE_DATA);
  peer.feed(withBadData(peer, write));
  assert.equal(peer.send(peer.command({ cdb: testUnitReady() })).length, 0);
  const answers = peer.send(taskManagement({
    itt: peer.tag(),
    cmdSn: peer.cmdSn,
    expStatSn: 0,
    immediate: true,
    function: TaskFunction.AbortTask,
    referencedTag: write.itt,
    refCmdSn: write.u32(Field.cmdSn),
  }));
  const { TaskManagementResponse, ScsiResponse } = Opcode;
  assert.deepEqual(answers.map((pdu) => pdu.opcode), [TaskManagementResponse, ScsiResponse]);
  assert.equal(answers[0]!.u8(Field.response), 0);
  peer.connection.tick(1);
  peer.connection.tick(20_000);
  assert(!peer.connection.isClosed);
});

Deno.test("a rejected request that stays missing ends the connection after some seconds", () => {
  using rig = new Rig();
  const peer = rig.login(1, BOTH.keys);
  peer.feed(withBadData(peer, peer.command(WRITE_DATA)));
  for (const now of [1000, 2000, 2999]) peer.connection.tick(now);
  assert(!peer.connection.isClosed);
  peer.connection.tick(3000);
  assert(peer.connection.isClosed);
  assert.match(rig.log.at(-1)!, /^warning connection dropped: a request .* did not come again: /);
});

Deno.test("an immediate request that is rejected leaves no gap", () => {
  using rig = new Rig();
  const peer = rig.login(1, BOTH.keys);
  const numbers = { itt: peer.tag(), cmdSn: peer.cmdSn, expStatSn: 0, immediate: true };
  const ping = nopOut({ ...numbers, data: DATA.subarray(0, 6) });
  const [reject] = peer.feed(withBadData(peer, ping));
  mustBeDigestReject(reject, ping);
  assert.equal(peer.run({ cdb: testUnitReady() }).u8(Field.status), 0);
  for (const now of [1000, 7000, 14_000]) peer.connection.tick(now);
  assert(!peer.connection.isClosed);
});

Deno.test("requests of every kind are rejected for their data digest and may come again", () => {
  using rig = new Rig();
  for (const mode of [DATA_ONLY, BOTH]) {
    const peer = rig.login(1, mode.keys);
    const numbers = () => ({ itt: peer.tag(), cmdSn: peer.cmdSn++, expStatSn: 0 });
    const text = new TextEncoder().encode("SendTargets=\0");
    const requests = [
      nopOut({ ...numbers(), data: DATA.subarray(0, 7) }),
      textRequest({ ...numbers(), text }),
      scsiCommand({ ...numbers(), ...WRITE_DATA }),
    ];
    for (const request of requests) {
      const [reject] = peer.feed(withBadData(peer, request), 50);
      mustBeDigestReject(reject, request);
      const [answer] = peer.send(request);
      assert.equal(answer!.itt, request.itt);
      assert.equal(answer!.opcode, request.opcode + 0x20);
    }
    peer.connection.close();
  }
});
