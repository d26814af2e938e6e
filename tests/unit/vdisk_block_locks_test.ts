/** Who has to wait: for an orphan that the store still works on, and for an exclusive command. */
import assert from "node:assert/strict";
import { BlockLocks } from "../../lib/vdisk/block_locks.ts";
import { BareCommand } from "../harness/bare_command.ts";
import { Random, testSeed } from "../harness/random.ts";

const UNMAP = 0x42;

function command(lba: number, blocks: number, name = `${blocks}@${lba}`): BareCommand {
  return new BareCommand(name, { lba, blocks });
}

function exclusive(lba: number, blocks: number, name?: string): BareCommand {
  const made = command(lba, blocks, name);
  made.exclusive = true;
  return made;
}

function unmapCommand(): BareCommand {
  const made = command(0, 0, "unmap");
  made.cdb[0] = UNMAP;
  return made;
}

const never = () => assert.fail("nobody waited for this");

/** Whether `who` has to wait; then it is forgotten again. */
function waits(locks: BlockLocks, who: BareCommand): boolean {
  const held = locks.holds(who, never);
  if (held) assert.equal(locks.forget(who), true);
  return held;
}

/** Locks with one command in the store that was aborted there. */
function withOrphan(orphan: BareCommand): BlockLocks {
  const locks = new BlockLocks();
  locks.begin(orphan);
  locks.orphan(orphan);
  return locks;
}

const AROUND_10_TO_14: [lba: number, blocks: number, barred: boolean][] = [
  [0, 10, false],
  [0, 11, true],
  [9, 1, false],
  [10, 1, true],
  [12, 1, true],
  [14, 1, true],
  [14, 100, true],
  [15, 1, false],
  [0, 100, true],
  [2 ** 40, 8, false],
  [0, 0, false], // TEST UNIT READY and the like
];

Deno.test("holds() bars the blocks of an orphan and of an exclusive command, and no others", () => {
  const busy = new BlockLocks();
  busy.begin(exclusive(10, 5));
  for (const locks of [withOrphan(command(10, 5)), busy]) {
    for (const [lba, blocks, barred] of AROUND_10_TO_14) {
      assert.equal(waits(locks, command(lba, blocks)), barred, `${blocks} blocks at ${lba}`);
      assert.equal(waits(locks, exclusive(lba, blocks)), barred, `${blocks} blocks at ${lba}`);
    }
  }
});

Deno.test("holds() lets an exclusive command wait for whatever the store does with its blocks", () => {
  const locks = new BlockLocks();
  locks.begin(command(10, 5));
  for (const [lba, blocks, barred] of AROUND_10_TO_14) {
    assert.equal(waits(locks, exclusive(lba, blocks)), barred, `${blocks} blocks at ${lba}`);
    assert.equal(waits(locks, command(lba, blocks)), false, "commands run side by side");
  }
});

Deno.test("holds() lets UNMAP wait for all blocks, and all blocks wait for UNMAP", () => {
  assert.equal(waits(withOrphan(command(10, 5)), unmapCommand()), true);
  const locks = withOrphan(unmapCommand());
  assert.equal(waits(locks, command(1000, 1)), true);
  assert.equal(waits(locks, unmapCommand()), true);
  assert.equal(waits(locks, command(0, 0)), false);
  const pending = new BlockLocks();
  pending.begin(unmapCommand());
  assert.equal(waits(pending, exclusive(77, 1)), true);
});

Deno.test("orphan() bars nothing when the store has finished already", () => {
  const locks = new BlockLocks();
  const late = command(0, 10);
  locks.begin(late);
  locks.end(late);
  locks.orphan(late);
  assert.equal(waits(locks, command(5, 1)), false);
});

Deno.test("end() runs who waited, once, in the order in which they came", () => {
  const orphan = command(0, 10);
  const locks = withOrphan(orphan);
  const ran: string[] = [];
  const run = (waiting: BareCommand) => ran.push(waiting.name);
  for (const name of ["a", "b", "c"]) assert.equal(locks.holds(command(1, 1, name), run), true);
  locks.end(orphan);
  assert.deepEqual(ran, ["a", "b", "c"]);
  locks.end(orphan);
  assert.deepEqual(ran, ["a", "b", "c"]);
});

Deno.test("an exclusive command that waits is not overtaken on its blocks", () => {
  const locks = new BlockLocks();
  const [busy, other] = [command(0, 4), command(50, 1)];
  locks.begin(busy);
  locks.begin(other);
  const ran: string[] = [];
  const run = (waiting: BareCommand) => {
    if (locks.holds(waiting, run)) return;
    ran.push(waiting.name);
    locks.begin(waiting);
  };
  const compare = exclusive(2, 4, "compare");
  run(compare);
  run(command(5, 1, "behind"));
  run(command(6, 1, "beside"));
  assert.deepEqual(ran, ["beside"]);
  locks.end(other);
  assert.deepEqual(ran, ["beside"]);
  locks.end(busy);
  assert.deepEqual(ran, ["beside", "compare"]);
  locks.end(compare);
  assert.deepEqual(ran, ["beside", "compare", "behind"]);
});

Deno.test("forget() takes out who waited, says so, and lets go on who waited for that", () => {
  const locks = new BlockLocks();
  locks.begin(command(0, 4));
  const ran: string[] = [];
  const run = (waiting: BareCommand) => {
    if (!locks.holds(waiting, run)) ran.push(waiting.name);
  };
  const compare = exclusive(0, 8);
  run(compare);
  run(command(6, 1, "behind"));
  assert.deepEqual(ran, []);
  assert.equal(locks.forget(compare), true);
  assert.deepEqual(ran, ["behind"]);
  assert.equal(locks.forget(compare), false);
});

Deno.test("forget() finds a command that is about to try once more, when another one is the cause", () => {
  const locks = new BlockLocks();
  const holder = exclusive(0, 8);
  locks.begin(holder);
  const [first, second, third] = [exclusive(0, 8, "a"), exclusive(0, 8, "b"), command(0, 8, "c")];
  const ran: string[] = [];
  const run = (who: BareCommand) => {
    if (locks.holds(who, run)) return;
    ran.push(who.name);
    if (who !== first) return;
    second.aborted = true;
    assert.equal(locks.forget(second), true);
    assert.equal(locks.forget(second), false);
  };
  for (const who of [first, second, third]) run(who);
  locks.end(holder);
  assert.deepEqual(ran, ["a", "c"]);
  assert.equal(waits(locks, command(0, 8)), false, "nobody is left behind");
});

Deno.test("no exclusive command ever runs beside another one on its blocks, and none is lost", () => {
  const seed = testSeed();
  const random = new Random(seed);
  const locks = new BlockLocks();
  const running: BareCommand[] = [];
  const overlap = (one: BareCommand, other: BareCommand) =>
    one.lba < other.lba + other.blocks && other.lba < one.lba + one.blocks;
  let ended = 0;
  const run = (who: BareCommand) => {
    if (locks.holds(who, run)) return;
    for (const other of running) {
      const apart = !overlap(who, other) || !who.exclusive && !other.exclusive;
      assert(apart, `${who.name} beside ${other.name}: SCST_TEST_SEED=${seed}`);
    }
    locks.begin(who);
    running.push(who);
  };
  const end = () => {
    locks.end(running.splice(random.below(running.length), 1)[0]!);
    ended++;
  };
  const COUNT = 3000;
  for (let count = 0; count < COUNT; count++) {
    const make = random.below(3) === 0 ? exclusive : command;
    run(make(random.below(60), 1 + random.below(8)));
    while (running.length > random.below(12)) end();
  }
  while (running.length > 0) end();
  assert.equal(ended, COUNT, `SCST_TEST_SEED=${seed}`);
});
