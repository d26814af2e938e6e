/** PRE-FETCH (SBC-4 5.9, 5.10): what its two good statuses say. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchange, exchangeSense } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { prefetch10, prefetch16 } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";

const IMMED = 0x02;
const MIB = 2 ** 20;
const GOOD = 0;
const CONDITION_MET = 4;

Deno.test("prefetch() has room for 8 MiB: CONDITION MET; beyond, GOOD", () => {
  using rig = new Rig({ size: 16 * MIB });
  const peer = rig.login(1);
  for (const prefetch of [prefetch10, prefetch16]) {
    for (const flags of [0, IMMED]) {
      const status = (lba: number, blocks: number) =>
        exchange(peer, prefetch(lba, blocks, flags)).status;
      assert.equal(status(0, 1), CONDITION_MET);
      assert.equal(status(7, 16384), CONDITION_MET);
      assert.equal(status(7, 16385), GOOD);
      assert.equal(status(0, 0), GOOD, "all of the medium");
      assert.equal(status(16384, 0), CONDITION_MET, "its second half");
      assert.equal(status(32767, 0), CONDITION_MET, "its last block");
      exchangeSense(peer, prefetch(32768, 0, flags), "05/21/00");
      exchangeSense(peer, prefetch(32767, 2, flags), "05/21/00");
    }
  }
});

Deno.test("prefetch() reads the blocks before its status, and behind it with IMMED", () => {
  using rig = new Rig({ size: 4 * MIB });
  const peer = rig.login(1);
  for (const flags of [0, IMMED]) {
    rig.store.hanging = true;
    const cdb = prefetch16(100, 4000, flags);
    const answers = peer.send(peer.command({ cdb, flags: FINAL | 1 }));
    assert.equal(answers.length, flags === IMMED ? 1 : 0);
    const read: number[] = [];
    while (rig.store.held.length > 0) {
      const { operation, offset, length } = rig.store.held[0]!;
      assert.equal(operation, IoOperation.READ);
      read.push(offset, length);
      rig.store.release(1);
    }
    assert.deepEqual(read, [51200, MIB, 51200 + MIB, 2048000 - MIB]);
    assert.equal(answers.length + peer.take().length, 1);
    rig.store.hanging = false;
  }
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("prefetch() has the sense of a read that failed", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.READ, Errno.EIO);
  assert.equal(exchangeSense(peer, prefetch10(9, 1), "03/11/00").information, 9);
  assert.equal(exchange(peer, prefetch10(9, 1, IMMED)).status, CONDITION_MET);
});
