/** Wrong digests (RFC 7143 7.8): what becomes of the PDU, the task and the connection; never a byte written. */
import assert from "node:assert/strict";
import { damaged, mustBeDigestReject, withBadData } from "../harness/bad_digest.ts";
import { BOTH, DATA_ONLY, HEADER_ONLY } from "../harness/digest_modes.ts";
import { exchangeGood, exchangeManagement } from "../harness/exchange.ts";
import { BLOCK, type Peer, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16, testUnitReady, write16 } from "../initiator/cdb.ts";
import { BHS_LENGTH, Field, FINAL, NO_TAG, Opcode, type Pdu } from "../initiator/pdu.ts";
import { dataOut, nopOut, TaskFunction, taskManagement, WRITE } from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const SIMPLE = 1;
const CRC_ERROR = "0B/47/05"; // PROTOCOL SERVICE CRC ERROR
const BLOCKS = 2;
const LENGTH = BLOCKS * BLOCK;
const BEFORE = patternBytes(8 * BLOCK, 1);
const FRESH = patternBytes(8 * BLOCK, 2);
const DATA_DIGEST_AT = BHS_LENGTH + 4 + LENGTH;

/** Fills the first blocks with BEFORE; returns a session of somebody else to look at them. */
function fill(rig: Rig): Peer {
  const witness = rig.login(0xfff);
  exchangeGood(witness, write16(0, 8), { write: BEFORE });
  return witness;
}

function mustBeUnchanged(witness: Peer, what: string): void {
  assertSameBytes(exchangeGood(witness, read16(0, 8), { read: BEFORE.length }), BEFORE, what);
}

function writeFields(length = LENGTH) {
  return { cdb: write16(0, length / BLOCK), flags: FINAL | WRITE | SIMPLE, expectedLength: length };
}

interface Sequence {
  readonly offset: number;
  readonly length: number;
  readonly dataSn?: number;
  readonly final?: boolean;
  readonly ttt?: number;
}

/** A part of FRESH; in answer to `r2t`, or to nobody's asking. */
function data(itt: number, part: Sequence): Pdu {
  const { offset, length, dataSn = 0, final = true, ttt = NO_TAG } = part;
  const bytes = FRESH.subarray(offset, offset + length);
  return dataOut({ itt, ttt, expStatSn: 0, offset, dataSn, final, data: bytes });
}

function answerTo(r2t: Pdu, part: Partial<Sequence> = {}): Pdu {
  const offset = r2t.u32(Field.bufferOffset);
  const length = r2t.u32(Field.desiredLength);
  return data(r2t.itt, { offset, length, ttt: r2t.u32(Field.ttt), ...part });
}

function mustBeCrcError(pdu: Pdu | undefined, itt: number): void {
  assert.equal(pdu?.opcode, Opcode.ScsiResponse);
  assert.equal(pdu.itt, itt);
  assert.equal(senseText(parseResponseSense(pdu.data)), CRC_ERROR);
}

function mustBeDropped(rig: Rig, peer: Peer, answers: Pdu[], what: string): void {
  assert.equal(answers.length, 0, what);
  assert(peer.connection.isClosed, what);
  assert.match(rig.log.at(-1)!, /^warning connection dropped: wrong header digest: initiator=/);
}

const CUTS = [2000, 52, 7]; // pieces that the bytes come in

Deno.test("a wrong byte anywhere in a write with immediate data writes nothing", () => {
  using rig = new Rig();
  const witness = fill(rig);
  for (let at = 0; at < DATA_DIGEST_AT + 4; at += at < 70 || at > LENGTH ? 1 : 37) {
    for (const step of CUTS) {
      const peer = rig.login(1, BOTH.keys);
      const command = peer.command({ ...writeFields(), data: FRESH.subarray(0, LENGTH) });
      const bytes = command.encode({}, peer.digests);
      const what = `byte ${at} in pieces of ${step}`;
      const answers = peer.feed(damaged(bytes, at), step);
      if (at < BHS_LENGTH + 4) {
        mustBeDropped(rig, peer, answers, what);
      } else {
        assert.equal(answers.length, 1, what);
        mustBeDigestReject(answers[0], command);
        assert(!peer.connection.isClosed && !peer.connection.isFinishing, what);
      }
      mustBeUnchanged(witness, what);
      peer.connection.lost("end of the test");
    }
  }
  witness.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("a wrong byte anywhere in solicited data fails the write and writes nothing", () => {
  using rig = new Rig();
  const witness = fill(rig);
  for (let at = 0; at < DATA_DIGEST_AT + 4; at += at < 70 || at > LENGTH ? 1 : 37) {
    for (const step of CUTS) {
      const peer = rig.login(1, BOTH.keys);
      const r2t = peer.run(writeFields());
      const out = answerTo(r2t);
      const what = `byte ${at} in pieces of ${step}`;
      const answers = peer.feed(damaged(out.encode({}, peer.digests), at), step);
      if (at < BHS_LENGTH + 4) {
        mustBeDropped(rig, peer, answers, what);
      } else {
        assert.equal(answers.length, 2, what);
        mustBeDigestReject(answers[0], out);
        mustBeCrcError(answers[1], r2t.itt);
        assert.equal(peer.run({ cdb: testUnitReady() }).u8(Field.status), 0, what);
      }
      mustBeUnchanged(witness, what);
      peer.connection.lost("end of the test");
    }
  }
  witness.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("without data digests a header digest covers no data, and the other way round", () => {
  using rig = new Rig();
  const header = rig.login(1, HEADER_ONLY.keys);
  const write = header.command({ ...writeFields(), data: FRESH.subarray(0, LENGTH) });
  const bytes = write.encode({}, header.digests);
  const [written] = header.feed(damaged(bytes, bytes.length - 1));
  assert.equal(written!.u8(Field.status), 0);
  const data = rig.login(2, DATA_ONLY.keys);
  const ping = nopOut({ itt: 77, cmdSn: data.cmdSn, expStatSn: 0, data: FRESH.subarray(0, 9) });
  const [pong] = data.feed(damaged(ping.encode({}, data.digests), Field.expStatSn));
  assertSameBytes(pong!.data, FRESH.subarray(0, 9));
});

Deno.test("a write with a wrong piece fails when all that it asked for has come", () => {
  using rig = new Rig();
  const witness = fill(rig);
  const keys = { ...DATA_ONLY.keys, MaxBurstLength: "1024", MaxOutstandingR2T: "2" };
  const half = BLOCK;
  for (const bad of [0, 1, 2, 3]) {
    for (const step of CUTS) {
      const peer = rig.login(1, keys);
      const r2ts = peer.send(peer.command(writeFields(8 * BLOCK)));
      assert.deepEqual(r2ts.map((pdu) => pdu.opcode), [Opcode.R2T, Opcode.R2T]);
      const pieces = r2ts.flatMap((r2t) => {
        const offset = r2t.u32(Field.bufferOffset);
        return [
          answerTo(r2t, { offset, length: half, final: false }),
          answerTo(r2t, { offset: offset + half, length: half, dataSn: 1 }),
        ];
      });
      const answers = pieces.map((piece, index) =>
        peer.feed(index === bad ? withBadData(peer, piece) : piece.encode({}, peer.digests), step)
      );
      // The end of the first sequence brings an R2T if nothing was wrong by then.
      const heard = answers.flat();
      const r2t = bad > 1 ? heard.shift() : undefined;
      mustBeDigestReject(heard.shift(), pieces[bad]!);
      if (r2t !== undefined) {
        assert.deepEqual([r2t.opcode, heard.length], [Opcode.R2T, 0], "it waits for all its data");
        heard.push(...peer.send(answerTo(r2t)));
      }
      assert.equal(heard.length, 1);
      mustBeCrcError(heard[0], r2ts[0]!.itt);
      if (r2t === undefined) assert.equal(answers[3]!.length, 1, "it waits for all its data");
      assert.equal(peer.run({ cdb: testUnitReady() }).u8(Field.status), 0);
      peer.connection.close();
    }
  }
  mustBeUnchanged(witness, "after all writes");
  witness.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("a write with a wrong unsolicited piece fails at the end of the unsolicited data", () => {
  using rig = new Rig();
  const witness = fill(rig);
  for (const immediate of [0, BLOCK]) {
    for (const bad of [0, 1]) {
      const peer = rig.login(1, { ...BOTH.keys, InitialR2T: "No", FirstBurstLength: "2048" });
      const command = peer.command({
        ...writeFields(8 * BLOCK),
        flags: WRITE | SIMPLE,
        data: FRESH.subarray(0, immediate),
      });
      assert.equal(peer.send(command).length, 0);
      const { itt } = command;
      const pieces = [
        data(itt, { offset: immediate, length: 512, final: false }),
        data(itt, { offset: immediate + 512, length: 1536 - immediate, dataSn: 1 }),
      ];
      const [first, second] = pieces.map((piece, index) =>
        peer.feed(index === bad ? withBadData(peer, piece) : piece.encode({}, peer.digests), 99)
      );
      mustBeDigestReject(bad === 0 ? first!.shift() : second!.shift(), pieces[bad]!);
      assert.deepEqual(first, []);
      assert.equal(second!.length, 1, "no R2T any more");
      mustBeCrcError(second![0], itt);
      peer.connection.close();
    }
  }
  mustBeUnchanged(witness, "after all writes");
  witness.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("ABORT TASK ends a write that failed and waits for its data", () => {
  using rig = new Rig();
  const witness = fill(rig);
  const peer = rig.login(1, { ...DATA_ONLY.keys, MaxBurstLength: "1024", MaxOutstandingR2T: "2" });
  const [first, second] = peer.send(peer.command(writeFields(4 * BLOCK)));
  const rejected = peer.feed(withBadData(peer, answerTo(first!)));
  assert.equal(rejected.length, 1);
  const [answer, ...more] = peer.send(taskManagement({
    itt: peer.tag(),
    cmdSn: peer.cmdSn,
    expStatSn: 0,
    immediate: true,
    function: TaskFunction.AbortTask,
    referencedTag: first!.itt,
  }));
  assert.deepEqual([answer!.opcode, answer!.u8(Field.response)], [
    Opcode.TaskManagementResponse,
    0,
  ]);
  assert.equal(more.length, 0);
  assert.equal(peer.send(answerTo(second!)).length, 0, "late data is dropped");
  const [late] = peer.feed(withBadData(peer, answerTo(second!)));
  mustBeDigestReject(late, answerTo(second!));
  mustBeUnchanged(witness, "after the abort");
  for (const { connection } of [peer, witness]) connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("a task may end at any byte of data that lands in its buffer", () => {
  using rig = new Rig();
  const witness = fill(rig);
  for (const isWrong of [false, true]) {
    for (let cut = 1; cut < DATA_DIGEST_AT + 4; cut += cut > 60 && cut < LENGTH ? 101 : 1) {
      const peer = rig.login(1, BOTH.keys);
      const out = answerTo(peer.run(writeFields()));
      const bytes = isWrong ? withBadData(peer, out) : out.encode({}, peer.digests);
      assert.equal(peer.feed(bytes.subarray(0, cut)).length, 0);
      assert.equal(exchangeManagement(witness, TaskFunction.LogicalUnitReset), 0);
      const answers = peer.feed(bytes.subarray(cut));
      if (isWrong) mustBeDigestReject(answers.shift(), out);
      assert.deepEqual(answers, []);
      peer.run({ cdb: testUnitReady() }); // the unit attention of the reset
      assert.equal(peer.run({ cdb: testUnitReady() }).u8(Field.status), 0);
      witness.run({ cdb: testUnitReady() });
      mustBeUnchanged(witness, `cut at ${cut}`);
      peer.connection.close();
    }
  }
  witness.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("the connection may end at any byte of data that lands in a buffer", () => {
  using rig = new Rig();
  const witness = fill(rig);
  for (let cut = 0; cut < DATA_DIGEST_AT + 4; cut += cut > 60 && cut < LENGTH ? 101 : 1) {
    const peer = rig.login(1, BOTH.keys);
    const bytes = answerTo(peer.run(writeFields())).encode({}, peer.digests);
    peer.feed(bytes.subarray(0, cut), 60);
    peer.connection.close();
  }
  mustBeUnchanged(witness, "after all cuts");
  witness.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});
