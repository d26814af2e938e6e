/** The journal of atomic writes: what is found in it after any damage. */
import assert from "node:assert/strict";
import { Memory } from "../../ffi/memory.ts";
import { AtomicJournal } from "../../lib/store/atomic_journal.ts";
import { ATOMIC_MOST, PIECES_MOST, RECORD_FILE_LENGTH } from "../../lib/store/atomic_record.ts";
import { FaultyPool } from "../harness/faulty_pool.ts";
import { patternBytes } from "../initiator/bytes.ts";

const SECTOR = 512;
const FAR = 2 ** 52;

class Bench implements Disposable {
  readonly dir = Deno.makeTempDirSync({ dir: "/dev/shm" });
  readonly pool = new FaultyPool();
  readonly journal: AtomicJournal = this.open();

  open(medium = "medium", name = "/srv/disk.img"): AtomicJournal {
    return new AtomicJournal(`${this.dir}/atomic`, medium, name, this.pool);
  }

  /** Records pieces, each at its place on the medium. */
  record(pieces: readonly (readonly [offset: number, bytes: Uint8Array])[]): number {
    const { journal } = this;
    journal.begin();
    for (const [offset, bytes] of pieces) {
      const memory = new Memory(bytes.length + 16);
      memory.bytes.set(bytes, 16);
      assert(journal.fits(bytes.length));
      journal.add(offset, memory, 16, bytes.length);
    }
    return this.#result((done) => journal.commit(done));
  }

  clear(): number {
    return this.#result((done) => this.journal.clear(done));
  }

  get content(): Uint8Array<ArrayBuffer> {
    return Deno.readFileSync(this.journal.path);
  }

  set content(bytes: Uint8Array) {
    Deno.writeFileSync(this.journal.path, bytes);
  }

  /** What is recorded, in the form that record() takes. */
  get found(): [number, Uint8Array][] {
    return this.open().load().map(({ offset, bytes }) => [offset, bytes.slice()]);
  }

  #result(operation: (done: (result: number) => void) => void): number {
    let result: number | undefined;
    operation((found) => result = found);
    assert(result !== undefined);
    return result;
  }

  [Symbol.dispose](): void {
    this.journal.close();
    this.pool[Symbol.dispose]();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

Deno.test("AtomicJournal gives back what was recorded last, until it is cleared", () => {
  using bench = new Bench();
  assert.deepEqual(bench.found, []);
  assert.equal(bench.clear(), 0);
  assert.throws(() => bench.content, Deno.errors.NotFound, "nothing is made before it is needed");
  const many = Array.from({ length: PIECES_MOST }, (_, at) => {
    return [at * 2 ** 30, patternBytes(SECTOR * (1 + at % 3), at)] as const;
  });
  const cases: (readonly (readonly [number, Uint8Array])[])[] = [
    [[0, patternBytes(SECTOR, 1)]],
    [[FAR, patternBytes(ATOMIC_MOST, 2)]],
    many,
    [[FAR - SECTOR, patternBytes(2 * SECTOR, 3)], [0, patternBytes(SECTOR, 4)]],
  ];
  for (const pieces of cases) {
    assert.equal(bench.record(pieces), 0);
    assert.deepEqual(bench.found, pieces);
    assert.equal(bench.content.length, RECORD_FILE_LENGTH);
    assert.equal(bench.clear(), 0);
    assert.deepEqual(bench.found, []);
  }
  assert.equal(Deno.statSync(bench.journal.path).mode! & 0o777, 0o600);
  assert.equal(bench.record(cases[0]!), 0);
  bench.journal.remove((result) => assert.equal(result, 0));
  assert.deepEqual([...Deno.readDirSync(`${bench.dir}/atomic`)], []);
  assert.equal(bench.record(cases[0]!), 0);
  assert.deepEqual(bench.found, cases[0]);
});

Deno.test("AtomicJournal.fits() bounds the bytes and the pieces of a record", () => {
  using bench = new Bench();
  const { journal } = bench;
  const memory = new Memory(ATOMIC_MOST);
  journal.begin();
  assert(journal.fits(ATOMIC_MOST));
  assert(!journal.fits(ATOMIC_MOST + SECTOR));
  journal.add(0, memory, 0, SECTOR);
  assert(!journal.fits(ATOMIC_MOST));
  assert(journal.fits(ATOMIC_MOST - SECTOR));
  for (let count = 1; count < PIECES_MOST; count++) {
    assert(journal.fits(SECTOR));
    journal.add(count * SECTOR, memory, 0, SECTOR);
  }
  assert(!journal.fits(SECTOR));
  journal.begin();
  assert(journal.fits(ATOMIC_MOST));
});

Deno.test("AtomicJournal takes a record that is torn at any sector for none", () => {
  using bench = new Bench();
  const before: Uint8Array[] = [];
  assert.equal(bench.record([[0, patternBytes(8 * SECTOR, 1)]]), 0);
  assert.equal(bench.clear(), 0);
  before.push(
    bench.content,
    new Uint8Array(RECORD_FILE_LENGTH),
    patternBytes(RECORD_FILE_LENGTH, 5),
  );
  const pieces = [[4096, patternBytes(4 * SECTOR, 2)], [0, patternBytes(SECTOR, 3)]] as const;
  assert.equal(bench.record(pieces), 0);
  const whole = bench.content;
  const first = ATOMIC_MOST - 5 * SECTOR;
  for (const old of before) {
    for (let at = first; at < RECORD_FILE_LENGTH; at += SECTOR) {
      const isSame = (byte: number, index: number) => byte === whole[at + index];
      const missing = old.slice(at, at + SECTOR);
      if (missing.every(isSame)) continue;
      const lacks = whole.slice();
      lacks.set(missing, at);
      bench.content = lacks;
      assert.deepEqual(bench.found, [], `without the sector at ${at}`);
      const ends = whole.slice();
      ends.set(old.subarray(at), at);
      bench.content = ends;
      assert.deepEqual(bench.found, [], `up to the sector at ${at}`);
    }
  }
  bench.content = whole;
  assert.equal(bench.found.length, 2);
});

Deno.test("AtomicJournal takes a record with any bit wrong, or of any other length, for none", () => {
  using bench = new Bench();
  assert.equal(bench.record([[4096, patternBytes(SECTOR, 2)]]), 0);
  const whole = bench.content;
  const VERSION = ATOMIC_MOST + 8;
  for (let at = ATOMIC_MOST - SECTOR; at < ATOMIC_MOST + 64; at += at < ATOMIC_MOST ? 16 : 1) {
    if (at >= VERSION && at < VERSION + 4) continue; // that is another version
    const wrong = whole.slice();
    wrong[at]! ^= 1 << at % 8;
    bench.content = wrong;
    assert.deepEqual(bench.found, [], `byte ${at}`);
  }
  for (const length of [0, SECTOR, ATOMIC_MOST, RECORD_FILE_LENGTH - 1, RECORD_FILE_LENGTH + 1]) {
    const other = new Uint8Array(length);
    other.set(whole.subarray(0, length));
    bench.content = other;
    assert.deepEqual(bench.found, [], `${length} bytes`);
  }
});

Deno.test("AtomicJournal makes a file of another length anew", () => {
  using bench = new Bench();
  Deno.mkdirSync(`${bench.dir}/atomic`);
  bench.content = new Uint8Array(100);
  assert.equal(bench.clear(), 0);
  const piece = [0, patternBytes(SECTOR, 1)] as const;
  assert.equal(bench.record([piece]), 0);
  assert.deepEqual(bench.found, [piece]);
  assert.equal(bench.content.length, RECORD_FILE_LENGTH);
});

Deno.test("AtomicJournal knows the medium that a record is of, and keeps a long name in part", () => {
  using bench = new Bench();
  const other = bench.open("another medium", "\u00e4".repeat(4000));
  assert.notEqual(other.path, bench.journal.path);
  assert.equal(bench.record([[0, patternBytes(SECTOR, 1)]]), 0);
  Deno.copyFileSync(bench.journal.path, other.path);
  assert.deepEqual(other.load(), []);
  other.begin();
  other.add(0, new Memory(SECTOR), 0, SECTOR);
  other.commit((result) => assert.equal(result, 0));
  assert.equal(other.load().length, 1);
  other.close();
});
