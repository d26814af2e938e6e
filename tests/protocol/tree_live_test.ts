/** What initiators change, administrators see in the tree at once. */
import assert from "node:assert/strict";
import { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { assertGood } from "../harness/block_io.ts";
import { copyCdb, copyList } from "../harness/copy_list.ts";
import { backingFile, startTestServer } from "../harness/server.ts";
import { makeReady, openReady } from "../harness/sessions.ts";
import { modeSelect6, modeSense6 } from "../initiator/cdb.ts";
import { setGroupsList, setTargetGroups, State } from "../initiator/target_groups.ts";

const TARGET = "iqn.2026-11.org.example:live";
const NAA = "6025c570000000000000000000000001";
const COPIES = "targets/copy_manager/copy_manager_tgt";
const STATE = "device_groups/dg/target_groups/tg/state";

function yaml(dir: string): string {
  const filename = backingFile(dir, "disk.img", 2 ** 20);
  return `
portals: ["127.0.0.1:0"]
devices:
  disk: { handler: vdisk_fileio, filename: ${filename}, expl_alua: true, naa_id: 0x${NAA} }
targets:
  ${TARGET}: { luns: { 0: disk } }
device_groups:
  dg:
    devices: [disk]
    target_groups:
      tg: { group_id: 1, targets: [${TARGET}] }
`;
}

Deno.test("the tree shows what initiators have made of access states, caches and copies", async () => {
  await using server = await startTestServer(yaml);
  const tree = new SocketTreeClient(`${server.dir}/control`);
  await using session = await openReady(server, [0], { targetName: TARGET });

  assert.equal(await tree.read(STATE), "active\n[key]\n");
  const states = setGroupsList([State.NONOPTIMIZED, 1]);
  assertGood(await session.command(setTargetGroups(states.length), { write: states }));
  assert.equal(await tree.read(STATE), "nonoptimized\n[key]\n");
  await tree.write(STATE, "active\n");
  assert.equal(await tree.read(STATE), "active\n[key]\n", "what the model said all the time");
  await makeReady(session, 0);

  assert.equal(await tree.read("devices/disk/write_through"), "0\n");
  const sensed = await session.command(modeSense6(0x08, 255, { disableBlockDescriptors: true }), {
    read: 255,
  });
  const page = sensed.data.slice(4);
  page[0]! &= 0x3f; // PS
  page[2]! &= ~0x04; // WCE
  const write = Uint8Array.from([0, 0, 0, 0, ...page]);
  assertGood(await session.command(modeSelect6(write.length), { write }));
  assert.equal(await tree.read("devices/disk/write_through"), "1\n[key]\n");

  const read = (name: string) => tree.read(`${COPIES}/${name}`);
  assert.equal(await read("read_cmd_count"), "0\n");
  const list = copyList({
    targets: [{ naaId: NAA }, { naaId: NAA }],
    segments: [{ blocks: 8, fromLba: 0, toLba: 16 }, { blocks: 3, fromLba: 0, toLba: 32 }],
  });
  assertGood(await session.command(copyCdb(0x83, 0, list.length), { write: list }));
  for (const direction of ["read", "write"]) {
    assert.equal(await read(`${direction}_cmd_count`), "2\n");
    assert.equal(await read(`sessions/copy_manager_sess/${direction}_cmd_count`), "2\n");
    assert.equal(await read(`${direction}_io_count_kb`), "5\n");
    assert.equal(await read(`${direction}_unaligned_cmd_count`), "1\n");
  }
  await tree.write(`${COPIES}/sessions/copy_manager_sess/read_io_count_kb`, "0");
  assert.equal(await read("read_cmd_count"), "0\n");
  assert.equal(await read("write_cmd_count"), "2\n");
  assert.match(await tree.read("sgv/global_stats"), /^Inactive\/active pages +[1-9]\d*\/0\n$/);
});
