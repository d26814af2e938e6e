/** The operations by which the control side brings target groups into a shard and changes them. */
import assert from "node:assert/strict";
import { createWake, Wake } from "../../ffi/wake.ts";
import { TARGET_DEFAULTS, type TargetGroupChange } from "../../lib/scst/model.ts";
import { Shard } from "../../lib/shard/shard.ts";
import { createRingMemory } from "../../lib/store/io_ring.ts";
import { targetGroup } from "../harness/target_groups.ts";

const TARGET = "iqn.2026-11.org.scst.test:shard";

const DEVICE = {
  name: "disk",
  handler: "vdisk_nullio",
  blocksize: 512,
  size: 2 ** 20,
  readOnly: false,
  thinProvisioned: false,
  rotational: false,
  removable: false,
  writeThrough: false,
  nvCache: false,
  tst: 1,
  explAlua: false,
  ids: { naaId: "6025c57000000000000000000000001f", usn: "disk" },
} as const;

Deno.test("changeTargetGroup() changes the named group only, and what is asked for", () => {
  const pool = { ring: createRingMemory(), wake: createWake() };
  const stateDir = Deno.makeTempDirSync();
  const log: string[] = [];
  const shard = new Shard(pool, stateDir, {
    addWorker: () => {},
    report: (level, line) => log.push(`${level} ${line}`),
    pulse: new Int32Array(1),
    sendNews: () => {},
  });
  try {
    shard.devices.add(DEVICE, (error) => assert.equal(error, undefined));
    shard.setTarget({
      name: TARGET,
      relTgtId: 3,
      attributes: TARGET_DEFAULTS,
      luns: [{ lun: 0, device: "disk", readOnly: false }],
      groups: [],
      incomingUsers: [],
    });
    const targetGroups = [targetGroup(1, [TARGET]), targetGroup(2, ["far"], { isRemote: true })];
    shard.setDeviceGroup({ name: "dg", devices: ["disk"], targetGroups });
    const cases: [name: string, change: TargetGroupChange, told: string[]][] = [
      ["tg1", {}, []],
      ["tg1", { state: "active", preferred: false }, []],
      ["tg1", { state: "standby" }, ["is standby now"]],
      ["tg2", { preferred: true }, ["is preferred now"]],
      ["tg2", { state: "offline", preferred: false }, ["is not preferred now", "is offline now"]],
    ];
    for (const [name, change, told] of cases) {
      log.length = 0;
      shard.deviceGroups.alter("dg", name, change);
      const lines = told.map((what) => `info target group '${name}' of device group 'dg' ${what}`);
      assert.deepEqual(log, lines);
    }
  } finally {
    shard.loop.stop();
    shard.loop.run();
    new Wake(pool.wake).close();
    Deno.removeSync(stateDir, { recursive: true });
  }
});
