/** Every row of the opcode table, taken at its word: made into CDBs and run through a connection. */
import assert from "node:assert/strict";
import { DeviceType } from "../../lib/scsi/device_type.ts";
import type { Operation } from "../../lib/scst/operation.ts";
import { OPERATION_TABLES } from "../../lib/scst/opcodes.ts";
import { CdRig } from "../harness/cd_rig.ts";
import { layoutOf, usageBytes } from "../harness/cdb_of.ts";
import { DEVICE_KINDS, type DeviceKind } from "../harness/device_kinds.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { filledRig, isUnchanged } from "../harness/filled_rig.ts";
import { setDescriptorSense } from "../harness/modes.ts";
import { prepare } from "../harness/prepare.ts";
import { stateOf } from "../harness/state_of.ts";

/** Every row of every table, once. */
const rows = [...new Set(DEVICE_KINDS.flatMap(({ table }) => table.rows))];

/** The bits of a row's CDB that it does not use. */
function unusedBits(row: Operation): [byte: number, bit: number][] {
  const bits: [number, number][] = [];
  usageBytes(row).forEach((used, byte) => {
    const taken = byte === 0 ? 0xff : used;
    for (let bit = 7; bit >= 0; bit--) if ((taken >> bit & 1) === 0) bits.push([byte, bit]);
  });
  return bits;
}

Deno.test("OPERATION_TABLES are sorted, and their usage data has the length of the group code", () => {
  for (const { table } of DEVICE_KINDS) {
    const keys = table.rows.map((row) => row.code << 8 | (row.serviceAction ?? 0));
    assert.deepEqual(keys, [...new Set(keys)].sort((a, b) => a - b));
  }
  for (const row of rows) {
    const usage = usageBytes(row);
    assert.equal(usage.length, layoutOf(row).cdb, row.name);
    assert.equal(usage[0], row.code, row.name);
    if (row.serviceAction !== undefined) assert.equal(usage[1]! & 0x1f, 0x1f, row.name);
    const vendor = row.name === "READ TOC/PMA/ATIP" ? 0xc0 : 0; // the format of SFF-8020i
    assert.equal(usage.at(-1), vendor | 0x04, `${row.name}: NACA in CONTROL`);
    assert.equal(Number(row.onDisk === undefined) + Number(row.onNexus === undefined), 1, row.name);
  }
});

/** Byte 1 of the CDB, as far as it is used, by the standard and not by the table. */
const BYTE_1: readonly [name: RegExp, mask: number][] = [
  [/^(TEST UNIT READY|READ CAPACITY\(10\)|REPORT LUNS)$/, 0],
  [/^REQUEST SENSE$/, 0x01], // DESC
  [/^INQUIRY$/, 0x01], // EVPD
  [/^(READ|WRITE)\(6\)$/, 0x1f], // LBA
  [/^(READ|WRITE)\(1[026]\)$/, 0x18], // DPO, FUA
  [/^(WRITE AND )?VERIFY\(/, 0x16], // DPO, BYTCHK
  [/^WRITE SAME\(10\)$/, 0x18], // ANCHOR, UNMAP
  [/^WRITE SAME\(16\)$/, 0x19], // and NDOB
  [/^UNMAP$/, 0x01], // ANCHOR
  [/^(COMPARE AND WRITE|ORWRITE\(16\)|WRITE ATOMIC\(16\))$/, 0x18], // DPO, FUA
  [/^PRE-FETCH\(/, 0x02], // IMMED
  [/^READ DEFECT DATA\(10\)$/, 0x00],
  [/^READ DEFECT DATA\(12\)$/, 0x1f], // REQ_PLIST, REQ_GLIST, DEFECT LIST FORMAT
  [/^FORMAT UNIT$/, 0x3f], // LONGLIST, FMTDATA, CMPLST, DEFECT LIST FORMAT
  [/^SANITIZE /, 0xbf], // IMMED, AUSE, SERVICE ACTION
  [/^MODE SENSE\(6\)$/, 0x08], // DBD
  [/^MODE SENSE\(10\)$/, 0x18], // and LLBAA
  [/^READ TOC/, 0x02], // MSF
  [/^GET CONFIGURATION$/, 0x03], // RT
  [/^GET EVENT STATUS/, 0x01], // POLLED
  [/^READ DISC INFORMATION$/, 0x07], // DATA TYPE
  [/^READ TRACK INFORMATION$/, 0x03], // ADDRESS/NUMBER TYPE
  [/^READ DISC STRUCTURE$/, 0x0f], // MEDIA TYPE
  [/^READ CD/, 0x1c], // EXPECTED SECTOR TYPE
  [/^SET CD SPEED$/, 0x03], // ROTATIONAL CONTROL
  [/^MECHANISM STATUS$/, 0x00],
];

/** What drives for CDs have beside what they share with disks; and what of that they do not have. */
const OF_DRIVES = [0x43, 0x46, 0x4a, 0x51, 0x52, 0xad, 0xb9, 0xbb, 0xbd, 0xbe];
const OF_DISKS =
  /^(FORMAT|WRITE|UNMAP|SANITIZE|COMPARE|ORWRITE|PRE-FETCH|EXTENDED COPY|POPULATE|RECEIVE (COPY|ROD)|READ CAPACITY\(16\)|READ DEFECT|GET LBA|SET (IDENT|TIME|TARGET)|REPORT (IDENT|TIME))/;

Deno.test("OPERATION_TABLES tell disks and drives for CDs apart", () => {
  const disk = OPERATION_TABLES[DeviceType.DISK].rows;
  const drive = OPERATION_TABLES[DeviceType.CD_ROM].rows;
  const own = drive.filter((row) => !disk.includes(row)).map(({ code }) => code);
  assert.deepEqual(own, OF_DRIVES);
  for (const row of disk) assert.equal(drive.includes(row), !OF_DISKS.test(row.name), row.name);
  assert(drive.every((row) => row.changesMedium !== true));
});

Deno.test("OPERATION_TABLE uses the bits of byte 1 that the standard defines", () => {
  for (const [name, mask] of BYTE_1) {
    const found = rows.filter((row) => name.test(row.name));
    assert(found.length > 0, String(name));
    for (const row of found) assert.equal(usageBytes(row)[1], mask, row.name);
  }
});

for (const kind of DEVICE_KINDS) {
  Deno.test(`admitCommand() of a ${kind.name} points at every bit that the row does not use, and does nothing`, () => {
    let tried = 0;
    for (const row of kind.table.rows) tried += tryUnusedBits(kind, row);
    assert(tried > 1000, `${tried} bits`);
  });

  Deno.test(`admitCommand() of a ${kind.name} points at the first of several bits, and at none behind the CDB`, () => {
    for (const row of kind.table.rows) {
      using rig = kind.rigFor(row);
      const peer = rig.login(1);
      prepare(peer, row);
      const { cdb, transfer } = kind.exampleOf(row);
      const padded = cdb.slice().fill(0xff, layoutOf(row).cdb);
      exchangeGood(peer, padded, transfer, row.name);
      const wrong = cdb.slice();
      for (const [byte, bit] of unusedBits(row)) wrong[byte]! |= 1 << bit;
      const { fieldPointer } = exchangeSense(peer, wrong, "05/24/00", transfer, row.name);
      const [byte, bit] = unusedBits(row)[0]!;
      assert.deepEqual(fieldPointer, { inCdb: true, byte, bit }, row.name);
    }
  });
}

/** Tries every bit that the row does not use, and then the command itself; returns how many. */
function tryUnusedBits(kind: DeviceKind, row: Operation): number {
  using rig = kind.rigFor(row);
  const peer = rig.login(1);
  prepare(peer, row);
  const { cdb, transfer } = kind.exampleOf(row);
  let tried = 0;
  for (const descriptors of [true, false]) {
    setDescriptorSense(peer, descriptors);
    const before = stateOf(rig);
    for (const [byte, bit] of unusedBits(row)) {
      const wrong = cdb.slice();
      wrong[byte]! |= 1 << bit;
      const what = `${row.name}: byte ${byte}, bit ${bit}`;
      const sense = exchangeSense(peer, wrong, "05/24/00", transfer, what);
      assert.equal(sense.format, descriptors ? "descriptor" : "fixed");
      assert.deepEqual(sense.fieldPointer, { inCdb: true, byte, bit }, what);
      tried++;
    }
    assert.deepEqual(stateOf(rig), before, row.name);
  }
  exchangeGood(peer, cdb, transfer, row.name);
  assert.equal(isUnchanged(rig), !changesContent(row), row.name);
  return tried;
}

/** Whether the example of a row writes: there is nothing to format, and a copy goes anywhere. */
function changesContent(row: Operation): boolean {
  if (row.name === "EXTENDED COPY(LID1)") return true;
  return row.changesMedium === true && row.name !== "FORMAT UNIT";
}

Deno.test("admitCommand() answers 05/20/00 to opcodes that are not in the table", () => {
  for (const rig of [filledRig(true), filledRig(false), new CdRig()]) {
    using _rig = rig;
    const peer = rig.login(1);
    const { rows } = OPERATION_TABLES[rig.disk.settings.type];
    const known = new Set(
      rows.filter((row) => row.exists?.(rig.disk) !== false).map((row) => row.code),
    );
    assert.equal(known.has(0x42), rig.disk.settings.thinProvisioned, "UNMAP");
    for (let code = 0; code < 256; code++) {
      if (known.has(code)) continue;
      const sense = exchangeSense(peer, Uint8Array.of(code, ...Array(15).fill(0)), "05/20/00");
      assert.equal(sense.fieldPointer, undefined);
    }
    assert(isUnchanged(rig));
  }
});

for (const { name, table, rigFor } of DEVICE_KINDS) {
  Deno.test(`admitCommand() of a ${name} points at a service action that is not in the table`, () => {
    using rig = rigFor();
    const peer = rig.login(1);
    const codes = new Set(
      table.rows.filter((row) => row.serviceAction !== undefined).map((row) => row.code),
    );
    assert(codes.has(0x5e) && codes.has(0xa3));
    for (const code of codes) {
      for (let action = 0; action < 32; action++) {
        if (table.find(code, action) !== undefined) continue;
        const cdb = new Uint8Array(16).fill(0, 2);
        cdb.set([code, action]);
        const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 255 });
        assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 4 });
      }
    }
  });
}
