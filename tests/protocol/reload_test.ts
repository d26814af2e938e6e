/** What SIGHUP and the management tree change of the target groups of a server that runs. */
import assert from "node:assert/strict";
import { assertGood, assertSense } from "../harness/block_io.ts";
import { TARGET_NAME } from "../harness/disk_yaml.ts";
import { runProgram } from "../harness/program.ts";
import { reload } from "../harness/reload.ts";
import { startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";
import {
  parseTargetGroups,
  reportTargetGroups,
  setGroupsList,
  setTargetGroups,
  State,
} from "../initiator/target_groups.ts";

/** A disk that is reached through one target group. */
function yaml(group: string): string {
  return `
portals: ["127.0.0.1:0"]
devices: {disk: {handler: vdisk_nullio, size: 1MiB}}
targets: {${TARGET_NAME}: {luns: {0: disk}}}
device_groups: {dg: {devices: [disk], target_groups: {tg: {targets: [${TARGET_NAME}], ${group}}}}}
`;
}

async function groupOf(session: Session): Promise<[state: number, preferred: boolean]> {
  const result = await session.command(reportTargetGroups(64), { read: 64 });
  assertGood(result, "REPORT TARGET PORT GROUPS");
  const [group] = parseTargetGroups(result.data);
  return [group!.state, group!.preferred];
}

const CHANGED = /^info done: change device group dg$/;

Deno.test("SIGHUP changes state and preference of a target group, each by itself", async () => {
  await using server = await startTestServer(() => yaml("group_id: 1"));
  await using session = await openReady(server);
  assert.deepEqual(await groupOf(session), [State.ACTIVE, false]);
  const standby = "group_id: 1, state: standby";
  await reload(server, yaml(standby), CHANGED);
  assertSense(await session.command(testUnitReady()), "06/2A/06");
  assertSense(await session.command(testUnitReady()), "02/04/0B");
  assert.deepEqual(await groupOf(session), [State.STANDBY, false]);
  const preferred = `${standby}, preferred: true`;
  await reload(server, yaml(preferred), CHANGED);
  assertSense(await session.command(testUnitReady()), "06/2A/06");
  assert.deepEqual(await groupOf(session), [State.STANDBY, true]);
  const other = "group_id: 2, preferred: true";
  await reload(server, yaml(other), CHANGED);
  await reload(server, yaml(other), /^info the configuration has not changed$/);
  assertSense(await session.command(testUnitReady()), "06/3F/03"); // VPD 83h has the number
  assertSense(await session.command(testUnitReady()), "06/2A/06");
  assert.deepEqual(await groupOf(session), [State.ACTIVE, true]);
});

Deno.test("an administrator who writes a state sets it, whatever initiators have made of it", async () => {
  const explicit = yaml("group_id: 1").replace("vdisk_nullio,", "vdisk_nullio, expl_alua: true,");
  await using server = await startTestServer(() => explicit);
  await using session = await openReady(server);
  const write = setGroupsList([State.STANDBY, 1]);
  assertGood(await session.command(setTargetGroups(write.length), { write }), "STPG");
  assert.deepEqual(await groupOf(session), [State.STANDBY, false]);
  const path = "device_groups/dg/target_groups/tg/state";
  const { code, stderr } = await runProgram(["tree", "write", path, "active"], {
    env: { SCST_CONTROL: `${server.dir}/control` },
  });
  assert.equal(code, 0, stderr);
  assertSense(await session.command(testUnitReady()), "06/2A/06");
  assert.deepEqual(await groupOf(session), [State.ACTIVE, false]);
});
