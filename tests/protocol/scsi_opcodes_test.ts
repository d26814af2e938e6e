/** REPORT SUPPORTED OPERATION CODES, and tests made from what it says (SPC-4 6.35). */
import assert from "node:assert/strict";
import { assertGood, assertSense } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { Op, type OpcodeQuery, reportOpcodes } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const THICK = 0;
const THIN = 1;
const ALL = 0;
const ONE_OPCODE = 1;
const ONE_ACTION = 2;
const EITHER = 3;

interface Supported {
  readonly opcode: number;
  readonly serviceAction: number | undefined;
  readonly cdbLength: number;
}

async function report(session: Session, query: OpcodeQuery, lun = THICK): Promise<DataView> {
  const result = await session.command(reportOpcodes(4096, query), { lun, read: 4096 });
  assertGood(result, `REPORT SUPPORTED OPERATION CODES ${JSON.stringify(query)}`);
  const { data } = result;
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

async function listed(session: Session, lun = THICK): Promise<Supported[]> {
  const view = await report(session, { reporting: ALL }, lun);
  assert.equal(view.getUint32(0), view.byteLength - 4, "COMMAND DATA LENGTH");
  const found: Supported[] = [];
  for (let at = 4; at < view.byteLength; at += 8) {
    found.push({
      opcode: view.getUint8(at),
      serviceAction: view.getUint8(at + 5) & 1 ? view.getUint16(at + 2) : undefined,
      cdbLength: view.getUint16(at + 6),
    });
  }
  return found;
}

/** The query for one command of the list. */
function queryFor({ opcode, serviceAction }: Supported): OpcodeQuery {
  return serviceAction === undefined
    ? { reporting: ONE_OPCODE, opcode }
    : { reporting: ONE_ACTION, opcode, serviceAction };
}

/** The CDB usage data of a command. */
async function usage(session: Session, command: Supported): Promise<Uint8Array> {
  const view = await report(session, queryFor(command));
  assert.equal(view.getUint8(1) & 7, 3, "supported as the standard has it");
  assert.equal(view.getUint16(2), command.cdbLength);
  const bytes = new Uint8Array(view.buffer, view.byteOffset + 4, command.cdbLength);
  assert.equal(bytes[0], command.opcode);
  return bytes;
}

/** CDB length by the group code of the operation code (SPC-4 4.2.5.1). */
function lengthByGroup(opcode: number): number {
  return [6, 10, 10, 0, 16, 12][opcode >> 5] ?? 0;
}

/** A disk with every option that brings a command, and those commands. */
const FULL = { thinProvisioned: true, removable: true };
const OPTIONAL: readonly number[] = [Op.Unmap, Op.PreventAllowMediumRemoval];

suite("operation codes", fileDisks(1 << 20, [{}, FULL]), {
  "the list has what initiators ask for": async (server) => {
    await using session = await openReady(server, [THICK, THIN]);
    const thick = new Set((await listed(session)).map(({ opcode }) => opcode));
    for (const [name, opcode] of Object.entries(Op)) {
      assert.equal(thick.has(opcode), !OPTIONAL.includes(opcode), name);
    }
    const thin = new Set((await listed(session, THIN)).map(({ opcode }) => opcode));
    for (const opcode of OPTIONAL) assert(thin.has(opcode), `opcode ${opcode.toString(16)}`);
  },

  "CDB lengths are those of the group codes": async (server) => {
    await using session = await openReady(server);
    for (const { opcode, cdbLength } of await listed(session)) {
      assert.equal(cdbLength, lengthByGroup(opcode), `opcode ${opcode.toString(16)}`);
    }
  },

  "every listed command reports its usage data": async (server) => {
    await using session = await openReady(server);
    for (const command of await listed(session)) {
      await usage(session, command);
      const { opcode, serviceAction = 0 } = command;
      const either = await report(session, { reporting: EITHER, opcode, serviceAction });
      assert.equal(either.getUint8(1) & 7, 3);
    }
  },

  "timeouts descriptors come when they are asked for": async (server) => {
    await using session = await openReady(server);
    const plain = await report(session, { reporting: ALL });
    const timed = await report(session, { reporting: ALL, timeouts: true });
    const count = plain.getUint32(0) / 8;
    assert.equal(timed.getUint32(0), count * 20);
    assert.equal(timed.getUint8(4 + 5) & 2, 2, "CTDP");
    for (let at = 4; at < timed.byteLength; at += 20) {
      assert.equal(timed.getUint16(at + 8), 10, "descriptor length");
      const [nominal, recommended] = [timed.getUint32(at + 12), timed.getUint32(at + 16)];
      assert(nominal > 0 && recommended >= nominal, `opcode ${timed.getUint8(at).toString(16)}`);
    }
  },

  "an opcode that is not there is reported as that": async (server) => {
    await using session = await openReady(server);
    const view = await report(session, { reporting: ONE_OPCODE, opcode: 0xc0 });
    assert.equal(view.getUint8(1) & 7, 1);
    const unmap = await report(session, { reporting: ONE_OPCODE, opcode: Op.Unmap });
    assert.equal(unmap.getUint8(1) & 7, 1);
  },

  "asking for an opcode with the wrong option is an invalid field": async (server) => {
    await using session = await openReady(server);
    for (
      const query of [
        { reporting: ONE_OPCODE, opcode: Op.MaintenanceIn },
        { reporting: ONE_ACTION, opcode: Op.Read10 },
        { reporting: 7 },
      ]
    ) {
      const result = await session.command(reportOpcodes(4096, query), { read: 4096 });
      assertSense(result, "05/24/00", JSON.stringify(query));
    }
  },

  "every opcode that is not listed is 05/20/00": async (server) => {
    await using session = await openReady(server);
    const known = new Set((await listed(session)).map(({ opcode }) => opcode));
    const codes = Array.from({ length: 256 }, (_, code) => code).filter((code) => !known.has(code));
    await Promise.all(codes.map(async (code) => {
      const result = await session.command(Uint8Array.of(code, ...new Array(15).fill(0)));
      assertSense(result, "05/20/00", `opcode ${code.toString(16)}`);
    }));
  },

  "an unknown service action is an invalid field": async (server) => {
    await using session = await openReady(server);
    for (const code of [Op.MaintenanceIn, Op.ServiceActionIn16]) {
      const cdb = new Uint8Array(16);
      cdb.set([code, 0x1f]);
      const result = await session.command(cdb);
      assertSense(result, "05/24/00");
      assert.equal(result.sense?.fieldPointer?.byte, 1);
    }
  },

  "every bit that no command uses is an invalid field, and the sense points at it": async (
    server,
  ) => {
    await using session = await openReady(server);
    let tried = 0;
    for (const command of await listed(session)) {
      const mask = await usage(session, command);
      const bits: [byte: number, bit: number][] = [];
      for (let byte = 1; byte < command.cdbLength; byte++) {
        const action = byte === 1 && command.serviceAction !== undefined ? 0x1f : 0;
        const used = (mask[byte] ?? 0) | action;
        for (let bit = 0; bit < 8; bit++) if ((used >> bit & 1) === 0) bits.push([byte, bit]);
      }
      await Promise.all(bits.map(async ([byte, bit]) => {
        const cdb = new Uint8Array(16);
        cdb[0] = command.opcode;
        cdb[1] = command.serviceAction ?? 0;
        cdb[byte] = (cdb[byte] ?? 0) | 1 << bit;
        const what = `opcode ${command.opcode.toString(16)}, byte ${byte}, bit ${bit}`;
        const result = await session.command(cdb);
        assertSense(result, "05/24/00", what);
        assert.deepEqual(result.sense?.fieldPointer, { inCdb: true, byte, bit }, what);
      }));
      tried += bits.length;
    }
    assert(tried > 300, `${tried} bits`);
  },
});
