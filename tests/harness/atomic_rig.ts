/**
 * A rig whose WRITE ATOMICs can be stopped between any two steps: what the store and the journal are
 * asked for waits for step(). What is left at such a moment is what a kill leaves.
 */
import assert from "node:assert/strict";
import { IoOperation } from "../../lib/store/io_request.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { writeAtomic16 } from "../initiator/cdb.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";
import { dropClaims } from "./dead_claims.ts";
import { FaultyPool } from "./faulty_pool.ts";
import { type Peer, Rig, type RigOptions } from "./rig.ts";

const SIZE = 64 * 1024;

const names = new Map<number, string>(
  Object.entries(IoOperation).map(([name, operation]) => [operation, name]),
);

/** The steps of the first WRITE ATOMIC of a disk; later ones need no REPLACE. */
export const STEPS = [
  "store READ",
  "journal REPLACE",
  "journal WRITE_DURABLE",
  "store WRITE_DURABLE",
  "journal WRITE_DURABLE",
] as const;

/** The steps before the record is on stable storage: until then a crash leaves the old blocks. */
export const STEPS_BEFORE_RECORD = 3;

export class AtomicRig implements Disposable {
  readonly dir: string;
  readonly path: string;
  readonly stateDir: string;
  readonly journals: string;
  /** What the disk holds at the beginning. */
  readonly content: Uint8Array<ArrayBuffer>;
  readonly pool = new FaultyPool();
  readonly rig: Rig;
  #options: RigOptions;

  /** Keeps disk and state in a directory that is made in `parent`. */
  constructor(options: RigOptions = {}, parent = "/dev/shm") {
    this.dir = Deno.makeTempDirSync({ prefix: "scst_atomic_", dir: parent });
    this.path = `${this.dir}/disk.img`;
    this.stateDir = `${this.dir}/state`;
    this.journals = `${this.stateDir}/atomic`;
    this.content = patternBytes(options.size ?? SIZE, 1);
    Deno.writeFileSync(this.path, this.content);
    Deno.mkdirSync(this.stateDir);
    this.#options = { path: this.path, stateDir: this.stateDir, ...options };
    this.rig = new Rig({ ...this.#options, statePool: this.pool });
  }

  /** Opens the disk anew as it is now: the server was killed. */
  reopen(options: RigOptions = {}): Rig {
    const all = { ...this.#options, ...options };
    dropClaims(all.path ?? this.path);
    return new Rig(all);
  }

  /** The only journal that there is. */
  get journal(): string {
    const [entry, ...more] = Deno.readDirSync(this.journals);
    assert(entry !== undefined && more.length === 0);
    return `${this.journals}/${entry.name}`;
  }

  get medium(): Uint8Array {
    return Deno.readFileSync(this.path);
  }

  /** `content` with other bytes from a block on. */
  changed(lba: number, data: Uint8Array): Uint8Array {
    const changed = this.content.slice();
    changed.set(data, lba * 512);
    return changed;
  }

  /** Whether what comes now waits for step(). */
  set hanging(hangs: boolean) {
    this.rig.store.hanging = hangs;
    this.pool.hanging = hangs;
  }

  /** What waits for step(), in the words of STEPS. */
  get waiting(): string[] {
    const name = (operation: number) => names.get(operation) ?? String(operation);
    return [
      ...this.rig.store.held.map(({ operation }) => `store ${name(operation)}`),
      ...this.pool.held.map(({ operation }) => `journal ${name(operation)}`),
    ];
  }

  /** Does what waits; what follows from it waits again. */
  step(): void {
    assert(this.waiting.length > 0, "nothing waits");
    const count = this.pool.held.length;
    this.rig.store.release();
    this.pool.release(count);
  }

  /** Does all that is left. */
  finish(): void {
    while (this.waiting.length > 0) this.step();
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
    this.pool[Symbol.dispose]();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** What torn() has written. */
export const TORN_DATA = patternBytes(4096, 4);

/** A disk whose server was killed after so many steps of a WRITE ATOMIC of TORN_DATA at block 8. */
export function killedAfter(steps: number, parent?: string): AtomicRig {
  const atomic = new AtomicRig({}, parent);
  const peer = atomic.rig.login(1);
  atomic.hanging = true;
  begin(peer, 8, TORN_DATA);
  for (let step = 0; step < steps; step++) atomic.step();
  dropClaims(atomic.path);
  return atomic;
}

/** A disk whose server was killed in the middle of the write of TORN_DATA to the medium. */
export function torn(parent?: string): AtomicRig {
  const atomic = killedAfter(STEPS_BEFORE_RECORD, parent);
  Deno.writeFileSync(atomic.path, atomic.changed(8, TORN_DATA.subarray(0, 2048)));
  return atomic;
}

/** Sends a WRITE ATOMIC that does not end at once, and returns its PDU. */
export function begin(peer: Peer, lba: number, data: Uint8Array): Pdu {
  const pdu = peer.command({
    cdb: writeAtomic16(lba, data.length / 512),
    flags: FINAL | WRITE | 1,
    expectedLength: data.length,
    data,
  });
  assert.deepEqual(peer.send(pdu), []);
  return pdu;
}

/** How the only command that has ended did: GOOD, or its sense. */
export function ending(answers: Pdu[]): string {
  assert.equal(answers.length, 1);
  const { data } = answers[0]!;
  return answers[0]!.u8(Field.status) === 0 ? "GOOD" : senseText(parseResponseSense(data));
}

/** The errors that its log tells of. */
export function errorsOf(rig: Rig): string[] {
  return rig.log.filter((line) => line.startsWith("error"));
}
