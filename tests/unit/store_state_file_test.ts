/** State files: what is found after any damage, and what a save leaves behind that fails. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import { StoreError } from "../../lib/store/store.ts";
import { HeldPool } from "../harness/held_pool.ts";
import { IoWorkers } from "../harness/io_workers.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";

const OLD = "what was\n";
const NEW = "what is now: \u00e4\n";

/** A directory in memory with a state file, and a pool that does what it is told. */
class Bench implements Disposable {
  readonly dir = Deno.makeTempDirSync({ dir: "/dev/shm" });
  readonly pool = new HeldPool();
  readonly file: StateFile = new StateFile(`${this.dir}/pr`, "disk", this.pool);

  /** Saves a text and returns the result. */
  save(text: string): number {
    let result: number | undefined;
    this.file.save(text, (found) => result = found);
    this.pool.let();
    assert(result !== undefined);
    return result;
  }

  get newest(): string {
    return this.file.path;
  }

  get before(): string {
    return `${this.file.path}.1`;
  }

  [Symbol.dispose](): void {
    this.pool[Symbol.dispose]();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

function savedTwice(): Bench {
  const bench = new Bench();
  assert.equal(bench.save(OLD), 0);
  assert.equal(bench.save(NEW), 0);
  return bench;
}

Deno.test("StateFile has nothing before the first save, and then what was saved last", () => {
  using bench = new Bench();
  const { file } = bench;
  assert.deepEqual(file.load(), { text: undefined, warning: undefined });
  for (const text of [OLD, NEW, "", "a\nb\n".repeat(100_000)]) {
    assert.equal(bench.save(text), 0);
    assert.deepEqual(file.load(), { text, warning: undefined });
    assert.deepEqual(new StateFile(`${bench.dir}/pr`, "disk", bench.pool).load().text, text);
  }
  assert.equal(Deno.statSync(file.path).mode! & 0o777, 0o600);
  assert.equal(Deno.statSync(`${bench.dir}/pr`).mode! & 0o777, 0o700);
});

Deno.test("StateFile.load() takes the generation before when the newest is cut off anywhere", () => {
  using bench = savedTwice();
  const whole = Deno.readFileSync(bench.newest);
  for (let length = 0; length < whole.length; length++) {
    Deno.writeFileSync(bench.newest, whole.subarray(0, length));
    const { text, warning } = bench.file.load();
    assert.equal(text, OLD, `${length} of ${whole.length} bytes`);
    assert.match(warning!, /^Cannot use .*\/pr\/disk: it is damaged; the generation before/);
  }
});

Deno.test("StateFile.load() takes the generation before when any bit of the newest is wrong", () => {
  using bench = savedTwice();
  const whole = Deno.readFileSync(bench.newest);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const wrong = whole.slice();
    wrong[bit >> 3]! ^= 1 << (bit & 7);
    Deno.writeFileSync(bench.newest, wrong);
    // What has become another version is not taken either, and no older one in its place.
    if (/^scst-state [2-9] /.test(new TextDecoder().decode(wrong))) refusesNewer(bench.file);
    else assert.equal(bench.file.load().text, OLD, `bit ${bit}`);
  }
  Deno.writeFileSync(bench.newest, new Uint8Array([...whole, 0x0a]));
  assert.equal(bench.file.load().text, OLD);
});

Deno.test("StateFile.load() does without the newest or the one before, but not without both", () => {
  using bench = savedTwice();
  Deno.writeTextFileSync(bench.before, "rubbish");
  assert.deepEqual(bench.file.load(), { text: NEW, warning: undefined });
  Deno.removeSync(bench.before);
  assert.deepEqual(bench.file.load(), { text: NEW, warning: undefined });
  // As a save leaves it that was cut off between its two renames.
  Deno.renameSync(bench.newest, bench.before);
  assert.deepEqual(bench.file.load(), { text: NEW, warning: undefined });
  Deno.writeTextFileSync(bench.newest, "rubbish");
  assert.equal(bench.file.load().text, NEW);
  for (const before of ["rubbish", undefined]) {
    if (before === undefined) Deno.removeSync(bench.before);
    else Deno.writeTextFileSync(bench.before, before);
    assert.throws(
      () => bench.file.load(),
      (error) =>
        error instanceof StoreError &&
        error.message === `Cannot use ${bench.newest}: it is damaged`,
    );
  }
});

Deno.test("StateFile.load() takes no file of a newer version, nor the generation before that", () => {
  using bench = savedTwice();
  const whole = Deno.readTextFileSync(bench.newest);
  Deno.writeTextFileSync(bench.newest, whole.replace("scst-state 1 ", "scst-state 12 "));
  refusesNewer(bench.file, 12);
  Deno.removeSync(bench.newest);
  Deno.writeTextFileSync(bench.before, whole.replace("scst-state 1 ", "scst-state 2 "));
  assert.throws(() => bench.file.load(), /disk\.1: a newer scst wrote it \(format 2;/);
  for (const version of ["0", "-1", "01", "x", ""]) {
    Deno.writeTextFileSync(bench.before, whole.replace("scst-state 1 ", `scst-state ${version} `));
    assert.throws(() => bench.file.load(), /it is damaged/, version);
  }
});

function refusesNewer(file: StateFile, version: number | RegExp = /[2-9]/): void {
  const said = version instanceof RegExp ? version.source : String(version);
  assert.throws(
    () => file.load(),
    (error) =>
      error instanceof StoreError &&
      new RegExp(
        `^Cannot use \\S+/pr/disk: a newer scst wrote it \\(format ${said}; this one knows 1\\)$`,
      )
        .test(error.message),
  );
}

Deno.test("StateFile.save() goes on over what a save left that was killed", () => {
  using bench = savedTwice();
  Deno.writeTextFileSync(`${bench.newest}.new`, "half of someth");
  assert.equal(bench.file.load().text, NEW);
  assert.equal(bench.save("next"), 0);
  assert.equal(bench.file.load().text, "next");
  Deno.writeTextFileSync(bench.newest, "rubbish");
  assert.equal(bench.file.load().text, NEW);
});

Deno.test("StateFile.save() leaves everything as it was when it fails", () => {
  using bench = savedTwice();
  const results: number[] = [];
  bench.file.save("lost", (result) => results.push(result));
  bench.pool.let(-Errno.EIO);
  assert.deepEqual(results, [-Errno.EIO]);
  assert.equal(bench.file.load().text, NEW);
  assert.equal(bench.save("next"), 0);
  assert.equal(bench.file.load().text, "next");
});

Deno.test("StateFile.save() has an error and not an exception where no directory can be made", () => {
  using bench = new Bench();
  const file = new StateFile(`${bench.dir}/missing/pr`, "disk", bench.pool);
  const results: number[] = [];
  file.save(OLD, (result) => results.push(result));
  bench.pool.let();
  assert.deepEqual(results, [-Errno.ENOENT]);
});

Deno.test("StateFile.save() makes the last of those that were asked for meanwhile, for all of them", () => {
  using bench = new Bench();
  const done: string[] = [];
  for (const text of ["one", "two", "three", "four"]) {
    bench.file.save(text, (result) => done.push(`${text} ${result}`));
  }
  assert.equal(bench.pool.held, 1);
  bench.pool.let();
  assert.deepEqual(done, ["one 0"]);
  assert.equal(bench.file.load().text, "one");
  bench.pool.let();
  assert.deepEqual(done, ["one 0", "two 0", "three 0", "four 0"]);
  assert.equal(bench.file.load().text, "four");
  assert.equal(bench.pool.held, 0);
});

const probe = SmallTmpfs.mount(65536);
const why = typeof probe === "string" ? ` (${probe})` : "";
if (typeof probe !== "string") probe[Symbol.dispose]();

Deno.test({
  name: `StateFile.save() on a full file system fails and keeps what was saved${why}`,
  ignore: why !== "",
  fn: async () => {
    const mounted = SmallTmpfs.mount(65536);
    assert(typeof mounted !== "string");
    using small = mounted;
    using workers = new IoWorkers(1);
    const file = new StateFile(`${small.path}/pr`, "disk", workers.pool);
    const save = async (text: string) => {
      let result: number | undefined;
      file.save(text, (found) => result = found);
      await workers.settle();
      return result;
    };
    assert.equal(await save(OLD), 0);
    assert.equal(await save(NEW), 0);
    assert.equal(await save("x".repeat(200_000)), -Errno.ENOSPC);
    assert.equal(file.load().text, NEW);
    assert.equal(await save("next"), 0);
    assert.equal(file.load().text, "next");
  },
});
