/** REPORT SUPPORTED OPERATION CODES (SPC-5 6.35) says what is in the table, and nothing else. */
import assert from "node:assert/strict";
import type { Operation } from "../../lib/scst/operation.ts";
import { DeviceType } from "../../lib/scsi/device_type.ts";
import { OPERATION_TABLE, OPERATION_TABLES } from "../../lib/scst/opcodes.ts";
import { CdRig } from "../harness/cd_rig.ts";
import { usageBytes } from "../harness/cdb_of.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { ALL_COMMANDS } from "../harness/filled_rig.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { type OpcodeQuery, reportOpcodes } from "../initiator/cdb.ts";

const ALL = 0;
const CODE = 1;
const SERVICE_ACTION = 2;
const EITHER = 3;
/** SUPPORT (SPC-5 table 303). */
const NOT_SUPPORTED = [0, 1, 0, 0];

/** Bytes of the medium of a disk that takes longer to be sanitized than any other command. */
const LARGE = 2 ** 40;

/** NOMINAL COMMAND PROCESSING TIMEOUT and RECOMMENDED COMMAND TIMEOUT, in seconds. */
type Timeouts = readonly [nominal: number, recommended: number];

/** Those of the rows; the others have one second, and sixty. */
const TIMEOUTS: readonly (readonly [RegExp, Timeouts])[] = [
  [/^(TEST UNIT READY|REQUEST SENSE|INQUIRY|REPORT|RECEIVE|PREVENT|SET [TC])/, [1, 10]],
  [/^(READ (TOC|DISC|TRACK)|GET (CONFIGURATION|EVENT)|MECHANISM STATUS)/, [1, 10]],
  [/^(MODE SENSE|READ CAPACITY|READ DEFECT DATA|PERSISTENT RESERVE IN|LOG SELECT)/, [1, 10]],
  [/^(FORMAT UNIT|SYNCHRONIZE CACHE|START STOP UNIT|MODE SELECT)/, [60, 3600]], // they flush
  [/^((WRITE AND )?VERIFY|WRITE SAME|UNMAP|EXTENDED COPY|WRITE USING TOKEN)/, [60, 3600]],
  [/^SANITIZE (OVERWRITE|BLOCK ERASE)$/, [60, 3600]],
];

function timeoutsOf(row: Operation): Timeouts {
  return TIMEOUTS.find(([name]) => name.test(row.name))?.[1] ?? [1, 60];
}

/** The command timeouts descriptor (SPC-5 6.35.4). */
function descriptor([nominal, recommended]: Timeouts): number[] {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint16(0, 10);
  view.setUint32(4, nominal);
  view.setUint32(8, recommended);
  return [...new Uint8Array(view.buffer)];
}

const { rows } = OPERATION_TABLE;
const driveRows = OPERATION_TABLES[DeviceType.CD_ROM].rows;

/** What a disk does not have that is thick, not removable and in no device group. */
const OPTIONAL = [
  "UNMAP",
  "SANITIZE BLOCK ERASE",
  "PREVENT ALLOW MEDIUM REMOVAL",
  "REPORT TARGET PORT GROUPS",
  "SET TARGET PORT GROUPS",
];

const KINDS = [
  { kind: "thin, removable, grouped disk", open: () => new Rig(ALL_COMMANDS), has: rows },
  {
    kind: "thick, fixed disk",
    open: () => new Rig({ thinProvisioned: false }),
    has: rows.filter((row) => !OPTIONAL.includes(row.name)),
  },
  {
    kind: "drive for CDs",
    open: () => new CdRig(),
    has: driveRows.filter((row) => row.name !== "REPORT TARGET PORT GROUPS"),
  },
];

function ask(peer: Peer, query: OpcodeQuery): number[] {
  return [...exchangeGood(peer, reportOpcodes(4096, query), { read: 4096 }, JSON.stringify(query))];
}

/** One command parameter data as SPC-5 6.35.3 has it. */
function described(row: Operation, timeouts: boolean): number[] {
  const usage = usageBytes(row);
  if (row.serviceAction !== undefined) usage[1] = usage[1]! & 0xe0 | row.serviceAction;
  const head = [0, timeouts ? 0x83 : 0x03, 0, usage.length];
  return [...head, ...usage, ...(timeouts ? descriptor(timeoutsOf(row)) : [])];
}

function queryOf(row: Operation): OpcodeQuery {
  const { code: opcode, serviceAction } = row;
  return serviceAction === undefined
    ? { reporting: CODE, opcode }
    : { reporting: SERVICE_ACTION, opcode, serviceAction };
}

for (const { kind, open, has } of KINDS) {
  Deno.test(`reportSupportedOpcodes() lists the table of a ${kind}`, () => {
    using rig = open();
    const peer = rig.login(1);
    for (const timeouts of [false, true]) {
      const entries = has.flatMap((row) => [
        row.code,
        ...[0, 0, row.serviceAction ?? 0, 0],
        (row.serviceAction === undefined ? 0 : 1) | (timeouts ? 2 : 0),
        ...[0, usageBytes(row).length],
        ...(timeouts ? descriptor(timeoutsOf(row)) : []),
      ]);
      const header = [0, 0, entries.length >> 8, entries.length & 0xff];
      assert.deepEqual(ask(peer, { reporting: ALL, timeouts }), [...header, ...entries]);
    }
  });

  Deno.test(`reportSupportedOpcodes() describes every command of a ${kind}`, () => {
    using rig = open();
    const peer = rig.login(1);
    for (const row of kind === "drive for CDs" ? driveRows : rows) {
      const exists = has.includes(row);
      for (const timeouts of [false, true]) {
        const expected = exists ? described(row, timeouts) : NOT_SUPPORTED;
        const query = { ...queryOf(row), timeouts };
        assert.deepEqual(ask(peer, query), expected, row.name);
        assert.deepEqual(ask(peer, { ...query, reporting: EITHER }), expected, row.name);
      }
    }
  });
}

Deno.test("reportSupportedOpcodes() gives SANITIZE the time that the medium takes", () => {
  using rig = new Rig({ null: true, size: LARGE });
  const peer = rig.login(1);
  for (const row of rows.filter(({ name }) => name.startsWith("SANITIZE"))) {
    const exits = row.name.endsWith("EXIT FAILURE MODE");
    const seconds = LARGE / (32 * 2 ** 20);
    const expected = descriptor(exits ? [1, 60] : [60, seconds]);
    assert.deepEqual(ask(peer, { ...queryOf(row), timeouts: true }).slice(14), expected, row.name);
  }
});

function isThere(opcode: number, action: number): boolean {
  return rows.some((row) => row.code === opcode && row.serviceAction === action);
}

Deno.test("reportSupportedOpcodes() says of everything else that it is not supported", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const withActions = new Set(
    rows.filter((row) => row.serviceAction !== undefined).map((row) => row.code),
  );
  for (let opcode = 0; opcode < 256; opcode++) {
    const known = rows.filter((row) => row.code === opcode);
    if (known.length === 0) {
      assert.deepEqual(ask(peer, { reporting: CODE, opcode }), NOT_SUPPORTED);
      assert.deepEqual(ask(peer, { reporting: EITHER, opcode }), NOT_SUPPORTED);
      continue;
    }
    const actions = withActions.has(opcode)
      ? [0, 0x1f, 0x110, 0x10c, 0xffff].filter((action) => !isThere(opcode, action))
      : [1, 0x100, 0xffff];
    for (const serviceAction of actions) {
      if (known.some((row) => row.serviceAction === serviceAction)) continue;
      const query = { opcode, serviceAction };
      assert.deepEqual(ask(peer, { ...query, reporting: EITHER }), NOT_SUPPORTED);
      if (!withActions.has(opcode)) continue;
      assert.deepEqual(ask(peer, { ...query, reporting: SERVICE_ACTION }), NOT_SUPPORTED);
    }
  }
});

Deno.test("reportSupportedOpcodes() refuses the option that does not go with the opcode", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const { code: opcode, serviceAction } of rows) {
    const reporting = serviceAction === undefined ? SERVICE_ACTION : CODE;
    const cdb = reportOpcodes(4096, { reporting, opcode });
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 4096 });
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 3, bit: 7 });
  }
  for (let reporting = 4; reporting < 8; reporting++) {
    const cdb = reportOpcodes(4096, { reporting });
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 4096 });
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 2, bit: 2 });
  }
});
