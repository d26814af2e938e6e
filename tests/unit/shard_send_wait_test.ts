/** Initiators that stop reading: what their answers wait is that of their commands, and is told of. */
import assert from "node:assert/strict";
import { LoopRig, type Reader } from "../harness/loop_rig.ts";
import { socketPair } from "../harness/socket_pair.ts";
import { StandingClock } from "../harness/standing_clock.ts";

const noPair = socketPair();
const ignore = typeof noPair === "string";

/** 1 MiB under way, which is more than the sockets hold. */
const DEPTH = 4;
const BLOCKS = 512;

/** An initiator that reads or does not, and time that passes when it is told to. */
class Scene implements Disposable {
  readonly clock = new StandingClock(100);
  readonly loop = new LoopRig({ attributes: { queuedCommands: DEPTH } });
  readonly reader: Reader;

  constructor(blocks = BLOCKS) {
    this.reader = this.loop.reader(0, DEPTH, blocks);
  }

  get lines(): string[] {
    return this.loop.rig.log.filter((line) => line.includes("slow command"));
  }

  get session() {
    return [...this.loop.rig.node.sessions][0]!;
  }

  /** Has the script end before the next turn of the loop after each `yield`. */
  play(script: Iterator<void>): void {
    this.loop.run(() => script.next().done === true);
  }

  /** READs are answered. */
  *read(count: number): Generator<void> {
    for (const until = this.reader.done + count; this.reader.done < until;) yield;
  }

  /** The initiator takes nothing any more, until its socket is full and nothing happens. */
  *stopReading(): Generator<void> {
    this.reader.takes = false;
    for (let turns = 0; turns < 20; turns++) yield;
    assert(this.session.output.length > 0, "the socket takes more than was read");
  }

  [Symbol.dispose](): void {
    this.loop[Symbol.dispose]();
    this.clock[Symbol.dispose]();
  }
}

Deno.test({
  name: "a command whose answer its initiator does not take is slow, and told of with that time",
  ignore,
  fn: () => {
    using scene = new Scene();
    const { clock, reader } = scene;
    scene.play(function* () {
      yield* scene.read(20);
      assert.deepEqual(scene.lines, [], "nobody waits for one that reads");
      yield* scene.stopReading();
      clock.seconds += 5;
      for (let turns = 0; turns < 20; turns++) yield;
      assert.deepEqual(scene.lines, [], "nothing of it has ended");
      reader.takes = true;
      yield* scene.read(2 * DEPTH);
    }());
    const [line, ...more] = scene.lines;
    assert.match(
      line!,
      /^warning slow command: READ\(10\) took 5\.00 s \(data 0 ms, queue 0 ms, store 0 ms, send 5000 ms\): initiator=\S+reader1 .* lun=0 itt=0x/,
    );
    assert.deepEqual(more, []);
  },
});

Deno.test({
  name:
    "the command that holds others up is told of, and not one of those that wait for room behind it",
  ignore,
  fn: () => {
    // Two of them are more than may wait to be sent while data is read.
    using scene = new Scene(1024);
    scene.play(function* () {
      yield* scene.read(4);
      yield* scene.stopReading();
      scene.clock.seconds += 5;
      scene.reader.takes = true;
      yield* scene.read(2 * DEPTH);
      scene.clock.seconds += 5;
      yield* scene.read(2 * DEPTH);
    }());
    const [first, second, ...more] = scene.lines;
    assert.match(first!, / took 5\.00 s \(data 0 ms, queue 0 ms, store 0 ms, send 5000 ms\): /);
    assert.match(second!, / took 5\.00 s \(.*\), as 3 others before: /);
    assert.deepEqual(more, []);
  },
});

Deno.test({
  name: "the command is known whose task could serve the next one, which waits for room, at once",
  ignore,
  fn: () => {
    using scene = new Scene(2048);
    const { reader } = scene;
    reader.sending = () => reader.takes = false; // its first READs: no session has more tasks by then
    scene.play(function* () {
      while (reader.takes) yield;
      yield* scene.stopReading();
      scene.clock.seconds += 5;
      reader.takes = true;
      reader.sending = () => {};
      yield* scene.read(2);
    }());
    const said = / took 5\.00 s \(data 0 ms, queue 0 ms, .* send 5000 ms\): .* itt=0x2$/;
    assert.match(scene.lines[0]!, said);
  },
});

Deno.test({
  name: "what an initiator never takes is told of when its connection ends",
  ignore,
  fn: () => {
    using scene = new Scene();
    scene.play(function* () {
      yield* scene.read(1);
      yield* scene.stopReading();
      scene.clock.seconds += 60;
      scene.session.connection.breakOff("by the test");
    }());
    const [line, ...more] = scene.lines;
    assert.match(line!, / took 60\.00 s \(.* send 60000 ms until the connection ended\)/);
    assert.deepEqual(more, []);
  },
});

Deno.test({
  name: "time is counted while there are answers that wait for the initiator, and at no other",
  ignore,
  fn: () => {
    using scene = new Scene();
    const { clock, reader } = scene;
    const waited = () => scene.session.unsent.waited(performance.now());
    scene.play(function* () {
      yield* scene.read(1);
      yield* scene.stopReading();
      clock.seconds += 2;
      assert.equal(waited(), 2000);
      clock.seconds += 1;
      reader.takes = true;
      reader.asks = false;
      while (scene.session.output.length > 0) yield;
      assert.equal(waited(), 3000);
      clock.seconds += 9;
      assert.equal(waited(), 3000);
    }());
  },
});

Deno.test({
  name: "while nothing waits for the initiator, nothing is noted of its commands",
  ignore,
  fn: () => {
    using scene = new Scene(1);
    let noted = 0;
    scene.play(function* () {
      yield* scene.read(1);
      scene.session.noteUnsent = () => noted++;
      yield* scene.read(100);
    }());
    assert.equal(noted, 0);
  },
});
