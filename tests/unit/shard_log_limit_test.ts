/** The limit of the log, with a clock of its own. */
import assert from "node:assert/strict";
import { LogLimit } from "../../lib/shard/log_limit.ts";
import { StandingClock } from "../harness/standing_clock.ts";

/** A limit whose lines are collected, and a clock that stands until it is set. */
class Scene implements Disposable {
  readonly lines: string[] = [];
  readonly limit = new LogLimit((level, line) => this.lines.push(`${level} ${line}`));
  readonly clock = new StandingClock(100);

  report(level: "debug" | "info" | "warning" | "error", count: number): void {
    for (let index = 0; index < count; index++) this.limit.report(level, `line ${index}`);
  }

  /** What was written since the last look. */
  take(): string[] {
    return this.lines.splice(0);
  }

  [Symbol.dispose](): void {
    this.clock[Symbol.dispose]();
  }
}

const numbered = (level: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${level} line ${index}`);

Deno.test("LogLimit writes 200 lines of a level in a second, and tells what it dropped", () => {
  using scene = new Scene();
  scene.report("info", 500);
  assert.deepEqual(scene.take(), numbered("info", 200));
  scene.clock.seconds = 100.999;
  scene.report("info", 1);
  assert.deepEqual(scene.take(), []);
  scene.clock.seconds = 101;
  scene.report("info", 1);
  assert.deepEqual(scene.take(), ["warning 301 info lines of the log were dropped", "info line 0"]);
  scene.clock.seconds = 102;
  scene.report("info", 1);
  assert.deepEqual(scene.take(), ["info line 0"]);
});

Deno.test("LogLimit lets a flood of one level not hide the others", () => {
  using scene = new Scene();
  scene.report("info", 1000);
  scene.take();
  scene.report("warning", 201);
  scene.report("error", 5);
  assert.deepEqual(scene.take(), [...numbered("warning", 200), ...numbered("error", 5)]);
  scene.clock.seconds = 103;
  scene.report("error", 1);
  assert.deepEqual(scene.take(), [
    "warning 800 info lines of the log were dropped",
    "warning 1 warning lines of the log were dropped",
    "error line 0",
  ]);
});

Deno.test("LogLimit drops nothing at exactly 200 lines", () => {
  using scene = new Scene();
  for (let second = 0; second < 3; second++) {
    scene.clock.seconds = 200 + second;
    scene.report("info", 200);
    assert.deepEqual(scene.take(), numbered("info", 200));
  }
});

Deno.test("LogLimit neither writes nor counts debug lines", () => {
  using scene = new Scene();
  scene.report("debug", 1000);
  scene.clock.seconds = 101;
  scene.report("info", 1);
  assert.deepEqual(scene.take(), ["info line 0"]);
});
