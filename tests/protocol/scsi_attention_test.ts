/** Unit attentions, REQUEST SENSE, and LUNs that are not there (SAM-5 5.14; SPC-4 6.6.2, 6.37). */
import assert from "node:assert/strict";
import { assertGood, assertSense } from "../harness/block_io.ts";
import { diskYaml } from "../harness/server.ts";
import { openReady, openSession } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import * as cdb from "../initiator/cdb.ts";
import { parseSense, senseText } from "../initiator/sense.ts";
import type { Session } from "../initiator/session.ts";

const LUNS = [0, 1, 2];
const ABSENT = [3, 255, 256, 16383];

async function requestedSense(session: Session, lun: number, descriptor = false) {
  const result = await session.command(cdb.requestSense(252, descriptor), { lun, read: 252 });
  assertGood(result, "REQUEST SENSE");
  return parseSense(result.data);
}

suite("unit attentions and absent LUNs", diskYaml(LUNS.map(() => ({}))), {
  "the first command on every LUN of a new session gets 29/00, the second passes": async (
    server,
  ) => {
    await using session = await openSession(server);
    for (const lun of LUNS) {
      const first = await session.command(cdb.testUnitReady(), { lun });
      assertSense(first, "06/29/00", `LUN ${lun}`);
      assertGood(await session.command(cdb.testUnitReady(), { lun }));
    }
  },

  "a write that meets a unit attention writes nothing and takes its data": async (server) => {
    await using session = await openSession(server);
    const write = new Uint8Array(128 * 1024);
    assertSense(await session.command(cdb.write10(0, 256), { write }), "06/29/00");
    assertGood(await session.command(cdb.write10(0, 256), { write }));
  },

  "INQUIRY and REPORT LUNS leave it pending": async (server) => {
    await using session = await openSession(server);
    assertGood(await session.command(cdb.inquiry(36), { read: 36 }));
    assertGood(await session.command(cdb.reportLuns(64), { read: 64 }));
    assertSense(await session.command(cdb.testUnitReady()), "06/29/00");
  },

  "REQUEST SENSE returns it as data and takes it": async (server) => {
    await using session = await openSession(server);
    assert.equal(senseText(await requestedSense(session, 0)), "06/29/00");
    assertGood(await session.command(cdb.testUnitReady()));
  },

  "REQUEST SENSE without anything to tell says NO SENSE, in either format": async (server) => {
    await using session = await openReady(server);
    const fixed = await requestedSense(session, 0);
    assert.deepEqual([fixed.format, senseText(fixed)], ["fixed", "00/00/00"]);
    const descriptor = await requestedSense(session, 0, true);
    assert.deepEqual([descriptor.format, senseText(descriptor)], ["descriptor", "00/00/00"]);
  },

  "one session's unit attention is not another's": async (server) => {
    await using first = await openReady(server, LUNS);
    await using second = await openSession(server);
    assertSense(await second.command(cdb.testUnitReady()), "06/29/00");
    assertGood(await first.command(cdb.testUnitReady()));
  },

  "INQUIRY on an absent LUN says that there is nothing": async (server) => {
    await using session = await openSession(server);
    for (const lun of ABSENT) {
      const result = await session.command(cdb.inquiry(255), { lun, read: 255 });
      assertGood(result, `LUN ${lun}`);
      assert.equal(result.data[0], 0x7f);
      assert(result.data.length >= 36);
    }
  },

  "REQUEST SENSE on an absent LUN returns 05/25/00 as data": async (server) => {
    await using session = await openSession(server);
    for (const lun of ABSENT) {
      assert.equal(senseText(await requestedSense(session, lun)), "05/25/00");
    }
  },

  "everything else on an absent LUN is 05/25/00": async (server) => {
    await using session = await openSession(server);
    const write = new Uint8Array(512);
    for (const lun of ABSENT) {
      for (
        const [command, options] of [
          [cdb.testUnitReady(), {}],
          [cdb.read10(0, 1), { read: 512 }],
          [cdb.write10(0, 1), { write }],
          [cdb.readCapacity10(), { read: 8 }],
          [cdb.readCapacity16(32), { read: 32 }],
          [cdb.modeSense6(0x3f, 255), { read: 255 }],
          [Uint8Array.of(0xc0), {}],
        ] as const
      ) {
        const result = await session.command(command, { lun, ...options });
        assertSense(result, "05/25/00", `LUN ${lun}, opcode ${command[0]}`);
      }
    }
  },
});
