/** Data-In (RFC 7143 11.7) for data segments and bursts of odd lengths, read by our own decoder. */
import assert from "node:assert/strict";
import { IoVector } from "../../ffi/iovec.ts";
import { Memory } from "../../ffi/memory.ts";
import { copyToDataIn, encodeDataIn, layoutDataIn, sizeOfDataIn } from "../../lib/iscsi/data_in.ts";
import type { Session } from "../../lib/iscsi/session.ts";
import { entriesOf } from "../harness/iovec_entries.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16 } from "../initiator/cdb.ts";
import { announcedLength, decodePdu, Field, FINAL, NO_TAG, Opcode, Pdu } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

const STATUS_BIT = 0x01;
const OVERFLOW = 0x04;
const GUARD = 0xa5;

/** What the layout is to be: no PDU is longer than `most`, or crosses the end of a burst. */
function segmentsOf(
  length: number,
  most: number,
  burst: number,
): [offset: number, length: number][] {
  const segments: [number, number][] = [];
  for (let start = 0; start < length; start += burst) {
    for (let at = start; at < Math.min(length, start + burst); at += most) {
      segments.push([at, Math.min(most, start + burst - at, length - at)]);
    }
  }
  return segments;
}

/** Checks a sequence of Data-In PDUs and returns its data. */
function joined(pdus: Pdu[], length: number, most: number, burst: number): Uint8Array {
  const segments = segmentsOf(length, most, burst);
  const what = `${length} bytes, MaxRecv ${most}, MaxBurst ${burst}`;
  assert.deepEqual(
    pdus.map((pdu) => [pdu.u32(Field.bufferOffset), pdu.data.length]),
    segments,
    what,
  );
  pdus.forEach((pdu, index) => {
    const last = index === pdus.length - 1;
    const end = pdu.u32(Field.bufferOffset) + pdu.data.length;
    assert.equal(pdu.opcode, Opcode.DataIn);
    assert.equal(pdu.final, last || end % burst === 0, `${what}: F bit of ${index}`);
    assert.equal((pdu.flags & STATUS_BIT) !== 0, last, `${what}: S bit of ${index}`);
    assert.equal(pdu.u32(Field.dataSn), index);
    assert.equal(pdu.u32(Field.ttt), NO_TAG);
    if (!last) {
      assert.deepEqual([pdu.flags & 0x7f, pdu.u8(Field.status), pdu.u32(Field.residual)], [
        0,
        0,
        0,
      ]);
    }
  });
  const data = new Uint8Array(length);
  for (const pdu of pdus) data.set(pdu.data, pdu.u32(Field.bufferOffset));
  return data;
}

/** The PDUs that lie one behind the other; their pads must be zero. */
function decodeAll(bytes: Uint8Array): Pdu[] {
  const pdus: Pdu[] = [];
  for (let at = 0; at < bytes.length;) {
    const rest = bytes.subarray(at);
    const length = announcedLength(rest)!;
    const pdu = decodePdu(rest);
    const pad = rest.subarray(48 + pdu.data.length, length);
    assert(pad.every((byte) => byte === 0), "the pad is zero");
    pdus.push(pdu);
    at += length;
  }
  return pdus;
}

function sessionOf(rig: Rig): Session {
  return [...rig.node.sessions][0]!;
}

const LIMITS: readonly [most: number, burst: number][] = [
  [512, 512],
  [513, 1024],
  [515, 514],
  [1000, 2047],
  [4096, 5000],
  [8192, 262144],
  [2 ** 24 - 1, 512],
];

Deno.test("encodeDataIn() lays data out as negotiated, within the bytes that sizeOfDataIn() tells", () => {
  using rig = new Rig();
  rig.login(1);
  const session = sessionOf(rig);
  for (const [most, burst] of LIMITS) {
    Object.assign(session.parameters, { maxRecvDataSegmentLength: most, maxBurstLength: burst });
    const lengths = [
      1,
      2,
      3,
      4,
      511,
      512,
      513,
      most - 1,
      most,
      most + 1,
      burst - 1,
      burst,
      burst + 1,
    ];
    for (const length of [...lengths, 2 * burst + 1, 7777]) {
      if (length > 600_000) continue;
      const at = 4 * (length % 10);
      const size = sizeOfDataIn(session, length);
      const memory = new Memory(at + size + 16);
      memory.bytes.fill(GUARD);
      const data = patternBytes(length, length);
      copyToDataIn(session, memory, at, data, length);
      encodeDataIn(session, memory, at, length, 0x12345678, 0x08, OVERFLOW, 77);
      const pdus = decodeAll(memory.bytes.subarray(at, at + size));
      assertSameBytes(joined(pdus, length, most, burst), data);
      assert(pdus.every((pdu) => pdu.itt === 0x12345678));
      const last = pdus.at(-1)!;
      assert.equal(last.flags, FINAL | STATUS_BIT | OVERFLOW);
      assert.deepEqual([last.u8(Field.status), last.u32(Field.residual)], [0x08, 77]);
      assert(memory.bytes.subarray(0, at).every((byte) => byte === GUARD), "in front of it");
      assert(memory.bytes.subarray(at + size).every((byte) => byte === GUARD), "behind it");
    }
  }
});

Deno.test("layoutDataIn() names the places that copyToDataIn() fills", () => {
  using rig = new Rig();
  rig.login(1);
  const session = sessionOf(rig);
  for (const [most, burst] of LIMITS) {
    Object.assign(session.parameters, { maxRecvDataSegmentLength: most, maxBurstLength: burst });
    for (const length of [1, 513, 3333]) {
      const memory = new Memory(sizeOfDataIn(session, length) + 8);
      const data = patternBytes(length, 1);
      copyToDataIn(session, memory, 8, data, length);
      const iov = new IoVector();
      layoutDataIn(session, memory, 8, length, iov);
      const gathered = entriesOf(iov).flatMap(({ address, length }) => {
        const start = address - memory.address;
        return [...memory.bytes.subarray(start, start + length)];
      });
      assertSameBytes(Uint8Array.from(gathered), data);
    }
  }
});

function readAt(peer: Peer, lba: number, blocks: number, expectedLength: number): Pdu[] {
  const flags = FINAL | READ | 1;
  return peer.send(peer.command({ cdb: read16(lba, blocks), flags, expectedLength }));
}

Deno.test("READ comes in the segments that the initiator declared, from memory and from later", () => {
  using rig = new Rig({ size: 65536 });
  const content = patternBytes(65536, 3);
  Deno.writeFileSync(rig.path, content);
  let isid = 0;
  for (const [most, burst] of LIMITS) {
    const peer = rig.login(++isid, {
      MaxRecvDataSegmentLength: String(most),
      MaxBurstLength: String(burst),
    });
    for (const expected of [1, 511, 512, 1024, 1025, 5119, 5120]) {
      for (const hanging of [false, true]) {
        rig.store.hanging = hanging;
        const answers = readAt(peer, 7, 10, expected);
        rig.store.release();
        const pdus = [...answers, ...peer.take()];
        const data = joined(pdus, expected, most, burst);
        assertSameBytes(data, content.subarray(7 * 512, 7 * 512 + expected));
        assert.equal(pdus.at(-1)!.u32(Field.residual), 5120 - expected);
      }
    }
    peer.connection.close();
  }
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("only the PDU with the status uses a StatSN up", () => {
  using rig = new Rig();
  const peer = rig.login(1, { MaxRecvDataSegmentLength: "512" });
  const first = readAt(peer, 0, 3, 1536);
  const second = readAt(peer, 0, 1, 512);
  const statSn = first.at(-1)!.u32(Field.statSn);
  assert.deepEqual(first.map((pdu) => pdu.u32(Field.statSn)), [0, 0, statSn]);
  assert.equal(second[0]!.u32(Field.statSn), statSn + 1);
  for (const pdu of first) assert.equal(pdu.u32(Field.expCmdSn), peer.cmdSn - 1);
});
