/** Files of the tree that act on what goes on: what they ask for, what they say, and what they refuse. */
import assert from "node:assert/strict";
import { LATENCY_SIZES, LATENCY_WAYS } from "../../lib/shard/server.ts";
import type { LiveEngine } from "../../lib/admin/live_engine.ts";
import { offlineLive } from "../../lib/admin/live_engine.ts";
import { RecordingEngine } from "../harness/recording_engine.ts";
import { sessionView } from "../harness/session_view.ts";
import { TreeShell } from "../harness/tree_shell.ts";

const T = "iqn.2026-11.org.example:t";
const TARGET = `targets/iscsi/${T}`;
const I = "iqn.2026-11.org.example:i";

/** An engine whose live part writes down what it is asked for. */
class Scene {
  readonly asked: string[] = [];
  readonly shell: TreeShell;

  constructor(answers: Partial<LiveEngine> = {}) {
    const note = (name: string) => (...args: unknown[]) => {
      this.asked.push([name, ...args.map((one) => JSON.stringify(one))].join(" "));
      return Promise.resolve(undefined);
    };
    const writes = [
      "suspend",
      "resume",
      "block",
      "unblock",
      "setBlackHole",
      "measureLatency",
      "resetLatency",
      "restoreReservations",
      "raiseSoftThreshold",
    ];
    const noted = Object.fromEntries(writes.map((name) => [name, note(name)]));
    const engine = new RecordingEngine();
    Object.assign(engine, { live: { ...offlineLive(), ...noted, ...answers } });
    engine.sessions.push(sessionView(I, T));
    this.shell = new TreeShell(engine);
  }

  static async create(answers: Partial<LiveEngine> = {}): Promise<Scene> {
    const scene = new Scene(answers);
    const { shell } = scene;
    await shell.echo("add_device d", "handlers/vdisk_nullio/mgmt");
    await shell.echo(
      "add_device thin filename=/srv/x;thin_provisioned=1",
      "handlers/vdisk_fileio/mgmt",
    );
    await shell.echo(`add_target ${T}`, "targets/iscsi/mgmt");
    await shell.echo("create g", `${TARGET}/ini_groups/mgmt`);
    return scene;
  }
}

Deno.test("what is written to a live file is asked of the server", async () => {
  const { shell, asked } = await Scene.create();
  const table: [path: string, text: string, asked: string][] = [
    ["suspend", "0", "suspend 0"],
    ["suspend", "30", "suspend 30"],
    ["suspend", "-1", "resume"],
    ["measure_latency", "1", "measureLatency true"],
    ["measure_latency", "-7", "measureLatency true"],
    ["measure_latency", "0", "measureLatency false"],
    ["devices/d/block", "1", 'block "d" true ""'],
    ["devices/d/block", "11", 'block "d" false ""'],
    ["devices/d/block", "11 snapshot 7 is due", 'block "d" false "snapshot 7 is due"'],
    ["devices/d/block", "0", 'unblock "d"'],
    [`${TARGET}/black_hole`, "2", `setBlackHole {"target":"${T}"} 2`],
    [`${TARGET}/black_hole`, "4 and more", `setBlackHole {"target":"${T}"} 4`],
    [`${TARGET}/ini_groups/g/black_hole`, "0", `setBlackHole {"target":"${T}","group":"g"} 0`],
    ["devices/d/pr_state", "version 1", 'restoreReservations "d" "version 1\\n"'],
    ["devices/thin/gen_tp_soft_threshold_reached_UA", "x", 'raiseSoftThreshold "thin"'],
    [
      `${TARGET}/sessions/${I}/latency/w4096`,
      "x",
      `resetLatency {"sid":"${I}","way":"w","size":4096}`,
    ],
  ];
  for (const [path, text, wanted] of table) {
    await shell.echo(text, path);
    assert.deepEqual(asked.splice(0), [wanted], `echo "${text}" >${path}`);
  }
});

Deno.test("what a live file cannot take is refused, and nobody is asked", async () => {
  const { shell, asked } = await Scene.create();
  const numbers = "must be a number from -2147483648 to 2147483647";
  const table: [path: string, text: string, refusal: string][] = [
    ["suspend", "", `suspend ${numbers}: current value is ""`],
    ["suspend", "soon", `suspend ${numbers}: current value is "soon"`],
    ["measure_latency", "yes", `measure_latency ${numbers}: current value is "yes"`],
    ["devices/d/block", "2", "block must be 0 to unblock"],
    ["devices/d/block", "1 x", "block must be 0 to unblock"],
    ["devices/d/block", "0 x", "block must be 0 to unblock"],
    ["devices/d/block", "", "block must be 0 to unblock"],
    ["devices/d/block", "11 a\nb", "block must be 0 to unblock"],
    ["devices/d/block", "11 a\x1b[2Jb", "block must be 0 to unblock"],
    [`${TARGET}/black_hole`, "5", 'black_hole must be a number from 0 to 4: current value is "5"'],
    [`${TARGET}/black_hole`, "x", "black_hole must be a number from 0 to 4"],
    [`${TARGET}/black_hole`, " 1", "black_hole must be a number from 0 to 4"],
    [`${TARGET}/ini_groups/g/black_hole`, "-1", "black_hole must be a number from 0 to 4"],
    ["devices/d/pr_file_name", "srv/pr", "pr_file_name must be an absolute path"],
  ];
  for (const [path, text, refusal] of table) {
    const found = await shell.refusal(text, path);
    assert(found.startsWith(`EINVAL ${refusal}`), `echo "${text}" >${path}: ${found}`);
  }
  assert.deepEqual(asked, []);
  assert(!shell.ls("devices/d").includes("gen_tp_soft_threshold_reached_UA"));
});

Deno.test("live files say what the server says, without a mark", async () => {
  const { shell } = await Scene.create({
    suspensions: () => Promise.resolve(2),
    measuresLatency: () => Promise.resolve(true),
    blocks: () => Promise.resolve({ blocks: 3, pending: 1 }),
    blackHole: ({ group }) => Promise.resolve(group === "g" ? 3 : 1),
    traceCommands: () => Promise.resolve("READ(10): lun=0\n"),
    latency: ({ way, size }) =>
      Promise.resolve(
        way === "r" && size === 512
          ? [{ stage: "store", count: 2, min: 1, max: 20.25, average: 10.625, deviation: 9.6 }]
          : [],
      ),
  });
  const table: [path: string, text: string][] = [
    ["suspend", "2\n"],
    ["measure_latency", "1\n"],
    ["trace_cmds", "READ(10): lun=0\n"],
    ["trace_mcmds", ""],
    ["devices/d/block", "3 1\n"],
    [`${TARGET}/black_hole`, "1\n"],
    [`${TARGET}/ini_groups/g/black_hole`, "3\n"],
    [
      `${TARGET}/sessions/${I}/latency/r512`,
      "state count min max avg stddev\nstore 2 1.0 us 20.3 us 10.6 us 9.6 us\n",
    ],
    [`${TARGET}/sessions/${I}/latency/b524288`, "state count min max avg stddev\n"],
  ];
  for (const [path, text] of table) assert.equal(await shell.cat(path), text, path);
  assert.deepEqual(
    shell.ls(`${TARGET}/sessions/${I}/latency`),
    LATENCY_WAYS.flatMap((way) => LATENCY_SIZES.map((size) => `${way}${size}`)),
  );
});

Deno.test("pr_file_name is marked once set, is that of one device, and goes with an empty text", async () => {
  const { shell } = await Scene.create();
  const path = "devices/d/pr_file_name";
  assert.equal(await shell.cat(path), "/nonexistent/pr/d\n");
  await shell.echo("/srv/pr", path);
  assert.equal(await shell.cat(path), "/srv/pr\n[key]\n");
  assert.equal(
    await shell.refusal("/srv/pr", "devices/thin/pr_file_name"),
    "EINVAL pr_file_name /srv/pr is that of device d",
  );
  await shell.echo("", path);
  assert.equal(await shell.cat(path), "/nonexistent/pr/d\n");
});

Deno.test("what the server refuses reaches whoever has written", async () => {
  const refusal = { errno: "EBUSY", message: "Commands are still being executed" } as const;
  const { shell } = await Scene.create({ suspend: () => Promise.resolve(refusal) });
  assert.equal(await shell.refusal("3", "suspend"), "EBUSY Commands are still being executed");
});
