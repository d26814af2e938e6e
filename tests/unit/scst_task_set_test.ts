/** The task set (SAM-5 8): who may run, who waits, and in which order they go on. */
import assert from "node:assert/strict";
import { TaskSet } from "../../lib/scst/task_set.ts";
import { Attribute } from "../../lib/scsi/status.ts";
import { BareCommand } from "../harness/bare_command.ts";
import { Random, testSeed } from "../harness/random.ts";

const LETTERS: Readonly<Record<string, number>> = {
  U: Attribute.UNTAGGED,
  S: Attribute.SIMPLE,
  O: Attribute.ORDERED,
  H: Attribute.HEAD_OF_QUEUE,
};

/** A task set and the commands that entered it, named by attribute and number: "S1", "O2". */
class Scene {
  readonly started: string[] = [];
  readonly commands = new Map<string, BareCommand>();
  #set = new TaskSet((command) => this.started.push((command as BareCommand).name), () => {});

  /** Commands enter; all their data is there. Those that may run at once have started. */
  enter(...names: string[]): void {
    for (const name of names) {
      const command = new BareCommand(name, { attribute: LETTERS[name[0]!]! });
      this.commands.set(name, command);
      this.#set.enter(command);
      command.ready = true;
      if (command.enabled) this.started.push(name);
    }
  }

  end(...names: string[]): void {
    for (const name of names) this.commands.get(name)!.succeed();
  }

  /** What has started since the last look. */
  take(): string {
    return this.started.splice(0).join(" ");
  }
}

Deno.test("TaskSet runs SIMPLE and untagged commands side by side", () => {
  const scene = new Scene();
  scene.enter("S1", "U2", "S3");
  assert.equal(scene.take(), "S1 U2 S3");
  scene.end("S3", "S1", "U2");
  assert.equal(scene.take(), "");
});

Deno.test("TaskSet runs ORDERED when everything before it has ended, and alone", () => {
  const scene = new Scene();
  scene.enter("S1", "S2", "O3", "S4", "S5");
  assert.equal(scene.take(), "S1 S2");
  scene.end("S2");
  assert.equal(scene.take(), "");
  scene.end("S1");
  assert.equal(scene.take(), "O3");
  scene.enter("S6");
  assert.equal(scene.take(), "");
  scene.end("O3");
  assert.equal(scene.take(), "S4 S5 S6");
});

Deno.test("TaskSet runs ORDERED commands one after the other", () => {
  const scene = new Scene();
  scene.enter("O1", "O2", "O3", "S4");
  for (const name of ["O1", "O2", "O3", "S4"]) {
    assert.equal(scene.take(), name);
    scene.end(name);
  }
});

Deno.test("TaskSet runs HEAD OF QUEUE at once, and ORDERED waits for it like for any other", () => {
  const scene = new Scene();
  scene.enter("O1", "S2", "H3", "H4");
  assert.equal(scene.take(), "O1 H3 H4");
  scene.end("O1");
  assert.equal(scene.take(), "S2");
  scene.enter("O5");
  scene.end("S2", "H3");
  assert.equal(scene.take(), "");
  scene.end("H4");
  assert.equal(scene.take(), "O5");
});

Deno.test("TaskSet lets a command through whose data is still to come, and does not run it", () => {
  const scene = new Scene();
  scene.enter("O1", "S2", "S3");
  scene.take();
  const waiting = scene.commands.get("S2")!;
  waiting.ready = false;
  scene.end("O1");
  assert.equal(scene.take(), "S3");
  assert.equal(waiting.enabled, true);
});

Deno.test("TaskSet forgets who is aborted while it waits, and who waited for that goes on", () => {
  const scene = new Scene();
  scene.enter("S1", "O2", "S3", "O4", "S5");
  scene.take();
  scene.commands.get("O2")!.leaveTaskSet();
  assert.equal(scene.take(), "S3");
  scene.commands.get("O4")!.leaveTaskSet();
  assert.equal(scene.take(), "S5");
  scene.end("S1", "S3", "S5");
  scene.enter("O6");
  assert.equal(scene.take(), "O6");
});

Deno.test("TaskSet goes on when an ORDERED command is aborted while it runs", () => {
  const scene = new Scene();
  scene.enter("O1", "S2");
  scene.take();
  scene.commands.get("O1")!.leaveTaskSet();
  assert.equal(scene.take(), "S2");
});

Deno.test("TaskSet sends the status of a command before those of the ones that waited for it", () => {
  const order: string[] = [];
  const set = new TaskSet((command) => command.succeed(), () => {});
  const commands = ["O1", "O2", "S3", "O4"].map((name) => {
    const command = new BareCommand(name, { attribute: LETTERS[name[0]!]! });
    command.delivered = () => order.push(name);
    set.enter(command);
    command.ready = true;
    return command;
  });
  commands[0]!.succeed();
  assert.deepEqual(order, ["O1", "O2", "S3", "O4"]);
});

Deno.test("TaskSet never runs ORDERED beside an older command, nor a younger one beside ORDERED", () => {
  const seed = testSeed();
  const random = new Random(seed);
  const scene = new Scene();
  const running: string[] = [];
  const waiting: string[] = [];
  const why = `SCST_TEST_SEED=${seed}`;
  for (let number = 0; number < 5000; number++) {
    const name = `${random.pick(["S", "S", "S", "O", "H"])}${number}`;
    waiting.push(name);
    scene.enter(name);
    for (let turn = 0; turn <= random.below(3); turn++) {
      for (const started of scene.take().split(" ").filter(Boolean)) {
        const before = waiting.slice(0, waiting.indexOf(started));
        if (started[0] !== "H") {
          assert(before.every((other) => other[0] === "H"), `${started} overtakes: ${why}`);
          assert(!running.some((other) => other[0] === "O"), `${started} beside ORDERED: ${why}`);
        }
        if (started[0] === "O") assert.deepEqual(running, [], `${started} beside others: ${why}`);
        waiting.splice(before.length, 1);
        running.push(started);
      }
      if (running.length === 0) break;
      scene.end(running.splice(random.below(running.length), 1)[0]!);
    }
  }
  while (running.length > 0) {
    scene.end(...running.splice(0));
    for (const started of scene.take().split(" ").filter(Boolean)) {
      waiting.splice(waiting.indexOf(started), 1);
      running.push(started);
    }
  }
  assert.deepEqual(waiting, [], why);
});
