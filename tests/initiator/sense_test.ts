/** Sense data of both formats, written down by hand from SPC-4 4.5. */
import assert from "node:assert/strict";
import { parseResponseSense, parseSense, senseText } from "./sense.ts";

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

const FIXED = bytes(0xf0, 0, 5, 0, 0, 1, 2, 10, 0, 0, 0, 0, 0x24, 0, 0, 0xcb, 0, 2);

Deno.test("parseSense() reads fixed format with INFORMATION and field pointer", () => {
  const sense = parseSense(FIXED);
  assert.deepEqual(sense, {
    format: "fixed",
    deferred: false,
    key: 5,
    asc: 0x24,
    ascq: 0,
    information: 0x102,
    fieldPointer: { inCdb: true, byte: 2, bit: 3 },
  });
  assert.equal(senseText(sense), "05/24/00");
});

Deno.test("parseSense() reads descriptor format", () => {
  const information = [0x00, 0x0a, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 2];
  const specific = [0x02, 0x06, 0, 0, 0x80, 0, 8, 0];
  const sense = parseSense(bytes(0x72, 5, 0x26, 0, 0, 0, 0, 20, ...information, ...specific));
  assert.deepEqual(sense, {
    format: "descriptor",
    deferred: false,
    key: 5,
    asc: 0x26,
    ascq: 0,
    information: 2 ** 32 + 2,
    fieldPointer: { inCdb: false, byte: 8 },
  });
});

Deno.test("parseSense() refuses what is cut off or of an unknown format", () => {
  assert.throws(() => parseSense(FIXED.subarray(0, 7)), RangeError);
  assert.throws(() => parseSense(FIXED.subarray(0, 13)), RangeError);
  assert.throws(() => parseSense(bytes(0x72, 0, 0, 0, 0, 0, 0, 12)), RangeError);
  assert.throws(() => parseSense(new Uint8Array(18)), RangeError);
});

Deno.test("parseResponseSense() takes the length in front of the sense into account", () => {
  assert.equal(parseResponseSense(new Uint8Array()), undefined);
  assert.equal(parseResponseSense(bytes(0, 0)), undefined);
  assert.equal(senseText(parseResponseSense(bytes(0, 18, ...FIXED))), "05/24/00");
  assert.throws(() => parseResponseSense(bytes(0, 19, ...FIXED)), RangeError);
});
