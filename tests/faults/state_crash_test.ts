/**
 * The state of our own after a kill or a loss of power at any moment of its saving: it is there as it was
 * before or as it is now, and as it is now when the saving had ended.
 */
import { recordFiles } from "../harness/file_record.ts"; // before all that opens the C library
import assert from "node:assert/strict";
import { ConfigFile } from "../../lib/config/config_file.ts";
import { savedIds } from "../../lib/config/ids.ts";
import { configureLog } from "../../lib/log.ts";
import type { ServerModel } from "../../lib/scst/model.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import { FaultyPool } from "../harness/faulty_pool.ts";
import {
  readState,
  statesAfterKill,
  statesAfterPowerCut,
  writeState,
} from "../harness/file_states.ts";
import { TreeShell } from "../harness/tree_shell.ts";

/** Something of ours that is saved again and again. */
interface Keeper {
  /** Saves what has number `round`, from 1 on. */
  save(round: number): void;
  /** The number of what is there now; 0 where nothing was ever saved. Throws when that cannot be told. */
  load(): number;
}

/**
 * Saves several times in the directory `dir`, with every crash that there may be in between, and goes on
 * with what was saved.
 */
function sweep(dir: string, keeper: Keeper): void {
  for (let round = 1; round <= 3; round++) {
    const base = readState(dir);
    assert.equal(keeper.load(), round - 1);
    const events = recordFiles(dir, () => keeper.save(round));
    const after = readState(dir);
    assert(events.some(({ kind }) => kind === "sync"), "nothing was recorded");
    const told = (at: string) => `${at} of ${JSON.stringify(events.map(({ kind }) => kind))}`;
    for (const state of statesAfterKill(base, events)) {
      writeState(dir, state);
      assert([round - 1, round].includes(keeper.load()), told("killed in the course"));
    }
    for (let count = 0; count <= events.length; count++) {
      for (const state of statesAfterPowerCut(base, events, count)) {
        writeState(dir, state);
        const allowed = count < events.length ? [round - 1, round] : [round];
        assert(allowed.includes(keeper.load()), told(`power lost after ${count}`));
      }
    }
    writeState(dir, after);
  }
}

function withDir(body: (dir: string) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const dir = Deno.makeTempDirSync({ prefix: "scst_state_", dir: "/dev/shm" });
    try {
      await body(dir);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  };
}

Deno.test(
  "A crash at any moment leaves reservations and mode pages as they were or as they are",
  withDir((dir) => {
    using pool = new FaultyPool();
    const file = () => new StateFile(`${dir}/pr`, "disk", pool);
    sweep(dir, {
      save: (round) => {
        let result: number | undefined;
        file().save(`${round}\n`, (found) => result = found);
        assert.equal(result, 0);
      },
      load: () => Number(file().load().text ?? 0),
    });
  }),
);

Deno.test(
  "A crash at any moment leaves the ids of all devices that were told, and never others",
  withDir((dir) => {
    configureLog("error");
    const names = (round: number) => Array.from({ length: round }, (_, at) => `disk${at + 1}`);
    const told = new Map<string, string>();
    const idsIn = (): Record<string, { usn: string }> => {
      try {
        return JSON.parse(Deno.readTextFileSync(`${dir}/state/ids.json`)).devices;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return {};
        throw error;
      }
    };
    sweep(dir, {
      save: (round) => {
        const ids = savedIds(`${dir}/state`, names(round));
        for (const [name, { usn }] of ids) told.set(name, usn);
      },
      load: () => {
        const found = Object.entries(idsIn());
        for (const [name, { usn }] of found) assert.equal(usn, told.get(name) ?? usn, name);
        return found.length;
      },
    });
  }),
);

Deno.test(
  "A crash at any moment leaves a configuration that can be read, as it was or as it is",
  withDir(async (dir) => {
    const text = "portals: [127.0.0.1]\n" +
      "devices: { d: { handler: vdisk_nullio, naa_id: 0x5000000000000001, usn: one } } # mine\n";
    const state = Deno.makeTempDirSync({ prefix: "scst_state_" });
    try {
      Deno.writeTextFileSync(`${dir}/scst.yaml`, text, { mode: 0o600 });
      const file = new ConfigFile(`${dir}/scst.yaml`, state);
      // What is saved in each round, made beforehand: only the saving is recorded.
      const shell = new TreeShell(undefined, file.load());
      const models: ServerModel[] = [];
      for (let round = 1; round <= 3; round++) {
        await shell.echo(`${100 + round}`, "devices/d/numa_node_id");
        models.push(shell.administration.model);
      }
      sweep(dir, {
        save: (round) => assert(file.save(models[round - 1]!)),
        load: () => {
          const kept = file.load().devices[0]!.kept ?? {};
          return Math.max(0, Number(kept["numa_node_id"] ?? 100) - 100);
        },
      });
    } finally {
      Deno.removeSync(state, { recursive: true });
    }
  }),
);
