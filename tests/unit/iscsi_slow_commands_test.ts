/** Commands that take long: what the log says of them, once, and of many only how many. */
import assert from "node:assert/strict";
import { viewOf } from "../../lib/shard/device_view.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { type Peer, Rig, TARGET } from "../harness/rig.ts";
import { manage } from "../harness/copy_rig.ts";
import { StandingClock } from "../harness/standing_clock.ts";
import { openWrite, sendWaiting } from "../harness/under_way.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read10, testUnitReady } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

const SIMPLE = 1;
const ORDERED = 2;
const ABORT_TASK = 1;

/** A session that has just been heard. */
class Scene implements Disposable {
  readonly clock = new StandingClock(100);
  readonly rig = new Rig();
  readonly peer: Peer = this.rig.login(1);

  constructor() {
    this.pass(0);
  }

  get lines(): string[] {
    return this.rig.log.filter((line) => line.includes("slow command"));
  }

  /** Lets `seconds` pass, and bytes come. */
  pass(seconds: number): void {
    this.clock.seconds += seconds;
    this.rig.node.tally.begin(performance.now());
  }

  /** Sends a READ that the store does not end; returns its tag. */
  read(): number {
    this.rig.store.hanging = true;
    const fields = { cdb: read10(0, 1), flags: FINAL | READ | SIMPLE, expectedLength: 512 };
    const command = this.peer.command(fields);
    assert.deepEqual(this.peer.send(command), []);
    return command.itt;
  }

  /** Lets the store end what it has. */
  release(): void {
    this.rig.store.hanging = false;
    this.rig.store.release();
  }

  /** Lets the network take what there is. */
  send(): void {
    this.peer.take();
    this.peer.connection.noteProgress();
  }

  /** Lets the store end what it has, and the network take it. */
  finish(): void {
    this.release();
    this.send();
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
    this.clock[Symbol.dispose]();
  }
}

Deno.test("a slow command is told of with where its time went", () => {
  using scene = new Scene();
  scene.read();
  scene.pass(0.999);
  scene.finish();
  assert.equal(scene.lines.length, 0, "it was not slow");
  const itt = scene.read();
  scene.pass(1.5);
  scene.release();
  assert.equal(scene.lines.length, 0, "it is told of when it is over");
  scene.pass(0.25);
  scene.send();
  assert.equal(scene.lines.length, 1);
  const line = scene.lines[0]!;
  assert.match(
    line,
    /^warning slow command: READ\(10\) took 1\.75 s \(data 0 ms, queue 0 ms, store 1500 ms, send 250 ms\): initiator=/,
  );
  assert(line.includes(` target=${TARGET} lun=0 itt=0x${itt.toString(16)}`), line);
});

Deno.test("the time that a command waits for its data is none of the store", () => {
  using scene = new Scene();
  const write = openWrite(scene.peer, 0, patternBytes(512, 1));
  scene.pass(2);
  write.finish();
  scene.send();
  assert.match(scene.lines[0]!, / took 2\.00 s \(data 2000 ms, queue 0 ms, store 0 ms,/);
  scene.pass(5);
  scene.rig.node.tally.slow.threshold = Infinity;
  const other = openWrite(scene.peer, 0, patternBytes(512, 1));
  scene.pass(3);
  other.finish();
  scene.send();
  assert.equal(scene.lines.length, 1, "nothing is told any more");
});

Deno.test("the time that a command waits for its turn is that of the queue", () => {
  using scene = new Scene();
  const { slow } = scene.rig.node.tally;
  slow.threshold = Infinity; // of the READ nothing is told
  scene.read();
  slow.threshold = 600;
  sendWaiting(scene.peer, ORDERED);
  scene.pass(0.7);
  scene.finish();
  const [line, ...more] = scene.lines;
  assert.deepEqual(more, []);
  assert.match(line!, /TEST UNIT READY took 0\.70 s \(data 0 ms, queue 700 ms, store 0 ms,/);
});

Deno.test("of many slow commands in a second one is told of, and then how many others there were", () => {
  using scene = new Scene();
  for (let count = 0; count < 5; count++) scene.read();
  scene.pass(3);
  scene.finish();
  assert.equal(scene.lines.length, 1);
  scene.read();
  scene.pass(2);
  scene.finish();
  assert.equal(scene.lines.length, 2);
  assert.match(scene.lines[1]!, / send 0 ms\), as 4 others before: initiator=/);
  for (let count = 0; count < 2; count++) scene.read();
  scene.pass(2);
  scene.finish();
  scene.read();
  scene.pass(2);
  scene.finish();
  assert.match(scene.lines[3]!, / send 0 ms\), as 1 other before: initiator=/);
});

Deno.test("a command that the store does not end is told of when it is aborted, and not again", () => {
  using scene = new Scene();
  const task = scene.read();
  scene.pass(30);
  scene.peer.send(manage(scene.peer, ABORT_TASK, { task }));
  assert.match(
    scene.lines[0]!,
    / was aborted after 30\.00 s \(data 0 ms, queue 0 ms, store 30000 ms\): /,
  );
  scene.pass(10);
  scene.finish();
  assert.equal(scene.lines.length, 1);
  exchangeGood(scene.peer, testUnitReady());
});

Deno.test("a slow command whose answer is lost with its connection is told of then", () => {
  using scene = new Scene();
  scene.read();
  scene.pass(1.5);
  scene.release();
  scene.pass(60);
  scene.peer.connection.breakOff("by the test");
  assert.equal(scene.lines.length, 1);
  assert.match(
    scene.lines[0]!,
    / took 61\.50 s \(data 0 ms, queue 0 ms, store 1500 ms, send 60000 ms until the connection ended\)/,
  );
});

Deno.test("a command without an answer is told of while it has none, and again after a minute", () => {
  using scene = new Scene();
  const itt = scene.read();
  const wait = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      scene.pass(1);
      scene.peer.connection.tick(performance.now());
    }
  };
  wait(4);
  assert.equal(scene.lines.join(), "");
  wait(1);
  assert.equal(scene.lines.length, 1);
  const first = scene.lines[0]!;
  assert.match(
    first,
    /READ\(10\) has no answer after 5\.00 s \(data 0 ms, queue 0 ms, store 5000 ms\): initiator=/,
  );
  assert(first.endsWith(` lun=0 itt=0x${itt.toString(16)}`), first);
  // Others that come behind it do not make it more.
  scene.read();
  wait(20);
  assert.equal(scene.lines.length, 1);
  wait(40);
  assert.equal(scene.lines.length, 2);
  assert.match(scene.lines[1]!, / has no answer after 65\.00 s /);
  scene.pass(2);
  scene.finish();
  assert.match(scene.lines[2]!, / took 67\.00 s /);
});

Deno.test("a disk knows what it has not answered for long, until it has", () => {
  using scene = new Scene();
  const { disk } = scene.rig;
  const wait = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      scene.pass(1);
      scene.peer.connection.tick(performance.now());
    }
  };
  scene.rig.node.tally.slow.threshold = Infinity; // what the log tells is another matter
  scene.pass(5);
  scene.read();
  const begun = Date.now();
  wait(1);
  scene.read();
  wait(8);
  assert.equal(viewOf(disk).unanswered, undefined);
  wait(3);
  assert.deepEqual(viewOf(disk).unanswered, { name: "READ(10)", at: begun });
  wait(20);
  assert.deepEqual(viewOf(disk).unanswered, { name: "READ(10)", at: begun });
  scene.finish();
  wait(3);
  assert.equal(viewOf(disk).unanswered, undefined);
  // What waits for something else than the disk is not its fault.
  openWrite(scene.peer, 0, patternBytes(512, 1));
  wait(15);
  assert.equal(viewOf(disk).unanswered, undefined);
});

Deno.test("a command that has not come to the store is told of as one that waits", () => {
  {
    using scene = new Scene();
    scene.rig.node.tally.slow.threshold = Infinity; // of the READ nothing is told
    scene.read();
    scene.rig.node.tally.slow.threshold = 1000;
    const task = sendWaiting(scene.peer, ORDERED);
    scene.pass(30);
    scene.peer.send(manage(scene.peer, ABORT_TASK, { task }));
    const text =
      "TEST UNIT READY was aborted after 30.00 s (data 0 ms, queue 30000 ms, store 0 ms)";
    assert(scene.lines[0]?.includes(text), scene.rig.log.join("\n"));
  }
  using scene = new Scene();
  const write = openWrite(scene.peer, 0, patternBytes(512, 1));
  scene.pass(30);
  scene.peer.connection.tick(performance.now());
  scene.peer.send(manage(scene.peer, ABORT_TASK, { task: write.itt }));
  const waits = "(data 30000 ms, queue 0 ms, store 0 ms)";
  assert.match(scene.lines[0]!, / WRITE\(10\) has no answer after 30\.00 s /);
  assert(scene.lines[0]!.includes(waits), scene.lines.join());
});
