/**
 * Where the fuzzing takes place: one node with a disk that is attacked through several targets, and
 * another disk with a keeper (tests/harness/keeper.ts), whom none of it may disturb.
 */
import assert from "node:assert/strict";
import { MUTUAL } from "../harness/chap_users.ts";
import { GUARDED } from "../harness/guarded.ts";
import { Keeper } from "../harness/keeper.ts";
import { mustBeLeft, mustTellOfNoBug } from "../harness/leaks.ts";
import { GUARDED_TARGET } from "../harness/login_text.ts";
import type { Random } from "../harness/random.ts";
import { Rig, type RigOptions, TARGET } from "../harness/rig.ts";
import { ATTACKED_TARGET } from "./shooter.ts";

/** What the attacked disk is like, one after the other. */
const KINDS: readonly RigOptions[] = [
  {},
  { writeThrough: true, tst: 0 },
  { removable: true, explAlua: true },
  { thinProvisioned: false, rotational: true, nvCache: true },
  { readOnly: true },
  { blocksize: 4096 },
];

/** Bytes that the keeper's connection has for the ends of its Data-Outs, as long as it lives. */
const KEPT_MOST = 4096;

const ATTACKED_IDS = { naaId: "6025c57000000000000000000000002f", usn: "attacked" };

export class Ground implements Disposable {
  readonly attacked: Rig;
  readonly keeper: Keeper;
  readonly #own: Rig;
  #done = 0;

  /** `turn` chooses the kind of the disk. */
  constructor(turn: number, random: Random) {
    this.#own = new Rig({ size: 2 ** 16 });
    this.attacked = new Rig({
      ...KINDS[turn % KINDS.length],
      ids: ATTACKED_IDS,
      node: this.#own.node,
      targets: [ATTACKED_TARGET],
      users: MUTUAL,
    });
    const guarded = this.node.addTarget(GUARDED_TARGET, GUARDED);
    guarded.addGroup("some", ["*:peer"], "FLAT").add(0, this.attacked.device, turn % 2 === 0);
    this.keeper = new Keeper(this.#own, random, 1, 0, 100);
  }

  get node() {
    return this.#own.node;
  }

  /** What the connections have had logged since the last check. */
  get log(): readonly string[] {
    return this.#own.log;
  }

  /**
   * Fails unless all is as it was before there was anybody but the keeper, who has been served
   * meanwhile and is served now.
   */
  check(): void {
    const { keeper, node } = this;
    mustTellOfNoBug(this.#own.log);
    mustTellOfNoBug(this.attacked.log);
    for (let tries = 0; tries < 200 && keeper.done === this.#done; tries++) keeper.step();
    keeper.settle();
    assert(!keeper.isBarred, "the keeper is kept from its disk");
    assert(keeper.done > this.#done, "the keeper gets nothing done");
    this.#done = keeper.done;
    assert.deepEqual([...node.sessions].map(({ target }) => target?.name), [TARGET], "sessions");
    for (const target of node.targets) if (target.name !== TARGET) mustBeLeft(target);
    assert.equal(this.attacked.device.users.size, 0, "users that are left");
    assert.equal(this.attacked.store.held.length, 0, "requests that are left");
    assert(node.memory.lent <= KEPT_MOST, `${node.memory.lent} bytes that are left`);
    this.#own.log.length = 0;
    this.attacked.log.length = 0;
  }

  /** Fails unless all is as it was before there was anybody; the keeper reads what it has, and goes. */
  end(): void {
    this.check();
    this.keeper.finish();
    assert.deepEqual([...this.node.sessions], [], "sessions that are left");
    assert.equal(this.node.memory.lent, 0, "bytes that are left");
  }

  [Symbol.dispose](): void {
    this.attacked[Symbol.dispose]();
    this.#own[Symbol.dispose]();
  }
}
