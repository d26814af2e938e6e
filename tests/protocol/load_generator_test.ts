/** The initiator of the bench and its floor: they do what they count. */
import assert from "node:assert/strict";
import { readAt } from "../harness/image.ts";
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { startFloor } from "../perf/floor/floor.ts";
import { LoadGenerator } from "../perf/load/load.ts";
import type { LoadShape } from "../perf/load/shape.ts";

const MIB = 2 ** 20;
const SECONDS = 0.1;

const READS: Omit<LoadShape, "port"> = {
  target: TARGET_NAME,
  luns: [0],
  sessions: 1,
  depth: 8,
  length: 4096,
  reads: 1,
  sequential: false,
  span: 8 * MIB,
  blocksize: 512,
  digests: false,
};

/** Loads with something of their own each. */
const LOADS: Readonly<Record<string, Partial<LoadShape>>> = {
  "small reads": {},
  "large reads": { length: MIB, sequential: true },
  "mixed commands of many sessions": { sessions: 20, reads: 0.5 },
  "more under way than the window takes": { depth: 100 },
  "several LUNs": { luns: [0, 1, 2], reads: 0.7 },
  "digests": { digests: true, reads: 0.5, length: 64 * 1024 },
};

Deno.test("LoadGenerator counts commands that end well, and every kind of load ends", async (t) => {
  const yaml = diskYaml([{ size: "8MiB" }, { size: "8MiB" }, { size: "8MiB" }]);
  await using server = await startTestServer(yaml);
  using generator = new LoadGenerator();
  for (const [name, load] of Object.entries(LOADS)) {
    await t.step(name, async () => {
      const shape = { ...READS, ...load, port: server.port };
      const result = await generator.run(shape, SECONDS);
      assert.ok(result.count > 0 && result.total >= result.count, JSON.stringify(result));
      assert.ok(result.total - result.count <= shape.depth * shape.sessions);
      assert.ok(result.seconds >= SECONDS);
      assert.ok(result.median > 0 && result.most >= result.median);
    });
  }
});

Deno.test("LoadGenerator writes all of what it counts, solicited data as well", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const filename = backingFile(dir, "disk.img", 4 * MIB);
    await using server = await startTestServer(diskYaml([{ filename }]));
    using generator = new LoadGenerator();
    const shape = { ...READS, port: server.port, reads: 0, length: MIB, span: 4 * MIB };
    const { total } = await generator.run({ ...shape, sequential: true }, SECONDS);
    assert.ok(total >= 4);
    assert.ok(readAt(filename, 0, 4 * MIB).every((byte) => byte === 0x5a));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("LoadGenerator says which command did not end well, and can be used again", async () => {
  await using server = await startTestServer(diskYaml([{ size: "1MiB" }]));
  using generator = new LoadGenerator();
  const shape = { ...READS, port: server.port };
  await assert.rejects(generator.run(shape, SECONDS), /ended with status 2/); // beyond its last block
  assert.ok((await generator.run({ ...shape, span: MIB }, SECONDS)).count > 0);
});

Deno.test("the floor answers every kind of load", async (t) => {
  await using floor = await startFloor();
  using generator = new LoadGenerator();
  for (const [name, load] of Object.entries(LOADS)) {
    if (load.digests === true) continue; // it has none
    await t.step(name, async () => {
      const { count } = await generator.run({ ...READS, ...load, port: floor.port }, SECONDS);
      assert.ok(count > 0);
    });
  }
  assert.ok(await generator.stream(floor.port, 65536, SECONDS) > 0);
});
