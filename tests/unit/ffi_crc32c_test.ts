/** CRC32C by both ways of computing it, against the examples of the standard and a plain model. */
import assert from "node:assert/strict";
import { crc32c, CRC32C_BY } from "../../ffi/crc32c.ts";
import { crc32cByTables } from "../../ffi/crc32c_tables.ts";
import { openIsal } from "../../ffi/isal.ts";
import { Memory } from "../../ffi/memory.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { Random, testSeed } from "../harness/random.ts";
import { toolTest } from "../harness/tools.ts";
import { crc32c as model } from "../initiator/crc32c.ts";

const isal = openIsal();

function memoryOf(bytes: Uint8Array): Memory {
  const memory = new Memory(bytes.length);
  memory.bytes.set(bytes);
  return memory;
}

function byTables(bytes: Uint8Array, at = 0, length = bytes.length): number {
  return ~crc32cByTables(memoryOf(bytes).view, at, length, -1) >>> 0;
}

/** The READ(10) of RFC 7143 A.4. */
const READ_10 = hexBytes(
  "01c00000 00000000 0000000000000000 14000000 00000400 00000014 00000018" +
    "28000000 00000000 02000000 00000000",
);

/** RFC 7143 A.4: bytes, and their digest as it stands on the wire. */
const EXAMPLES: readonly [bytes: Uint8Array, digest: string][] = [
  [new Uint8Array(32), "aa36918a"],
  [new Uint8Array(32).fill(0xff), "43aba862"],
  [Uint8Array.from({ length: 32 }, (_, index) => index), "4e79dd46"],
  [Uint8Array.from({ length: 32 }, (_, index) => 31 - index), "5cdb3f11"],
  [READ_10, "563a96d9"],
];

function onWire(crc: number): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, crc, true);
  return toHex(new Uint8Array(view.buffer));
}

Deno.test("crc32c() gives the examples of RFC 7143 A.4", () => {
  for (const [bytes, digest] of EXAMPLES) {
    assert.equal(onWire(crc32c(memoryOf(bytes), 0, bytes.length)), digest);
    assert.equal(onWire(byTables(bytes)), digest);
    assert.equal(onWire(model(bytes)), digest);
  }
});

Deno.test("crc32cByTables() agrees with the model for every length and place", () => {
  const bytes = new Random(1).bytes(400);
  for (let length = 0; length < 360; length++) {
    const at = length % 37;
    const wanted = model(bytes.subarray(at, at + length));
    assert.equal(byTables(bytes, at, length), wanted, `${length} bytes at ${at}`);
  }
});

toolTest("libisal agrees with the tables for any bytes", ["libisal"], () => {
  const seed = testSeed();
  const random = new Random(seed);
  for (let turn = 0; turn < 300; turn++) {
    const memory = memoryOf(random.bytes(random.below(random.pick([20, 600, 70_000]))));
    const at = random.below(Math.min(memory.length + 1, 9));
    const length = memory.length - at;
    const crc = ~isal!(memory.address + at, length, -1) >>> 0;
    assert.equal(crc, byTables(memory.bytes, at, length), `SCST_TEST_SEED=${seed}`);
  }
  return Promise.resolve();
});

Deno.test("crc32c() goes on from the CRC of what stands in front", () => {
  const bytes = new Random(2).bytes(2000);
  const memory = memoryOf(bytes);
  for (const cut of [0, 1, 3, 47, 48, 49, 1000, 1999, 2000]) {
    const before = crc32c(memory, 0, cut);
    assert.equal(before, model(bytes.subarray(0, cut)));
    assert.equal(crc32c(memory, cut, 2000 - cut, before), model(bytes), `cut at ${cut}`);
  }
});

Deno.test("CRC32C is computed by libisal where it is, unless SCST_PORTABLE=1 forbids it", () => {
  const portable = Deno.env.get("SCST_PORTABLE") === "1";
  assert.equal(CRC32C_BY, isal === undefined || portable ? "TypeScript" : "libisal");
});
