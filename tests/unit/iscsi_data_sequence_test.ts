/** Writes whose data comes out of order fail at the end of what was announced (RFC 7143 7.9, 7.8). */
import assert from "node:assert/strict";
import { type Peer, Rig } from "../harness/rig.ts";
import { testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, NO_TAG, Opcode, type Pdu } from "../initiator/pdu.ts";
import { dataOut, type DataOutFields, taskManagement, WRITE } from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const BLOCK = 512;
const SIMPLE = 1;
const BLOCKS = 4;

/** A write of four blocks in two bursts of two, whose R2Ts are both out. */
function begin(peer: Peer): Pdu[] {
  const fields = { cdb: write10(0, BLOCKS), expectedLength: BLOCKS * BLOCK };
  const r2ts = peer.send(peer.command({ ...fields, flags: FINAL | WRITE | SIMPLE }));
  assert.deepEqual(r2ts.map(({ opcode }) => opcode), [Opcode.R2T, Opcode.R2T]);
  return r2ts;
}

function piece(r2t: Pdu, index: number, change: Partial<DataOutFields> = {}): Pdu {
  return dataOut({
    itt: r2t.itt,
    ttt: r2t.u32(Field.ttt),
    expStatSn: 0,
    offset: r2t.u32(Field.bufferOffset) + index * BLOCK,
    dataSn: index,
    final: index === 1,
    data: new Uint8Array(BLOCK).fill(1),
    ...change,
  });
}

function mustFail(answers: readonly Pdu[], itt: number): void {
  assert.deepEqual(answers.map(({ opcode }) => opcode), [Opcode.ScsiResponse]);
  assert.deepEqual([answers[0]!.itt, answers[0]!.u8(Field.status)], [itt, 2]);
  assert.equal(senseText(parseResponseSense(answers[0]!.data)), "0B/47/05");
}

const KEYS = { ImmediateData: "No", MaxBurstLength: "1024", MaxOutstandingR2T: "2" };

const FAULTS: Readonly<Record<string, Partial<DataOutFields>>> = {
  "a DataSN too high": { dataSn: 7 },
  "an offset elsewhere": { offset: BLOCK },
  "data beyond the burst": { data: new Uint8Array(3 * BLOCK) },
};

for (const [fault, change] of Object.entries(FAULTS)) {
  Deno.test(`${fault}: the write fails when both sequences have come, and writes nothing`, () => {
    using rig = new Rig();
    const peer = rig.login(1, KEYS);
    const [one, two] = begin(peer);
    assert.deepEqual(peer.send(piece(one!, 0, change)), []);
    assert.deepEqual(peer.send(piece(one!, 1)), []);
    assert.deepEqual(peer.send(piece(two!, 0)), []);
    mustFail(peer.send(piece(two!, 1)), one!.itt);
    assert.equal(peer.run({ cdb: testUnitReady() }).u8(Field.status), 0);
    assert(Deno.readFileSync(rig.path).subarray(0, BLOCKS * BLOCK).every((byte) => byte === 0));
    peer.connection.close();
    assert.equal(rig.node.memory.lent, 0);
  });
}

Deno.test("a sequence that ends too early counts as come", () => {
  using rig = new Rig();
  const peer = rig.login(1, KEYS);
  const [one, two] = begin(peer);
  assert.deepEqual(peer.send(piece(one!, 0, { final: true })), []);
  assert.deepEqual(peer.send(piece(two!, 0)), []);
  mustFail(peer.send(piece(two!, 1)), one!.itt);
});

Deno.test("ABORT TASK and the end of the connection need not wait for the rest", () => {
  using rig = new Rig();
  const peer = rig.login(1, KEYS);
  const [one] = begin(peer);
  assert.deepEqual(peer.send(piece(one!, 0, { dataSn: 7 })), []);
  const abort = { itt: peer.tag(), cmdSn: peer.cmdSn, expStatSn: 0, immediate: true, function: 1 };
  const [answer, ...more] = peer.send(taskManagement({ ...abort, referencedTag: one!.itt }));
  assert.deepEqual([answer!.opcode, answer!.u8(Field.response)], [0x22, 0]);
  assert.deepEqual([more.length, peer.connection.session!.tasks.size], [0, 0]);
  const [next] = begin(peer);
  assert.deepEqual(peer.send(piece(next!, 0, { dataSn: 7 })), []);
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("an initiator that does not send the rest is dropped (RspTimeout)", () => {
  using rig = new Rig({ attributes: { rspTimeout: 10 } });
  const peer = rig.login(1, KEYS);
  const [one] = begin(peer);
  assert.deepEqual(peer.send(piece(one!, 0, { dataSn: 7 })), []);
  for (let second = 1; second <= 15; second++) {
    peer.connection.tick(second * 1000);
    peer.connection.noteProgress();
  }
  assert(peer.connection.isClosed);
  assert.match(rig.log.at(-1)!, /no data within RspTimeout: 10 s for lun=0/);
});

Deno.test("data of no sequence fails the write at once", () => {
  using rig = new Rig();
  const peer = rig.login(1, KEYS);
  const [one] = begin(peer);
  mustFail(peer.send(piece(one!, 0, { ttt: NO_TAG })), one!.itt);
  assert.deepEqual(peer.send(piece(one!, 0)), [], "what still comes is dropped");
});
