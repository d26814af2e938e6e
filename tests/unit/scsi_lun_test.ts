/** The LUN field (SAM-5 4.7): single level addressing by one of three methods. */
import assert from "node:assert/strict";
import { decodeLun, encodeLun, LunAddressing, NO_LUN } from "../../lib/scsi/lun.ts";
import { hexBytes, toHex } from "../harness/hex.ts";

const AT = 3;

function decoded(digits: string): number {
  const bytes = new Uint8Array(AT + 8).fill(0xff);
  bytes.set(hexBytes(digits), AT);
  return decodeLun(new DataView(bytes.buffer), AT);
}

function encoded(lun: number, addressing: LunAddressing): string {
  const bytes = new Uint8Array(AT + 8 + 1).fill(0xff);
  encodeLun(new DataView(bytes.buffer), AT, lun, addressing);
  assert.deepEqual([bytes[AT - 1], bytes[AT + 8]], [0xff, 0xff]);
  return toHex(bytes.subarray(AT, AT + 8));
}

Deno.test("decodeLun() reads all addressing methods of one level", () => {
  const cases: [string, number][] = [
    ["0000 0000 0000 0000", 0],
    ["0001 0000 0000 0000", 1],
    ["00ff 0000 0000 0000", 255],
    ["4000 0000 0000 0000", 0],
    ["4001 0000 0000 0000", 1],
    ["40ff 0000 0000 0000", 255],
    ["4100 0000 0000 0000", 256],
    ["7fff 0000 0000 0000", 16383],
    ["8000 0000 0000 0000", 0],
    ["8123 0000 0000 0000", 0x123],
    ["bfff 0000 0000 0000", 16383],
  ];
  for (const [digits, lun] of cases) assert.equal(decoded(digits), lun, digits);
});

Deno.test("decodeLun() knows no buses, no other methods and no further levels", () => {
  const foreign = [
    "0100 0000 0000 0000", // bus 1
    "3fff 0000 0000 0000", // bus 63
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

Deno.test("encodeLun() uses the method that it is told, and is read back", () => {
  const { PERIPHERAL, FLAT, LUN } = LunAddressing;
  const cases: [number, LunAddressing, string][] = [
    [0, PERIPHERAL, "0000"],
    [0, FLAT, "0000"],
    [0, LUN, "0000"],
    [1, PERIPHERAL, "0001"],
    [255, PERIPHERAL, "00ff"],
    [256, PERIPHERAL, "4100"], // it has no peripheral address
    [1, FLAT, "4001"],
    [1, LUN, "8001"],
    [16383, PERIPHERAL, "7fff"],
    [16383, FLAT, "7fff"],
    [16383, LUN, "bfff"],
  ];
  for (const [lun, addressing, digits] of cases) {
    assert.equal(encoded(lun, addressing), `${digits}0000 00000000`);
  }
  for (const addressing of Object.values(LunAddressing)) {
    for (let lun = 0; lun < 16384; lun++) assert.equal(decoded(encoded(lun, addressing)), lun);
  }
});
