/**
 * LUNs, groups and devices that come, change and go at random under the fire of connection_fuzz_test.ts,
 * while stores hang and fail, and administrators suspend, block and measure: keepers find their blocks
 * again, everybody gets his answers, and nothing that is gone is held on to. SCST_FUZZ_ROUNDS and
 * SCST_FUZZ_SEED as there.
 */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import type { Session } from "../../lib/iscsi/session.ts";
import type { Device } from "../../lib/scst/device.ts";
import type { DeviceModel, GroupModel, LunModel, TargetModel } from "../../lib/scst/model.ts";
import { Devices } from "../../lib/shard/devices.ts";
import { Holds } from "../../lib/shard/holds.ts";
import { SizeWatch } from "../../lib/shard/size_watch.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { assertConsistent } from "../harness/consistent.ts";
import { guardBlocks } from "../harness/block_guard.ts";
import { deviceModel, type Result, resultOf } from "../harness/device_rig.ts";
import { Hostile } from "../harness/hostile.ts";
import { Keeper } from "../harness/keeper.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { Random } from "../harness/random.ts";
import { targetModel } from "../harness/regroup_rig.ts";
import { BLOCK, Rig } from "../harness/rig.ts";
import { StuckPool } from "../harness/stuck_pool.ts";

const ROUNDS = Number(Deno.env.get("SCST_FUZZ_ROUNDS") ?? 60);
const SEED = Number(Deno.env.get("SCST_FUZZ_SEED") ?? 1);
const STEPS = 400;
const HOSTILES = 4;
const SIZE = 2 ** 21;

/** Blocks that nobody writes to, and everybody reads; every disk that may be LUN 0 has them. */
const STILL = { first: 2048, count: 2048, allows: () => false };
const STILL_CONTENT = markedBlocks(1, STILL.first, STILL.count);

/** What is behind LUNs beside the disk of the rig, which is `a`. */
const NAMES = ["x", "y", "z"] as const;
type Name = typeof NAMES[number];

class Round {
  readonly #random: Random;
  readonly #rig: Rig;
  readonly #pool: StuckPool;
  readonly #devices: Devices;
  readonly #sizes: SizeWatch;
  readonly #holds: Holds;
  /** What the holds want to look at. */
  readonly #looks: (() => void)[] = [];
  readonly #models: Readonly<Record<Name, DeviceModel>>;
  readonly #keepers: Keeper[] = [];
  readonly #hostiles: Hostile[] = [];
  readonly #sessions = new Set<Session>();
  /** Every device that there was. */
  readonly #seen = new Set<Device>();
  readonly #pending: Result<unknown>[] = [];
  #target: TargetModel;

  constructor(seed: number, rig: Rig, pool: StuckPool) {
    const random = new Random(seed);
    this.#random = random;
    this.#rig = rig;
    this.#pool = pool;
    const report = (level: string, line: string) => {
      rig.log.push(`${level} ${line}`);
    };
    const stateDir = `${rig.path}_state`;
    Deno.mkdirSync(stateDir);
    const journalDir = `${stateDir}/atomic`;
    const { memory } = rig.node;
    this.#devices = new Devices({
      pool,
      memory,
      stateDir,
      journalDir,
      after: (_milliseconds, action) => action(),
      journals: new Set(),
      report,
    });
    this.#sizes = new SizeWatch(rig.device, report);
    this.#holds = new Holds({
      node: rig.node,
      devices: () => [rig.device, ...this.#devices.all],
      after: (_milliseconds, action) => this.#looks.push(action),
      report,
    });
    this.#models = {
      x: deviceModel("x", { filename: `${rig.path}_x` }),
      y: deviceModel("y", { size: SIZE, tst: 0 }),
      z: deviceModel("z", { filename: `${rig.path}_z`, tst: 0, thinProvisioned: true }),
    };
    for (const path of [rig.path, `${rig.path}_x`, `${rig.path}_z`]) {
      using file = Deno.openSync(path, { create: true, write: true });
      file.truncateSync(SIZE);
      file.seekSync(STILL.first * BLOCK, Deno.SeekMode.Start);
      file.writeSync(STILL_CONTENT);
    }
    for (const name of NAMES) this.#add(this.#models[name]);
    this.#target = targetModel("0=a");
    this.#regroup();
    this.#keepers.push(new Keeper(rig, random, 0xffff, 1000, 24));
    this.#keepers.push(new Keeper(rig, random, 0xfffe, 1024, 40));
    guardBlocks(rig, [STILL, ...this.#keepers], random);
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) {
      this.#disturb();
      if (this.#random.below(8) === 0) this.#change();
      if (this.#random.below(8) === 0) this.#hold();
      for (const look of this.#looks.splice(0)) look();
      this.#attack();
      const keeper = this.#random.pick(this.#keepers);
      if (this.#random.below(3) === 0) keeper.step();
      for (const session of this.#rig.node.sessions) this.#sessions.add(session);
      assertConsistent(this.#rig.node, [this.#rig.device, ...this.#seen]);
    }
    this.#calm();
    this.#target = targetModel("0=a");
    this.#set();
    for (const keeper of this.#keepers) keeper.finish();
    for (const { link } of this.#hostiles) link.lose();
    this.#mustBeEmpty();
  }

  /** Ends what the round has made. */
  end(): void {
    for (const suffix of ["_x", "_z"]) Deno.removeSync(`${this.#rig.path}${suffix}`);
    Deno.removeSync(`${this.#rig.path}_state`, { recursive: true });
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

  #disturb(): void {
    const random = this.#random;
    const { store } = this.#rig;
    switch (random.below(30)) {
      case 0:
        store.hanging = true;
        break;
      case 1:
      case 2:
        store.hanging = false;
        break;
      case 3:
        store.release(1 + random.below(3));
        break;
      case 4:
        store.release();
        break;
      case 5:
        if (random.below(4) === 0) store.failures.set(IoOperation.WRITE, Errno.EIO);
        break;
      case 6:
        store.failures.clear();
        break;
      case 7:
        this.#pool.isStuck = true;
        break;
      case 8:
        this.#pool.free();
        break;
      case 9:
        if (this.#pool.held.length > 0) this.#pool.let();
        break;
    }
  }

  /** Changes something, as an operator would. */
  #change(): void {
    const random = this.#random;
    const name = random.pick(NAMES);
    const model = this.#models[name];
    const devices = this.#devices;
    switch (random.below(9)) {
      case 0:
        return this.#remove(name);
      case 1:
        return this.#add(model);
      case 2: {
        const values = { active: name === "y" || random.below(2) === 0 };
        return this.#operate((done) => devices.get(name).change({ ...model, ...values }, done));
      }
      case 3: {
        const size = name === "y" ? random.pick([SIZE, SIZE / 2, 2 * SIZE]) : SIZE;
        const values = { size, texts: { prodId: `p${random.below(9)}` } };
        return this.#operate((done) => devices.get(name).change({ ...model, ...values }, done));
      }
      case 4:
        Deno.truncateSync(`${this.#rig.path}_z`, random.pick([SIZE, SIZE + 5 * BLOCK, 2 * SIZE]));
        return this.#operate((done) => devices.get("z").resyncSize(random.below(2) === 0, done));
      case 5:
        Deno.truncateSync(this.#rig.path, this.#rig.disk.medium.size + random.below(2000));
        return this.#sizes.look(undefined);
      default:
        return this.#regroup();
    }
  }

  /** Has something stand still, or go on, or be measured. */
  #hold(): void {
    const random = this.#random;
    const holds = this.#holds;
    const device = random.pick([this.#rig.device, ...this.#devices.all]);
    switch (random.below(8)) {
      case 0:
        return this.#operate((done) => holds.suspend(random.below(2) * 0.001, done));
      case 1:
        return this.#operate((done) => holds.block(device, true, "", done));
      case 2:
        this.#rig.node.measuresLatency = random.below(2) === 0;
        return;
      case 3:
        return holds.unblock(device);
      default:
        return this.#goOn();
    }
  }

  /** Nothing stands still any more. */
  #goOn(): void {
    while (this.#holds.suspensions > 0) this.#holds.resume();
    for (const device of [this.#rig.device, ...this.#devices.all]) {
      while (this.#holds.blocksOf(device).blocks > 0) this.#holds.unblock(device);
    }
  }

  #add(model: DeviceModel): void {
    this.#operate((done) =>
      this.#devices.add(model, (error) => {
        if (error === undefined) this.#holds.enter(this.#devices.deviceOf(model.name));
        done(error);
      })
    );
  }

  /** Operations may be refused; that they end is looked at in the end. */
  #operate<T>(begin: (done: (error: string | undefined, value?: T) => void) => void): void {
    this.#pending.push(resultOf<T>(begin));
  }

  /** Takes a device out of all sets, and away. */
  #remove(name: Name): void {
    const without = (luns: readonly LunModel[]) => luns.filter(({ device }) => device !== name);
    const { luns, groups } = this.#target;
    this.#target = {
      ...this.#target,
      luns: without(luns),
      groups: groups.map((group) => ({ ...group, luns: without(group.luns) })),
    };
    this.#set();
    this.#operate((done) => {
      const { device } = this.#devices.get(name);
      this.#devices.remove(name, done);
      this.#holds.leave(device);
    });
  }

  /** Groups and LUNs as they may be; keepers have `a`, which others write to with care, or nothing, as LUN 0. */
  #regroup(): void {
    const random = this.#random;
    const keepers = this.#group("keepers", ["*:keeper"], random.below(5) > 0 ? ["0=a"] : []);
    const others = Array.from(
      { length: random.below(3) },
      (_, index) =>
        this.#group(`g${index}`, [random.pick(["*:peer", "*", "!*:keeper"])], this.#first()),
    );
    const groups = random.below(2) === 0 ? [keepers, ...others] : [...others, keepers];
    const isSafe = groups.find(({ initiators }) => initiators.includes("*") === true) === undefined;
    const { luns } = this.#group("", [], this.#first());
    this.#target = {
      ...targetModel(""),
      attributes: {
        ...targetModel("").attributes,
        aenDisabled: random.below(4) === 0,
        queuedCommands: random.pick([32, 32, 3, 60]),
      },
      luns,
      groups: isSafe ? groups : [keepers, ...others],
    };
    this.#set();
  }

  /** What may be LUN 0 of those who know nothing but the blocks that are still. */
  #first(): string[] {
    return this.#random.pick([["0=a"], ["0=a"], ["0=a/ro"], ["0=x/ro"], []]);
  }

  #group(name: string, initiators: string[], first: string[]): GroupModel {
    const random = this.#random;
    // Others look for a unit that they do not know by any number.
    const device = random.pick(["y", "z"]);
    const many = random.below(2) === 0 ? Array.from({ length: 60 }, (_, at) => at + 10) : [3];
    const more = many.map((lun) => `${lun}=${device}${random.below(4) === 0 ? "/ro" : ""}`);
    const { luns } = targetModel([...first, ...more, "9=a/ro"].join(" "));
    const there = luns.filter((lun) => lun.device === "a" || this.#isThere(lun.device));
    return { name, initiators, luns: there, addrMethod: "PERIPHERAL" };
  }

  #isThere(name: string): boolean {
    try {
      this.#seen.add(this.#devices.deviceOf(name));
      return true;
    } catch {
      return false;
    }
  }

  #set(): void {
    const find = (name: string) => name === "a" ? this.#rig.device : this.#devices.deviceOf(name);
    this.#rig.node.setTarget(this.#target, find, this.#random.below(4) === 0);
  }

  /** The stores do what they have to do, and everything that was sent is received and answered. */
  #calm(): void {
    const { store } = this.#rig;
    this.#goOn();
    store.failures.clear();
    store.hanging = false;
    for (let turn = 0; turn < 10; turn++) {
      this.#pool.free();
      while (store.held.length > 0) store.release();
      for (const hostile of this.#hostiles) hostile.flush();
      for (const look of this.#looks.splice(0)) look();
    }
  }

  #mustBeEmpty(): void {
    const { node, log, device } = this.#rig;
    for (const name of NAMES) this.#remove(name);
    const bug = log.find((line) => /\bbug\b/.test(line));
    assert(bug === undefined, bug);
    assert(this.#pending.every(({ state }) => state !== "pending"), "an operation never ends");
    for (const name of NAMES) assert(!this.#isThere(name), "a device that cannot be removed");
    for (const { tasks } of this.#sessions) assert.equal(tasks.size, 0, "tasks that are left");
    assert.deepEqual([...node.sessions], [], "sessions that are left");
    for (const one of [device, ...this.#seen]) {
      assert.equal(one.users.size, 0, "users that are left");
    }
    assert.equal(node.memory.lent, 0, "bytes that are left");
  }
}

Deno.test("LUNs, groups and devices change under fire, and nothing is lost or left", () => {
  for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
    using rig = new Rig({ size: SIZE });
    using pool = new StuckPool();
    const round = new Round(seed, rig, pool);
    try {
      round.run();
    } catch (cause) {
      const log = rig.log.slice(-12).join("\n");
      throw new Error(`Failed with SCST_FUZZ_SEED=${seed} SCST_FUZZ_ROUNDS=1\n${log}`, { cause });
    } finally {
      round.end();
    }
  }
});
