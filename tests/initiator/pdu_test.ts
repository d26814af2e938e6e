/** The initiator's own bytes, against PDUs written down by hand from RFC 7143 11. */
import assert from "node:assert/strict";
import { patternBytes } from "./bytes.ts";
import { decodeLun, encodeLun } from "./lun.ts";
import { announcedLength, decodePdu, DigestError, Pdu } from "./pdu.ts";
import * as request from "./requests.ts";
import { decodeText, encodeText } from "./text.ts";

const numbers = { itt: 0x11223344, cmdSn: 0x55667788, expStatSn: 0x99aabbcc };

/** Hex digits, blanks ignored. */
function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    text.replaceAll(/\s/g, "").match(/../g) ?? [],
    (pair) => parseInt(pair, 16),
  );
}

const GOLDEN: readonly (readonly [string, Pdu, string])[] = [
  [
    "scsiCommand()",
    request.scsiCommand({
      ...numbers,
      cdb: hex("28000000 00100000 0800"),
      lun: 3,
      flags: 0x80 | request.READ | request.TaskAttribute.Simple,
      expectedLength: 4096,
    }),
    `01c10000 00000000 0003000000000000 11223344 00001000 55667788 99aabbcc
     28000000 00100000 08000000 00000000`,
  ],
  [
    "scsiCommand() with immediate data and an AHS",
    request.scsiCommand({
      ...numbers,
      immediate: true,
      cdb: hex("2a00"),
      lun: 300,
      flags: 0x80 | request.WRITE,
      expectedLength: 5,
      data: hex("0102030405"),
      ahs: hex("0001 01 00"),
    }),
    `41a00000 01000005 412c000000000000 11223344 00000005 55667788 99aabbcc
     2a000000 00000000 00000000 00000000 00010100 01020304 05000000`,
  ],
  [
    "dataOut()",
    request.dataOut({
      itt: 1,
      ttt: 2,
      expStatSn: 3,
      dataSn: 4,
      offset: 0x200,
      data: hex("aabbccdd"),
      final: true,
      lun: 1,
    }),
    `05800000 00000004 0001000000000000 00000001 00000002 00000000 00000003
     00000000 00000004 00000200 00000000 aabbccdd`,
  ],
  [
    "nopOut()",
    request.nopOut({ ...numbers, ttt: 0x0a0b0c0d }),
    `00800000 00000000 0000000000000000 11223344 0a0b0c0d 55667788 99aabbcc
     00000000 00000000 00000000 00000000`,
  ],
  [
    "textRequest()",
    request.textRequest({ ...numbers, text: encodeText([["SendTargets", "All"]]) }),
    `04800000 00000010 0000000000000000 11223344 ffffffff 55667788 99aabbcc
     00000000 00000000 00000000 00000000 53656e64 54617267 6574733d 416c6c00`,
  ],
  [
    "taskManagement()",
    request.taskManagement({
      ...numbers,
      immediate: true,
      function: 1,
      referencedTag: 7,
      refCmdSn: 8,
    }),
    `42810000 00000000 0000000000000000 11223344 00000007 55667788 99aabbcc
     00000008 00000000 00000000 00000000`,
  ],
  [
    "logoutRequest()",
    request.logoutRequest({ ...numbers, immediate: true, reason: 1, cid: 0x0102 }),
    `46810000 00000000 0000000000000000 11223344 01020000 55667788 99aabbcc
     00000000 00000000 00000000 00000000`,
  ],
  [
    "snackRequest()",
    request.snackRequest({ itt: 1, expStatSn: 2, type: 0, begRun: 3, runLength: 4 }),
    `10800000 00000000 0000000000000000 00000001 ffffffff 00000000 00000002
     00000000 00000000 00000003 00000004`,
  ],
  [
    "loginRequest()",
    request.loginRequest({
      ...numbers,
      text: hex("613d6200"),
      flags: 0x87,
      isid: hex("800102030405"),
      tsih: 0x0607,
      cid: 0x0809,
      versionMin: 0,
      versionMax: 1,
    }),
    `43870100 00000004 800102030405 0607 11223344 08090000 55667788 99aabbcc
     00000000 00000000 00000000 00000000 613d6200`,
  ],
];

for (const [name, pdu, golden] of GOLDEN) {
  Deno.test(`${name} has the bytes of RFC 7143 and is decoded from them`, () => {
    const bytes = pdu.encode();
    assert.deepEqual([...bytes], [...hex(golden)]);
    assert.equal(announcedLength(bytes), bytes.length);
    const decoded = decodePdu(bytes);
    assert.deepEqual([...decoded.encode()], [...bytes]);
    assert.deepEqual([...decoded.data], [...pdu.data]);
    assert.deepEqual([...decoded.ahs], [...pdu.ahs]);
  });
}

Deno.test("Pdu.encode() announces the lengths that it is told to", () => {
  const bytes = new Pdu().encode({ dataSegmentLength: 0xabcdef, totalAhsLength: 0x12 });
  assert.deepEqual([...bytes.subarray(4, 8)], [0x12, 0xab, 0xcd, 0xef]);
  assert.equal(announcedLength(bytes), 48 + 4 * 0x12 + 0xabcdf0);
});

/** The READ(10) of RFC 7143 A.4. */
const READ_10 = `01c00000 00000000 0000000000000000 14000000 00000400 00000014 00000018
   28000000 00000000 02000000 00000000`;

Deno.test("Pdu.encode() puts the digests of RFC 7143 A.4 behind header and data", () => {
  const digests = { header: true, data: true };
  const zeros = new Uint8Array(32);
  assert.deepEqual(new Pdu(hex(READ_10)).encode({}, digests), hex(READ_10 + "563a96d9"));
  assert.deepEqual(
    new Pdu(undefined, zeros).encode({}, { header: false, data: true }).subarray(48),
    hex("00".repeat(32) + "aa36918a"),
  );
});

Deno.test("decodePdu() notices a wrong byte in whatever the digests cover", () => {
  const pdu = new Pdu(hex(READ_10), patternBytes(5, 1), patternBytes(8, 2));
  for (const digests of [{ header: true, data: true }, { header: true, data: false }]) {
    const bytes = pdu.encode({}, digests);
    assert.equal(announcedLength(bytes, digests), bytes.length);
    assert.deepEqual(decodePdu(bytes, digests).data, pdu.data);
    const covered = digests.data ? bytes.length : 48 + 8 + 4;
    for (let at = 0; at < covered; at++) {
      if (at >= 4 && at < 8) continue; // another length makes another PDU
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      assert.throws(() => decodePdu(damaged, digests), DigestError, `byte ${at}`);
    }
  }
});

Deno.test("announcedLength() needs a whole header", () => {
  assert.equal(announcedLength(new Uint8Array(47)), undefined);
});

Deno.test("encodeLun() and decodeLun() use either addressing method", () => {
  for (const lun of [0, 1, 255, 256, 300, 16383]) assert.equal(decodeLun(encodeLun(lun)), lun);
  assert.deepEqual([...encodeLun(0x1234)].slice(0, 2), [0x52, 0x34]);
  assert.throws(() => encodeLun(16384), RangeError);
  assert.throws(() => decodeLun(hex("c101000000000000")), RangeError);
});

Deno.test("decodeText() takes pairs apart and refuses other text", () => {
  const pairs = [["A", "1"], ["B", ""], ["C", "x=y"]] as const;
  assert.deepEqual(decodeText(encodeText(pairs)), pairs.map(([key, value]) => [key, value]));
  assert.deepEqual(decodeText(new Uint8Array()), []);
  assert.throws(() => decodeText(hex("413d31")), SyntaxError);
  assert.throws(() => decodeText(hex("413100")), SyntaxError);
});

Deno.test("patternBytes() depends on its seed and on nothing else", () => {
  assert.deepEqual(patternBytes(100, 1), patternBytes(100, 1));
  assert.notDeepEqual(patternBytes(100, 1), patternBytes(100, 2));
  assert.deepEqual(
    patternBytes(5, 3),
    patternBytes(8, 3).subarray(0, 5).with(4, patternBytes(5, 3)[4] ?? 0),
  );
});
