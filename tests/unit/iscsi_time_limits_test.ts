/** How long a target waits for data, and for a sign of life. */
import assert from "node:assert/strict";
import { type TargetAttributes } from "../../lib/scst/model.ts";
import { type Peer } from "../harness/rig.ts";
import { Field, FINAL, Opcode, Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";
import { rigWith } from "../harness/access_rig.ts";

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
