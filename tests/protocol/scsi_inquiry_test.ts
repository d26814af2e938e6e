/** INQUIRY: standard data and vital product data (SPC-4 6.6, 7.8; SBC-3 6.6). */
import assert from "node:assert/strict";
import { assertGood, assertSense } from "../harness/block_io.ts";
import { backingFile, diskYaml, TARGET_NAME } from "../harness/server.ts";
import { openReady, openSession } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { inquiry } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const NAA = "6025c570000000010000000200000003";
const THICK = 0;
const THIN = 1;
const LARGE_BLOCKS = 2;
const NULLIO = 3;

function yaml(dir: string): string {
  const size = 4 << 20;
  const file = (name: string) => ({ name, filename: backingFile(dir, name, size) });
  return diskYaml([
    { ...file("thick"), naaId: NAA, usn: "SERIAL-0001" },
    { ...file("thin"), thinProvisioned: true, rotational: false },
    { ...file("large"), blocksize: 4096 },
    { name: "nothing" },
  ]);
}

async function page(session: Session, lun: number, code: number): Promise<DataView> {
  const result = await session.command(inquiry(1024, code), { lun, read: 1024 });
  assertGood(result, `VPD page ${code.toString(16)}`);
  const { data } = result;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  assert.equal(view.getUint8(0), 0, "a connected disk");
  assert.equal(view.getUint8(1), code);
  assert.equal(view.getUint16(2), data.length - 4, "PAGE LENGTH");
  return view;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return new TextDecoder().decode(bytes.subarray(from, to));
}

interface Designator {
  readonly codeSet: number;
  readonly association: number;
  readonly type: number;
  readonly value: Uint8Array;
}

function designators(view: DataView): Designator[] {
  const found: Designator[] = [];
  for (let at = 4; at < view.byteLength; at += 4 + view.getUint8(at + 3)) {
    const start = view.byteOffset + at + 4;
    found.push({
      codeSet: view.getUint8(at) & 0xf,
      association: view.getUint8(at + 1) >> 4 & 3,
      type: view.getUint8(at + 1) & 0xf,
      value: new Uint8Array(view.buffer, start, view.getUint8(at + 3)),
    });
  }
  return found;
}

suite("INQUIRY", yaml, {
  "standard data of a disk": async (server) => {
    await using session = await openReady(server);
    const result = await session.command(inquiry(255), { read: 255 });
    assertGood(result);
    const { data } = result;
    assert.equal(data[0], 0, "connected, direct access");
    assert.equal(data[1], 0, "not removable");
    assert.equal(data[2], 6, "SPC-4");
    assert.equal((data[3] ?? 0) & 0xf, 2, "response data format");
    assert.equal(data[4], data.length - 5);
    assert.equal((data[7] ?? 0) & 2, 2, "CMDQUE");
    assert.match(text(data, 8, 16), /^[\x20-\x7e]{8}$/);
    assert.equal(text(data, 16, 32), "thick           ", "the device's name");
    assert.match(text(data, 32, 36), /^[\x20-\x7e]{4}$/);
  },

  "data is cut off at the allocation length": async (server) => {
    await using session = await openReady(server);
    const whole = (await session.command(inquiry(255), { read: 255 })).data;
    for (const length of [0, 1, 5, 36]) {
      const result = await session.command(inquiry(length), { read: 255 });
      assertGood(result);
      assert.deepEqual([...result.data], [...whole.subarray(0, length)]);
      assert.equal(result.residual, 255 - length);
    }
  },

  "a page code without EVPD is an invalid field": async (server) => {
    await using session = await openReady(server);
    const cdb = inquiry(255, 0x80);
    cdb[1] = 0;
    const result = await session.command(cdb, { read: 255 });
    assertSense(result, "05/24/00");
    assert.equal(result.sense?.fieldPointer?.byte, 2);
  },

  "a page that is not there is an invalid field": async (server) => {
    await using session = await openReady(server);
    for (const code of [0x01, 0x82, 0xb7, 0xff]) {
      const result = await session.command(inquiry(255, code), { read: 255 });
      assertSense(result, "05/24/00", `page ${code}`);
      assert.equal(result.sense?.fieldPointer?.byte, 2);
    }
  },

  "00: every page that is listed is there, in ascending order": async (server) => {
    await using session = await openReady(server);
    for (
      const [lun, wanted] of [
        [THICK, [0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1]],
        [THIN, [0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2]],
      ] as const
    ) {
      const view = await page(session, lun, 0);
      const codes = [...new Uint8Array(view.buffer, view.byteOffset + 4, view.byteLength - 4)];
      assert.deepEqual(codes, codes.toSorted((a, b) => a - b));
      for (const code of wanted) assert(codes.includes(code), `page ${code.toString(16)}`);
      for (const code of codes) await page(session, lun, code);
    }
  },

  "80: the serial number of the configuration, or one made up": async (server) => {
    await using session = await openReady(server);
    const given = await page(session, THICK, 0x80);
    const bytes = new Uint8Array(given.buffer, given.byteOffset + 4, given.byteLength - 4);
    assert.equal(text(bytes, 0, bytes.length), "SERIAL-0001");
    const serials = new Set<string>();
    for (const lun of [THICK, THIN, LARGE_BLOCKS, NULLIO]) {
      const view = await page(session, lun, 0x80);
      serials.add(
        text(new Uint8Array(view.buffer, view.byteOffset + 4, view.byteLength - 4), 0, 99),
      );
    }
    assert.equal(serials.size, 4, "no two disks have one serial number");
  },

  "83: the NAA id of the configuration, and the target port": async (server) => {
    await using session = await openReady(server);
    const found = designators(await page(session, THICK, 0x83));
    const ofUnit = found.filter(({ association }) => association === 0);
    const naa = ofUnit.filter(({ type }) => type === 3);
    assert.equal(naa.length, 1);
    assert.equal(naa[0]?.codeSet, 1);
    const hex = [...naa[0]?.value ?? []].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    assert.equal(hex, NAA);
    assert(ofUnit.some(({ type }) => type === 1), "T10 vendor identification");
    const port = found.find(({ association, type }) => association === 1 && type === 4);
    assert.equal(port?.value.length, 4, "relative target port");
    const name = found.find(({ association, type }) => association === 1 && type === 8);
    if (name !== undefined) assert(text(name.value, 0, 99).startsWith(TARGET_NAME));
  },

  "83: identities that were made up differ": async (server) => {
    await using session = await openReady(server);
    const ids = new Set<string>();
    for (const lun of [THICK, THIN, LARGE_BLOCKS, NULLIO]) {
      const naa = designators(await page(session, lun, 0x83)).find(({ type }) => type === 3);
      assert.equal((naa?.value[0] ?? 0) >> 4, 6);
      ids.add(String(naa?.value));
    }
    assert.equal(ids.size, 4);
  },

  "86: the three task attributes": async (server) => {
    await using session = await openReady(server);
    const view = await page(session, THICK, 0x86);
    assert.equal(view.byteLength, 64);
    assert.equal(view.getUint8(5) & 7, 7, "HEADSUP, ORDSUP, SIMPSUP");
  },

  "B0: limits in blocks of each disk": async (server) => {
    await using session = await openReady(server);
    for (const [lun, blocksize] of [[THICK, 512], [THIN, 512], [LARGE_BLOCKS, 4096]] as const) {
      const view = await page(session, lun, 0xb0);
      assert.equal(view.byteLength, 64);
      assert.equal(view.getUint8(4) & 1, 1, "WSNZ");
      assert.equal(view.getUint32(8), (8 << 20) / blocksize, "MAXIMUM TRANSFER LENGTH");
      assert.equal(view.getUint32(12), (512 << 10) / blocksize, "OPTIMAL TRANSFER LENGTH");
      const unmapLbas = view.getUint32(20);
      assert.equal(unmapLbas > 0, lun === THIN, "MAXIMUM UNMAP LBA COUNT");
      assert.equal(view.getUint32(24) > 0, lun === THIN, "MAXIMUM UNMAP BLOCK DESCRIPTOR COUNT");
    }
  },

  "B1: the rotation rate": async (server) => {
    await using session = await openReady(server);
    assert.equal((await page(session, THICK, 0xb1)).getUint16(4), 15000);
    assert.equal((await page(session, THIN, 0xb1)).getUint16(4), 1, "does not rotate");
  },

  "B2: what a thin disk can give back, and nothing for others": async (server) => {
    await using session = await openReady(server);
    const view = await page(session, THIN, 0xb2);
    assert.equal(view.getUint8(5) & 0xe0, 0xe0, "LBPU, LBPWS, LBPWS10");
    assert.equal(view.getUint8(6) & 7, 2, "thin");
    const result = await session.command(inquiry(255, 0xb2), { lun: THICK, read: 255 });
    assertSense(result, "05/24/00");
  },

  "the null device is a disk, too": async (server) => {
    await using session = await openReady(server, [NULLIO]);
    const { data } = await session.command(inquiry(255), { lun: NULLIO, read: 255 });
    assert.equal(data[0], 0);
    assert.equal(text(data, 16, 32), "nothing         ");
  },

  "INQUIRY leaves a unit attention pending": async (server) => {
    await using session = await openSession(server);
    assertGood(await session.command(inquiry(255), { read: 255 }));
    assertGood(await session.command(inquiry(255, 0x83), { read: 255 }));
  },
});
