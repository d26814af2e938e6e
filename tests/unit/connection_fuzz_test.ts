/**
 * Connections under random fire: initiators that break the protocol in every way, a store that hangs
 * and fails, and among them two who keep to the rules and must not notice. SCST_FUZZ_ROUNDS sets the
 * number of rounds, SCST_FUZZ_SEED the seed of the first one; the next ones count up from it.
 */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import type { Session } from "../../lib/iscsi/session.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { guardBlocks } from "../harness/block_guard.ts";
import { JOE, MUTUAL } from "../harness/chap_users.ts";
import { GUARDED } from "../harness/guarded.ts";
import { Hostile } from "../harness/hostile.ts";
import { Keeper } from "../harness/keeper.ts";
import { mustBeLeft, mustMoveOn, mustTellOfNoBug } from "../harness/leaks.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { Random } from "../harness/random.ts";
import { GUARDED_TARGET } from "../harness/login_text.ts";
import { BLOCK, LOCKED_TARGET, Rig } from "../harness/rig.ts";

const ROUNDS = Number(Deno.env.get("SCST_FUZZ_ROUNDS") ?? 200);
const SEED = Number(Deno.env.get("SCST_FUZZ_SEED") ?? 1);
const STEPS = 400;
const HOSTILES = 4;

/** Blocks that nobody writes to, and everybody reads. */
const STILL = { first: 2048, count: 2048, allows: () => false };
const STILL_CONTENT = markedBlocks(1, STILL.first, STILL.count);

const OPERATIONS = [IoOperation.READ, IoOperation.WRITE, IoOperation.WRITE_DURABLE] as const;
/** Not EROFS, which is what the guard says. */
const ERRORS = [Errno.EIO, Errno.ENOSPC, Errno.EDQUOT, Errno.ENXIO];

class Round {
  readonly #random: Random;
  readonly #rig: Rig;
  readonly #keepers: Keeper[] = [];
  readonly #hostiles: Hostile[] = [];
  /** Every session that there was. */
  readonly #sessions = new Set<Session>();
  #now = 0;

  constructor(seed: number, rig: Rig) {
    const random = new Random(seed);
    this.#random = random;
    this.#rig = rig;
    using file = Deno.openSync(rig.path, { write: true });
    file.seekSync(STILL.first * BLOCK, Deno.SeekMode.Start);
    file.writeSync(STILL_CONTENT);
    const guarded = rig.node.addTarget(GUARDED_TARGET, GUARDED);
    guarded.addGroup("some", ["*:peer"], "FLAT").add(0, rig.device, random.below(2) === 0);
    this.#keepers.push(new Keeper(rig, random, 0xffff, 1000, 24));
    this.#keepers.push(new Keeper(rig, random, 0xfffe, 1024, 40));
    guardBlocks(rig, [STILL, ...this.#keepers], random);
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) {
      this.#disturb();
      this.#attack();
      const keeper = this.#random.pick(this.#keepers);
      if (this.#random.below(3) === 0) keeper.step();
      for (const session of this.#rig.node.sessions) this.#sessions.add(session);
    }
    this.#calm();
    for (const session of this.#rig.node.sessions) mustMoveOn(session);
    for (const keeper of this.#keepers) keeper.finish();
    for (const { link } of this.#hostiles) link.lose();
    this.#mustBeEmpty();
    for (const { identity } of this.#sessions) {
      const user = identity.access?.target.name === LOCKED_TARGET ? JOE.name : undefined;
      assert.equal(identity.user, user, "who came in");
    }
  }

  #attack(): void {
    const random = this.#random;
    if (this.#hostiles.length < HOSTILES) {
      this.#hostiles.push(new Hostile(this.#rig, random, 1 + random.below(20), STILL));
    }
    const hostile = random.pick(this.#hostiles);
    if (hostile.link.isOpen) hostile.step();
    else this.#hostiles.splice(this.#hostiles.indexOf(hostile), 1);
  }

  /** Has the store hang, fail and go on. */
  #disturb(): void {
    const random = this.#random;
    const { store } = this.#rig;
    switch (random.below(24)) {
      case 0:
        store.hanging = true;
        break;
      case 1:
        store.hanging = false;
        break;
      case 2:
      case 3:
        store.release(1 + random.below(3));
        break;
      case 4:
        store.release();
        break;
      case 5:
        if (random.below(4) === 0) store.failures.set(random.pick(OPERATIONS), random.pick(ERRORS));
        if (random.below(400) === 0) store.failures.set(IoOperation.SYNC, Errno.EIO);
        break;
      case 6:
        store.failures.clear();
        break;
      case 7:
        if (random.below(8) === 0) this.#tick();
        break;
    }
  }

  #tick(): void {
    this.#now += 10_000;
    for (const { link } of this.#hostiles) if (link.isOpen) link.connection.tick(this.#now);
    for (const keeper of this.#keepers) keeper.tick(this.#now);
  }

  /** The store does what it has to do, and everything that was sent is received and answered. */
  #calm(): void {
    const { store, disk } = this.#rig;
    store.failures.clear();
    Object.assign(disk, { failure: 0, hasLost: false }); // as when it is opened again
    store.hanging = false;
    while (store.held.length > 0) store.release();
    for (const hostile of this.#hostiles) hostile.flush();
  }

  #mustBeEmpty(): void {
    const { node, log, device } = this.#rig;
    mustTellOfNoBug(log);
    for (const { tasks } of this.#sessions) assert.equal(tasks.size, 0, "tasks that are left");
    assert.deepEqual([...node.sessions], [], "sessions that are left");
    for (const target of node.targets) mustBeLeft(target);
    assert.equal(device.users.size, 0, "users that are left");
    assert.equal(node.memory.lent, 0, "bytes that are left");
  }
}

Deno.test("Connections under fire keep order, data and memory", () => {
  for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
    using rig = new Rig({ size: 2 ** 21, users: MUTUAL });
    try {
      new Round(seed, rig).run();
    } catch (cause) {
      const log = rig.log.slice(-12).join("\n");
      throw new Error(`Failed with SCST_FUZZ_SEED=${seed} SCST_FUZZ_ROUNDS=1\n${log}`, { cause });
    }
  }
});
