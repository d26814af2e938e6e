/** ORWRITE (SBC-4 5.8). */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { orWrite16 } from "../initiator/cdb.ts";

const SIZE = 2 ** 20;

Deno.test("orWrite() ORs what comes into the blocks and leaves those beside them", () => {
  using rig = new Rig();
  const model = patternBytes(SIZE, 1);
  Deno.writeFileSync(rig.path, model);
  const peer = rig.login(1);
  for (const [seed, [lba, blocks]] of [[0, 1], [10, 300], [2047, 1], [0, 2048]].entries()) {
    const write = patternBytes(blocks! * 512, seed);
    exchangeGood(peer, orWrite16(lba!, blocks!, seed % 2 * 0x08), { write });
    write.forEach((byte, at) => model[lba! * 512 + at]! |= byte);
    assertSameBytes(Deno.readFileSync(rig.path), model, `${blocks} blocks at ${lba}`);
  }
});

Deno.test("orWrite() goes as far as the initiator has data, in whole blocks", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const { residual } = exchange(peer, orWrite16(0, 4), { write: new Uint8Array(1500).fill(0xff) });
  assert.equal(residual, 2048 - 1500);
  const content = Deno.readFileSync(rig.path);
  assert(content.subarray(0, 1024).every((byte) => byte === 0xff));
  assert(content.subarray(1024).every((byte) => byte === 0));
});

Deno.test("orWrite() writes nothing when it cannot read", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.READ, Errno.EIO);
  const write = new Uint8Array(512).fill(1);
  assert.equal(exchangeSense(peer, orWrite16(7, 1), "03/11/00", { write }).information, 7);
  assert(Deno.readFileSync(rig.path).every((byte) => byte === 0));
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});
