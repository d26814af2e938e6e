/** INQUIRY (SPC-5 6.7) and the vital product data pages (SPC-5 7.7, SBC-4 6.6), byte by byte. */
import assert from "node:assert/strict";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { type Peer, Rig, type RigOptions, TARGET } from "../harness/rig.ts";
import { inquiry } from "../initiator/cdb.ts";

const text = (value: string) => toHex(new TextEncoder().encode(value));
const zeros = (count: number) => "00".repeat(count);

/** The same digits in the same groups, however they were written. */
const golden = (...parts: string[]) => toHex(hexBytes(parts.join("")));

function page(peer: Peer, code?: number): string {
  return toHex(exchangeGood(peer, inquiry(1024, code), { read: 1024 }));
}

function pageOf(options: RigOptions, code: number): string {
  using rig = new Rig(options);
  return page(rig.login(1), code);
}

Deno.test("standardInquiry() is what SPC-5 6.7.2 says, of SPC-4, SBC-3 and iSCSI", () => {
  using rig = new Rig();
  const expected = golden(
    "00 00 06 32 5b 08 00 02",
    text("SCST_FIOrig             3110"),
    zeros(22),
    "00a0 0960 0460 04c0",
    zeros(30),
  );
  assert.equal(page(rig.login(1)), expected);
});

Deno.test("standardInquiry() says what the operator wants it to, with room for vendor specific bytes", () => {
  const texts = { t10VendId: "ACME", prodId: "ANVIL", prodRevLvl: "7" };
  for (const length of [1, 20, 21, 160]) {
    const inqVendSpecific = "x".repeat(length);
    using rig = new Rig({ texts: { ...texts, inqVendSpecific } });
    const data = hexBytes(page(rig.login(1)));
    assert.equal(data.length, length > 20 ? 96 + length : 96);
    assert.equal(data[4], data.length - 5);
    assert.equal(new TextDecoder().decode(data.subarray(8, 36)), "ACME    ANVIL           7   ");
    const at = length > 20 ? 96 : 36;
    assert.equal(new TextDecoder().decode(data.subarray(at, at + length)), inqVendSpecific);
  }
});

Deno.test("inquiry() of a LUN without a unit says qualifier 3 and type 1Fh, and no pages", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const data = exchangeGood(peer, inquiry(255), { lun: 1, read: 255 });
  assert.equal(toHex(data), golden("7f 00 06 12 1f 00 00 02", zeros(28)));
  for (const code of [0x00, 0x83]) {
    const sense = exchangeSense(peer, inquiry(255, code), "05/24/00", { lun: 1, read: 255 });
    assert.equal(sense.fieldPointer?.byte, 2);
  }
});

Deno.test("inquiry() has the pages that page 00h lists, and no others", () => {
  for (const thinProvisioned of [true, false]) {
    using rig = new Rig({ thinProvisioned });
    const peer = rig.login(1);
    const listed = hexBytes(page(peer, 0x00)).subarray(4);
    assert.deepEqual(listed, listed.slice().sort(), "in ascending order");
    assert([0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1].every((code) => listed.includes(code)));
    assert.equal(listed.includes(0xb2), thinProvisioned);
    for (let code = 0; code < 256; code++) {
      if (listed.includes(code)) {
        assert.equal(hexBytes(page(peer, code))[1], code);
      } else {
        const sense = exchangeSense(peer, inquiry(255, code), "05/24/00", { read: 255 });
        assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: 2, bit: 7 });
      }
      if (code === 0) continue;
      const withoutEvpd = inquiry(255, code);
      withoutEvpd[1] = 0;
      const sense = exchangeSense(peer, withoutEvpd, "05/24/00", { read: 255 });
      assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: 2, bit: 7 });
    }
  }
});

Deno.test("unitSerialNumber() is page 80h", () => {
  assert.equal(pageOf({}, 0x80), golden("00 80 0003", text("rig")));
});

Deno.test("deviceIdentification() names a unit as SCST does where there is no NAA designator", () => {
  const t10DevId = "5f2d1c20-disk1";
  const unit = (options: RigOptions) => {
    const bytes = hexBytes(pageOf(options, 0x83));
    const found: string[] = [];
    for (let at = 4; at < bytes.length; at += 4 + bytes[at + 3]!) {
      const value = bytes.subarray(at + 4, at + 4 + bytes[at + 3]!);
      if ((bytes[at + 1]! & 0x30) === 0) found.push(`${bytes[at + 1]! & 0xf} ${toHex(value)}`);
    }
    return found;
  };
  const t10 = (name: string) => `1 ${golden(text(`SCST_FIO${name}`))}`;
  assert.deepEqual(unit({ ids: { usn: "5f2d1c20", t10DevId } }), [
    `2 ${golden(text("5f2d1c20"))}`,
    t10(t10DevId),
  ]);
  assert.deepEqual(unit({ ids: { usn: "s", t10DevId, eui64Id: "0123456789abcdef" } }), [
    `2 ${golden("0123 4567 89ab cdef")}`,
    t10(t10DevId),
  ]);
  const ids = { usn: "s", naaId: "5000000000000001" };
  const texts = { vendSpecificId: "mine", scsiDeviceName: "eui.1" };
  assert.deepEqual(unit({ ids, texts }), [
    `3 ${golden("5000 0000 0000 0001")}`,
    t10("mine"),
    `8 ${golden(text("eui.1"), "000000")}`,
  ]);
});

Deno.test("deviceIdentification() is page 83h: the unit by NAA and T10, the port by number and name", () => {
  const expected = golden(
    "00 83 0057",
    "01 03 00 10 6025c570 00000000 00000000 0000001f",
    "02 01 00 0b",
    text("SCST_FIOrig"),
    "51 94 00 04 0000 0001",
    "53 98 00 28",
    text(`${TARGET},t,0x0001`),
    "0000",
  );
  assert.equal(pageOf({}, 0x83), expected);
});

Deno.test("deviceIdentification() ends a SCSI name with one to four NULs", () => {
  using rig = new Rig();
  // With the name of the port behind it TARGET has 38 bytes.
  for (const [suffix, length] of [["-", 40], ["-0", 44], ["-0123", 44], ["-01234", 48]] as const) {
    const name = `${TARGET}${suffix}`;
    rig.node.addTarget(name).luns.add(0, rig.device);
    const peer = rig.connect();
    peer.login(1, { TargetName: name });
    const bytes = exchangeGood(peer, inquiry(1024, 0x83), { read: 1024 });
    const wanted = new Uint8Array(length);
    wanted.set(new TextEncoder().encode(`${name},t,0x0001`));
    assert.equal(wanted.at(-1), 0);
    assert.deepEqual(bytes.subarray(-wanted.length - 1), Uint8Array.of(wanted.length, ...wanted));
  }
});

Deno.test("extendedInquiry() is page 86h: HEADSUP, ORDSUP, SIMPSUP, V_SUP, LUICLR", () => {
  assert.equal(pageOf({}, 0x86), golden("00 86 003c 00 07 01 01", zeros(56)));
});

Deno.test("blockLimits() is page B0h: limits in blocks of the disk, UNMAP on thin disks only", () => {
  const cases: [RigOptions, string][] = [
    [{}, "0008 00004000 00000400 00000000 00080000 00000080 00000008 80000000"],
    [{ thinProvisioned: false }, `0008 00004000 00000400 ${zeros(20)}`],
    [{ blocksize: 4096 }, "0001 00000800 00000080 00000000 00010000 00000080 00000000 00000000"],
    [{ blocksize: 65536 }, "0001 00000080 00000008 00000000 00001000 00000080 00000000 00000000"],
    [{ null: true, thinProvisioned: false }, `0001 00004000 00000400 ${zeros(20)}`],
  ];
  for (const [options, limits] of cases) {
    const bytes = hexBytes(pageOf(options, 0xb0));
    const what = JSON.stringify(options);
    assert.equal(toHex(bytes.subarray(0, 5)), golden("00 b0 003c 01"), what); // WSNZ
    // Byte 5 and the bytes from 44 on are for COMPARE AND WRITE and WRITE ATOMIC.
    assert.equal(toHex(bytes.subarray(6, 44)), golden(limits, "00000000 0000ffff"), what);
    assert.equal(bytes.length, 64, what);
  }
});

Deno.test("blockDeviceCharacteristics() is page B1h: 15000 revolutions, or none", () => {
  const thick = { thinProvisioned: false };
  assert.equal(pageOf({ rotational: true, ...thick }, 0xb1), golden("00 b1 003c 3a98", zeros(58)));
  assert.equal(pageOf({ rotational: false, ...thick }, 0xb1), golden("00 b1 003c 0001", zeros(58)));
  // WABEREQ 01b: thin disks have block erase.
  assert.equal(pageOf({ rotational: true }, 0xb1), golden("00 b1 003c 3a98 0040", zeros(56)));
});

Deno.test("logicalBlockProvisioning() is page B2h: LBPU, LBPWS, LBPWS10, LBPRZ 001b, thin, and the threshold exponent", () => {
  assert.equal(pageOf({}, 0xb2), golden("00 b2 0004 0b e4 02 00"));
  assert.equal(pageOf({ blocksize: 4096 }, 0xb2), golden("00 b2 0004 08 e4 02 00"));
  assert.equal(pageOf({ null: true }, 0xb2), golden("00 b2 0004 00 e4 02 00"), "nothing to count");
});
