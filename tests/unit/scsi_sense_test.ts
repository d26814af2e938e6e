/** Sense data (SPC-5 4.4) in both formats, byte by byte. */
import assert from "node:assert/strict";
import {
  encodeSense,
  FIELD_IN_CDB,
  nameOfSense,
  NOTHING,
  Sense,
  SENSE_MOST,
  type SenseDetail,
} from "../../lib/scsi/sense.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { parseSense } from "../initiator/sense.ts";

const FIXED = false;
const DESCRIPTOR = true;

/** Sense data as hex digits; nothing beside it may be touched. */
function encoded(code: number, detail: Partial<SenseDetail>, format: boolean): string {
  const AT = 5;
  const bytes = new Uint8Array(AT + SENSE_MOST + 5).fill(0xee);
  const view = new DataView(bytes.buffer);
  const all = { information: NOTHING, field: NOTHING, ...detail };
  const length = encodeSense(view, AT, code, all, format);
  assert(bytes.subarray(0, AT).every((byte) => byte === 0xee), "in front of it");
  assert(bytes.subarray(AT + SENSE_MOST).every((byte) => byte === 0xee), "behind it");
  return toHex(bytes.subarray(AT, AT + length));
}

const inCdb = (byte: number, bit: number) => FIELD_IN_CDB + byte * 8 + bit;
const golden = (digits: string) => toHex(hexBytes(digits));

const CASES: readonly [number, Partial<SenseDetail>, fixed: string, descriptor: string][] = [
  [
    Sense.NO_SENSE,
    {},
    "70 00 00 00000000 0a 00000000 00 00 00 000000",
    "72 00 00 00 000000 00",
  ],
  [
    Sense.POWER_ON_OR_RESET,
    {},
    "70 00 06 00000000 0a 00000000 29 00 00 000000",
    "72 06 29 00 000000 00",
  ],
  [
    Sense.LBA_OUT_OF_RANGE,
    { information: 0 },
    "f0 00 05 00000000 0a 00000000 21 00 00 000000",
    "72 05 21 00 000000 0c 00 0a 80 00 0000000000000000",
  ],
  [
    Sense.UNRECOVERED_READ_ERROR,
    { information: 0xffffffff },
    "f0 00 03 ffffffff 0a 00000000 11 00 00 000000",
    "72 03 11 00 000000 0c 00 0a 80 00 00000000ffffffff",
  ],
  [
    // What has more than 32 bits does not go into fixed format (SPC-5 4.4.3: VALID 0).
    Sense.WRITE_ERROR,
    { information: 2 ** 32 },
    "70 00 03 00000000 0a 00000000 0c 00 00 000000",
    "72 03 0c 00 000000 0c 00 0a 80 00 0000000100000000",
  ],
  [
    Sense.WRITE_ERROR,
    { information: 2 ** 53 - 1 },
    "70 00 03 00000000 0a 00000000 0c 00 00 000000",
    "72 03 0c 00 000000 0c 00 0a 80 00 001fffffffffffff",
  ],
  [
    Sense.INVALID_FIELD_IN_CDB,
    { field: inCdb(1, 4) },
    "70 00 05 00000000 0a 00000000 24 00 00 cc0001",
    "72 05 24 00 000000 08 02 06 0000 cc0001 00",
  ],
  [
    Sense.INVALID_FIELD_IN_CDB,
    { field: inCdb(31, 7) },
    "70 00 05 00000000 0a 00000000 24 00 00 cf001f",
    "72 05 24 00 000000 08 02 06 0000 cf001f 00",
  ],
  [
    Sense.INVALID_FIELD_IN_PARAMETER_LIST,
    { field: 0 },
    "70 00 05 00000000 0a 00000000 26 00 00 880000",
    "72 05 26 00 000000 08 02 06 0000 880000 00",
  ],
  [
    Sense.INVALID_FIELD_IN_PARAMETER_LIST,
    { field: 0xffff * 8 + 3 },
    "70 00 05 00000000 0a 00000000 26 00 00 8bffff",
    "72 05 26 00 000000 08 02 06 0000 8bffff 00",
  ],
  [
    Sense.INVALID_FIELD_IN_CDB,
    { field: inCdb(2, 7), information: 0x12345678 },
    "f0 00 05 12345678 0a 00000000 24 00 00 cf0002",
    "72 05 24 00 000000 14 00 0a 80 00 0000000012345678 02 06 0000 cf0002 00",
  ],
];

Deno.test("encodeSense() writes fixed and descriptor format as SPC-5 4.4 has them", () => {
  for (const [code, detail, fixed, descriptor] of CASES) {
    const what = `${nameOfSense(code)} ${JSON.stringify(detail)}`;
    assert.equal(encoded(code, detail, FIXED), golden(fixed), what);
    assert.equal(encoded(code, detail, DESCRIPTOR), golden(descriptor), what);
  }
});

Deno.test("encodeSense() leaves nothing of what stood in its place before", () => {
  const bytes = new Uint8Array(SENSE_MOST).fill(0xff);
  const view = new DataView(bytes.buffer);
  const nothing = { information: NOTHING, field: NOTHING };
  encodeSense(view, 0, Sense.INVALID_FIELD_IN_CDB, nothing, FIXED);
  const sense = parseSense(bytes.subarray(0, 18));
  assert.deepEqual([sense.information, sense.fieldPointer], [undefined, undefined]);
});

Deno.test("encodeSense() of every code is read back by the initiator's parser", () => {
  for (const [name, code] of Object.entries(Sense)) {
    for (const format of [FIXED, DESCRIPTOR]) {
      const sense = parseSense(hexBytes(encoded(code, {}, format)));
      assert.equal(sense.format, format === FIXED ? "fixed" : "descriptor");
      assert.equal(sense.key << 16 | sense.asc << 8 | sense.ascq, code, name);
      assert.equal(sense.deferred, false);
    }
  }
});

Deno.test("nameOfSense() has a name for every code, and digits for others", () => {
  const codes = Object.values(Sense);
  assert.equal(new Set(codes).size, codes.length, "no code has two names");
  assert.equal(nameOfSense(0x052100), "LBA_OUT_OF_RANGE");
  assert.equal(nameOfSense(0x000001), "0x000001");
});
