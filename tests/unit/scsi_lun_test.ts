/** The LUN field (SAM-5 4.7): single level, peripheral or flat space addressing. */
import assert from "node:assert/strict";
import { decodeLun, encodeLun, NO_LUN } from "../../lib/scsi/lun.ts";
import { hexBytes, toHex } from "../harness/hex.ts";

const AT = 3;

function decoded(digits: string): number {
  const bytes = new Uint8Array(AT + 8).fill(0xff);
  bytes.set(hexBytes(digits), AT);
  return decodeLun(new DataView(bytes.buffer), AT);
}

function encoded(lun: number): string {
  const bytes = new Uint8Array(AT + 8 + 1).fill(0xff);
  encodeLun(new DataView(bytes.buffer), AT, lun);
  assert.deepEqual([bytes[AT - 1], bytes[AT + 8]], [0xff, 0xff]);
  return toHex(bytes.subarray(AT, AT + 8));
}

Deno.test("decodeLun() reads peripheral and flat space addressing", () => {
  const cases: [string, number][] = [
    ["0000 0000 0000 0000", 0],
    ["0001 0000 0000 0000", 1],
    ["00ff 0000 0000 0000", 255],
    ["4000 0000 0000 0000", 0],
    ["4001 0000 0000 0000", 1],
    ["40ff 0000 0000 0000", 255],
    ["4100 0000 0000 0000", 256],
    ["7fff 0000 0000 0000", 16383],
  ];
  for (const [digits, lun] of cases) assert.equal(decoded(digits), lun, digits);
});

Deno.test("decodeLun() knows no buses, no other methods and no further levels", () => {
  const foreign = [
    "0100 0000 0000 0000", // bus 1
    "3fff 0000 0000 0000", // bus 63
    "8000 0000 0000 0000", // logical unit addressing
    "c101 0000 0000 0000", // REPORT LUNS well known logical unit
    "d200 0000 0000 0000", // extended flat space addressing
    "ffff ffff ffff ffff", // not specified
    "0000 0001 0000 0000",
    "0000 0000 0001 0000",
    "0000 0000 0000 0001",
    "4005 8000 0000 0000",
  ];
  for (const digits of foreign) assert.equal(decoded(digits), NO_LUN, digits);
});

Deno.test("encodeLun() uses peripheral addressing below 256, and is read back", () => {
  assert.equal(encoded(0), "00000000 00000000");
  assert.equal(encoded(255), "00ff0000 00000000");
  assert.equal(encoded(256), "41000000 00000000");
  assert.equal(encoded(16383), "7fff0000 00000000");
  for (let lun = 0; lun < 16384; lun++) assert.equal(decoded(encoded(lun)), lun);
});
