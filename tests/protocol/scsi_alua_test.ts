/** Asymmetric access over two targets, from the configuration to what two initiators see (SPC-4 5.15). */
import assert from "node:assert/strict";
import { assertGood, assertSense, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { backingFile } from "../harness/server.ts";
import { openReady, openSession } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import type { Address } from "../initiator/raw.ts";
import type { Session } from "../initiator/session.ts";
import {
  parseTargetGroups,
  type ReportedGroup,
  reportTargetGroups,
  setGroupsList,
  setTargetGroups,
  State,
} from "../initiator/target_groups.ts";

const NEAR = "iqn.2026-11.org.example:near";
const AWAY = "iqn.2026-11.org.example:away";
const CHANGED = "06/2A/06";

function yaml(dir: string): string {
  return `
portals: ["127.0.0.1:0"]
devices:
  shared: {handler: vdisk_fileio, filename: ${
    backingFile(dir, "shared.img", 2 ** 20)
  }, expl_alua: true}
  implicit: {handler: vdisk_nullio, size: 1MiB}
  plain: {handler: vdisk_nullio, size: 1MiB}
  moving: {handler: vdisk_nullio, size: 1MiB}
targets:
  ${NEAR}: {luns: {0: shared, 1: implicit, 2: plain, 3: moving}}
  ${AWAY}: {rel_tgt_id: 40, luns: {0: shared, 1: implicit, 2: plain}}
device_groups:
  moves:
    devices: [moving]
    target_groups:
      tg: {group_id: 9, state: transitioning, targets: [${NEAR}]}
  dg:
    devices: [shared, implicit]
    target_groups:
      near: {group_id: 1, preferred: true, targets: [${NEAR}]}
      away: {group_id: 2, state: standby, targets: {${AWAY}: , iqn.2026-11.org.example:far: {rel_tgt_id: 41}}}
`;
}

const LUNS = [0, 1, 2];

/** A session with a target whose units have told of the new nexus. */
async function open(server: Address, targetName: string): Promise<Session> {
  const session = await openSession(server, { targetName });
  for (const lun of LUNS) {
    assertSense(await session.command(testUnitReady(), { lun }), "06/29/00");
  }
  return session;
}

async function groupsOf(session: Session, lun = 0): Promise<ReportedGroup[]> {
  const result = await session.command(reportTargetGroups(4096), { lun, read: 4096 });
  assertGood(result, "REPORT TARGET PORT GROUPS");
  return parseTargetGroups(result.data);
}

const set = (session: Session, write: Uint8Array, lun = 0) =>
  session.command(setTargetGroups(write.length), { lun, write });

suite("asymmetric access through two targets", yaml, {
  "both targets report the same groups": async (server) => {
    await using near = await open(server, NEAR);
    await using away = await open(server, AWAY);
    const expected = [
      { id: 1, state: State.ACTIVE, preferred: true, altered: 2, ports: [1] },
      { id: 2, state: State.STANDBY, preferred: false, altered: 2, ports: [40, 41] },
    ];
    for (const session of [near, away]) {
      for (const lun of [0, 1]) assert.deepEqual(await groupsOf(session, lun), expected);
      const missing = await session.command(reportTargetGroups(64), { lun: 2, read: 64 });
      assertSense(missing, "05/24/00");
    }
  },

  "INQUIRY says how the states of each device change, and which group the port is in": async (
    server,
  ) => {
    await using away = await open(server, AWAY);
    for (const [lun, tpgs] of [[0, 3], [1, 1], [2, 0]] as const) {
      const standard = await away.command(inquiry(96), { lun, read: 96 });
      assert.equal(standard.data[5]! >> 4 & 3, tpgs, `LUN ${lun}`);
      const page = await away.command(inquiry(1024, 0x83), { lun, read: 1024 });
      const group = page.data.findIndex((byte, at) => byte === 0x51 && page.data[at + 1] === 0x95);
      assert.equal(group >= 0, tpgs !== 0, `LUN ${lun}`);
      if (group >= 0) assert.deepEqual([...page.data.subarray(group + 4, group + 8)], [0, 0, 0, 2]);
    }
  },

  "a disk is read and written through the active target, and not through the one in standby":
    async (
      server,
    ) => {
      await using near = await open(server, NEAR);
      await using away = await open(server, AWAY);
      const data = patternBytes(4096, 1);
      await writeBlocks(near, 0, data);
      assertSense(await away.command(read10(0, 1), { read: 512 }), "02/04/0B");
      assertSense(await away.command(write10(0, 8), { write: new Uint8Array(4096) }), "02/04/0B");
      assertGood(await away.command(read10(0, 1), { lun: 2, read: 512 }), "a device in no group");
      assert.deepEqual(await readBlocks(near, 0, 8), data);
    },

  "a command waits half a second for the end of a transition, and holds nobody else up": async (
    server,
  ) => {
    await using near = await open(server, NEAR);
    const lun = 3;
    assertSense(await near.command(testUnitReady(), { lun }), "06/29/00");
    const began = performance.now();
    let ended = false;
    const waiting = near.command(write10(0, 1), { lun, write: new Uint8Array(512) })
      .finally(() => ended = true);
    await readBlocks(near, 0, 8);
    assert(!ended, "the other LUN answers first");
    assertSense(await waiting, "02/04/0A");
    const waited = performance.now() - began;
    assert(waited >= 490 && waited < 5000, `${waited} ms`);
  },

  "an initiator moves the access from one target to the other": async (server) => {
    await using near = await open(server, NEAR);
    await using away = await open(server, AWAY);
    const data = patternBytes(4096, 2);
    // The group of the other target has a port of another node, which this one cannot change.
    assertSense(await set(away, setGroupsList([State.ACTIVE, 2])), "04/67/0A");
    assertSense(await set(away, setGroupsList([State.ACTIVE, 2]), 1), "05/24/00");
    assertGood(await set(away, setGroupsList([State.UNAVAILABLE, 1])));
    assertSense(await near.command(testUnitReady()), CHANGED);
    assertSense(await near.command(testUnitReady()), "02/04/0C");
    assert.equal((await near.command(inquiry(36), { read: 36 })).data[0], 0x20);
    assert.deepEqual((await groupsOf(near))[0], {
      id: 1,
      state: State.UNAVAILABLE,
      preferred: true,
      altered: 1,
      ports: [1],
    });
    // The other device of the group has changed as well, and everybody is told of that.
    for (const session of [near, away]) {
      assertSense(await session.command(testUnitReady(), { lun: 1 }), CHANGED);
    }
    assertGood(await set(near, setGroupsList([State.NONOPTIMIZED, 1])));
    assertSense(await away.command(testUnitReady()), CHANGED);
    await writeBlocks(near, 8, data);
    assert.deepEqual(await readBlocks(near, 8, 8), data);
    assertGood(await set(near, setGroupsList([State.ACTIVE, 1])));
    await using late = await openReady(server, LUNS, { targetName: NEAR });
    assert.deepEqual(await readBlocks(late, 8, 8), data);
  },
});
