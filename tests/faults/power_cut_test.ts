/**
 * A loss of power, or of the process, after any event of a store that writes in any order: what is left
 * is compared with what the initiator was told, for each cache mode. Commands that bear on the medium run
 * side by side: WRITE with and without FUA, WRITE AND VERIFY, WRITE SAME, UNMAP, COMPARE AND WRITE,
 * SYNCHRONIZE CACHE and MODE SELECT, and READ with FUA, which finds what outlives the loss. WRITE ATOMIC has a test of its own, atomic_crash_test.ts.
 * SCST_CRASH_ROUNDS says how many random histories there are of each mode.
 */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { PowerCutRig } from "../harness/power_cut_rig.ts";
import { type Random, withRandom } from "../harness/random.ts";
import type { RigOptions } from "../harness/rig.ts";

const ROUNDS = Number(Deno.env.get("SCST_CRASH_ROUNDS") ?? 6);
const COMMANDS = 30;
const WRITE_ERROR = "03/0C/00";

/** Runs `body` with the random histories of a mode. */
function histories(
  options: RigOptions,
  switches: boolean,
  body: (scene: PowerCutRig, random: Random) => void,
): Promise<void> {
  return withRandom((random) => {
    for (let round = 0; round < ROUNDS; round++) {
      using scene = new PowerCutRig(options, random);
      scene.run(COMMANDS, { switches, reads: true });
      assert.deepEqual(scene.refusals, []);
      body(scene, random);
    }
    return Promise.resolve();
  });
}

/** Has the process end after each event: the system writes what it was given. */
function endProcess({ log, ledger, medium }: PowerCutRig): void {
  for (let moment = 0; moment <= log.length; moment++) {
    const found = log.written(medium, moment);
    ledger.check(found, 0, moment, ({ ended }) => ended <= moment);
  }
}

/**
 * Cuts the power after each event, the first `from` left out, in all the ways that there are: sectors
 * that were not flushed are old or new.
 */
function cutPower({ log, ledger, medium }: PowerCutRig, random: Random, from = 0): void {
  let states = 0;
  for (let moment = from; moment <= log.length; moment++) {
    for (const state of log.states([medium], moment, random)) {
      ledger.check(state.get(medium)!, 0, moment, ({ secured }) => secured <= moment);
      states++;
    }
  }
  assert(states > log.length - from);
}

Deno.test("After the end of the process a write-back disk has all that was answered with GOOD", () =>
  histories({}, false, endProcess));

Deno.test("After the end of the process a write_through disk has all that was answered with GOOD", () =>
  histories({ writeThrough: true }, false, endProcess));

Deno.test("After the end of the process an nv_cache disk has all that was answered with GOOD", () =>
  histories({ nvCache: true }, false, endProcess));

Deno.test("After a loss of power a write-back disk has all that was flushed, or written with FUA", () =>
  histories({}, false, cutPower));

Deno.test("After a loss of power a write_through disk has all that was answered with GOOD", () =>
  histories({ writeThrough: true }, false, (scene, random) => {
    assert(scene.ledger.isSecured, "a write is not secured though it has ended");
    cutPower(scene, random);
  }));

Deno.test("After a loss of power a disk whose WCE is switched meanwhile has what it promised", () =>
  histories({}, true, cutPower));

Deno.test("An nv_cache disk flushes nothing, and is as safe as its store", () =>
  histories({ nvCache: true }, false, ({ log }) => assert.equal(log.flushes, 0)));

/**
 * A flush fails, or a write that includes one: what the system could not write it forgets, so that the
 * next flush would succeed.
 */
function failFlush(options: RigOptions): Promise<void> {
  return withRandom((random) => {
    for (let round = 0; round < ROUNDS; round++) {
      using scene = new PowerCutRig(options, random);
      scene.run(COMMANDS);
      const { failures } = scene.rig.store;
      for (const operation of [IoOperation.SYNC, IoOperation.WRITE_DURABLE]) {
        failures.set(operation, Errno.EIO);
      }
      while (scene.refusals.length === 0) scene.run(1);
      failures.clear();
      const before = scene.log.length;
      const refused = scene.refusals.length;
      scene.run(COMMANDS);
      assert.equal(scene.refusals.length, refused + COMMANDS, "a command was answered with GOOD");
      assert.equal(scene.refusals[0], WRITE_ERROR, "whose flush failed is told");
      // The write error of commands that were under way, or that a deferred error tells of; then the
      // state of the disk.
      const others = scene.refusals.slice(refused + 1).filter((sense) => sense !== "04/3E/01");
      assert.deepEqual(others, [], scene.refusals.join(" "));
      const first = scene.refusals.slice(0, refused + 1);
      assert(first.every((sense) => ["03/0C/00", "04/3E/01"].includes(sense)), first.join(" "));
      assert.equal(scene.log.length, before, "something is written to a disk that has failed");
      cutPower(scene, random, before);
    }
    return Promise.resolve();
  });
}

Deno.test("After a failed flush a write-back disk acknowledges nothing more, and keeps what it had promised", () =>
  failFlush({}));

Deno.test("After a failed flush a write_through disk acknowledges nothing more, and keeps what it had promised", () =>
  failFlush({ writeThrough: true }));
