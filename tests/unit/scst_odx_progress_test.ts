/** Copies by token that take their time: behind their status, aborted, reset, on failing stores. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { CopyRig, manage } from "../harness/copy_rig.ts";
import { exchangeSense } from "../harness/exchange.ts";
import type { Peer } from "../harness/rig.ts";
import {
  informationOf,
  tokenFor,
  writeBlock,
  writeRefused,
  writeToken,
} from "../harness/rod_exchange.ts";
import { rodCdb, writeTokenList } from "../harness/rod_list.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const CHUNK = 2 ** 20;
const IMMED = 1;
const ABORT_TASK = 1;
const LOGICAL_UNIT_RESET = 5;

/** Two disks of four chunks, and a token for all of the source. */
function bigRig(): { rig: CopyRig; peer: Peer; token: Uint8Array } {
  const rig = new CopyRig({ source: { size: 4 * CHUNK }, destination: { size: 4 * CHUNK } });
  const peer = rig.login(1);
  return { rig, peer, token: tokenFor(peer, [[0, 8192]]) };
}

/** Starts a WRITE USING TOKEN of everything whose first write hangs. */
function stuck(
  rig: CopyRig,
  peer: Peer,
  token: Uint8Array,
  flags = 0,
): { command: Pdu; answers: Pdu[] } {
  rig.destination.store.hanging = true;
  const write = writeTokenList(token, [[0, 8192]], { flags });
  const command = peer.command({
    lun: 1,
    cdb: rodCdb(0x11, write.length, 8),
    flags: FINAL | WRITE | 1,
    expectedLength: write.length,
    data: write,
  });
  const answers = peer.send(command);
  assert.equal(rig.destination.store.held.length, 1);
  return { command, answers };
}

function release(rig: CopyRig): void {
  rig.destination.store.hanging = false;
  rig.destination.store.release();
}

Deno.test("writeUsingToken() goes on behind its status with IMMED, as long as its session", () => {
  for (const closes of [false, true]) {
    const { rig, peer, token } = bigRig();
    using _ = rig;
    const { answers } = stuck(rig, peer, token, IMMED);
    assert.deepEqual(answers.map((pdu) => pdu.u8(Field.status)), [0]);
    assert.deepEqual([informationOf(peer, 8, 1).status], [0x12]);
    if (closes) peer.connection.close();
    release(rig);
    if (closes) {
      assert(rig.copied.subarray(CHUNK).every((byte) => byte === 0));
    } else {
      assert.deepEqual(rig.copied, rig.content);
      assert.deepEqual([informationOf(peer, 8, 1).status], [1]);
    }
    assert.equal(rig.lent, 0);
  }
});

Deno.test("writeUsingToken() tells its progress, can be aborted, and ends with a reset", () => {
  for (const ends of ["abort", "reset of the source", "change of the source"] as const) {
    const { rig, peer, token } = bigRig();
    using _ = rig;
    const other = rig.login(2);
    const { command, answers } = stuck(rig, peer, token);
    assert.deepEqual(answers, []);
    rig.destination.store.release(1);
    const { status, blocks } = informationOf(peer, 8, 1);
    assert.deepEqual([status, blocks], [0x11, 2048]);
    const again = writeToken(token, [[0, 1]]);
    exchangeSense(peer, again.cdb, "05/00/16", again.transfer);
    if (ends === "abort") peer.send(manage(peer, ABORT_TASK, { task: command.itt, lun: 1 }));
    else if (ends === "reset of the source") other.send(manage(other, LOGICAL_UNIT_RESET, {}));
    else writeBlock(other, 0, 8000);
    release(rig);
    const ended = peer.take();
    assert.equal(ended.length, ends === "abort" ? 0 : 1, ends);
    if (ends !== "abort") assert.equal(ended[0]!.u8(Field.status), 2);
    assert(rig.copied.subarray(2 * CHUNK).every((byte) => byte === 0), ends);
    const after = informationOf(peer, 8, 1);
    assert.equal(after.status, ends === "abort" ? 0x60 : 2, ends);
    assert.equal(after.blocks, 2 * 2048);
    assert.equal(after.sense[2]! & 0xf, { abort: 0xb, reset: 0xa, change: 5 }[ends.split(" ")[0]!]);
    assert.equal(rig.lent, 0);
  }
});

Deno.test("writeUsingToken() ends when a store fails, and says so", () => {
  const { rig, peer, token } = bigRig();
  using _ = rig;
  rig.destination.store.failures.set(IoOperation.WRITE, Errno.EIO);
  writeRefused(peer, "0A/0D/01", token, [[0, 8]]);
  assert.equal(informationOf(peer, 8, 1).status, 2);
});
