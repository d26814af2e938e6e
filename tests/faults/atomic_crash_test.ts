/**
 * WRITE ATOMIC and a loss of power at any moment (SBC-4 4.29): every state that the medium and the
 * journal may be left in is made, the disk is opened over it, and what it holds then is compared with
 * what its initiators were told. SCST_CRASH_ROUNDS says how many random histories there are.
 */
import assert from "node:assert/strict";
import { RECORD_FILE_LENGTH } from "../../lib/store/atomic_record.ts";
import { AtomicRig, begin } from "../harness/atomic_rig.ts";
import { CrashLog, type LoggedFile, SECTOR } from "../harness/crash_log.ts";
import { exchange, exchangeGood } from "../harness/exchange.ts";
import { LoggedStore } from "../harness/logged_store.ts";
import { type Random, withRandom } from "../harness/random.ts";
import type { Peer } from "../harness/rig.ts";
import {
  blockVersions,
  explains,
  filledBlocks,
  type SentWrite,
  WriteKind,
} from "../harness/write_history.ts";
import { synchronizeCache16, write16, writeAtomic16 } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const ROUNDS = Number(Deno.env.get("SCST_CRASH_ROUNDS") ?? 3);
const BLOCKS = 24;
const COMMANDS = 8;
const FUA = 0x08;
const NEVER = Infinity;
const UNWRITTEN: readonly number[] = new Array(BLOCKS).fill(0);

/** A disk that some initiators write to, with a log of all that comes of it. */
class Scene implements Disposable {
  readonly history: SentWrite[] = [];
  #medium: LoggedFile = { base: new Uint8Array(BLOCKS * SECTOR) };
  #journal: LoggedFile = { base: new Uint8Array(RECORD_FILE_LENGTH) };
  #log = new CrashLog();
  #store: LoggedStore | undefined;
  #atomic: AtomicRig;
  #peers: Peer[];

  constructor() {
    this.#atomic = new AtomicRig({
      size: BLOCKS * SECTOR,
      around: (inner) => this.#store = new LoggedStore(inner, this.#log, this.#medium),
    });
    Deno.writeFileSync(this.#atomic.path, this.#medium.base);
    this.#atomic.pool.performing = (request) => this.#log.log(this.#journal, request);
    this.#peers = Array.from({ length: 5 }, (_, at) => this.#atomic.rig.login(1 + at));
  }

  /** One command from its beginning to its end. */
  run(kind: number, lba: number, blocks: number): void {
    const sent = this.#send(kind, lba, blocks);
    const write = filledBlocks(blocks, sent.version);
    const [peer] = this.#peers;
    switch (kind) {
      case WriteKind.FLUSH:
        exchangeGood(peer!, synchronizeCache16(0, 0));
        break;
      case WriteKind.CACHED:
      case WriteKind.DURABLE:
        exchangeGood(peer!, write16(lba, blocks, kind === WriteKind.DURABLE ? FUA : 0), { write });
        break;
      case WriteKind.ATOMIC:
        exchangeGood(peer!, writeAtomic16(lba, blocks), { write });
        break;
      case WriteKind.FAILED_ATOMIC:
        this.#store!.room = Math.floor(blocks / 2) * SECTOR;
        assert.equal(exchange(peer!, writeAtomic16(lba, blocks), { write }).status, 2);
        break;
    }
    sent.ended = this.#log.length;
  }

  /** Three atomic writes at once, two of which share a record, and a write on top of each. */
  runTogether(random: Random): void {
    const { pool } = this.#atomic;
    const size = 1 + random.below(4);
    pool.hanging = true;
    const under = this.#peers.slice(0, 3).map((peer, at): [Peer, SentWrite] => {
      const sent = this.#send(WriteKind.ATOMIC, 8 * at, size + at);
      begin(peer, sent.lba, filledBlocks(sent.blocks, sent.version));
      return [peer, sent];
    });
    const above = this.#peers.slice(3).map((peer, at): [Peer, SentWrite] => {
      const kind = random.pick([WriteKind.CACHED, WriteKind.DURABLE]);
      const sent = this.#send(kind, 8 * at, 1 + random.below(size + 2));
      const data = filledBlocks(sent.blocks, sent.version);
      const cdb = write16(sent.lba, sent.blocks, kind === WriteKind.DURABLE ? FUA : 0);
      const command = { cdb, flags: FINAL | WRITE | 1, expectedLength: data.length, data };
      assert.deepEqual(peer.send(peer.command(command)), []);
      return [peer, sent];
    });
    while (pool.held.length > 0) {
      pool.release(1);
      for (const [peer, sent] of [...under, ...above]) {
        if (peer.take().length > 0) sent.ended = this.#log.length;
      }
    }
    pool.hanging = false;
    assert([...under, ...above].every(([_, { ended }]) => ended < NEVER));
  }

  #send(kind: number, lba: number, blocks: number): SentWrite {
    const version = this.history.length + 1;
    const sent = { kind, lba, blocks, version, began: this.#log.length, ended: NEVER };
    this.history.push(sent);
    return sent;
  }

  /** Lets the power fail at every moment, in all the ways that there are; returns how many. */
  check(random: Random): number {
    const { path, journal } = this.#atomic;
    let states = 0;
    for (let moment = 0; moment <= this.#log.length; moment++) {
      for (const state of this.#log.states([this.#medium, this.#journal], moment, random)) {
        Deno.writeFileSync(path, state.get(this.#medium)!);
        Deno.writeFileSync(journal, state.get(this.#journal)!);
        this.#atomic.reopen({ around: (store) => store })[Symbol.dispose]();
        const found = blockVersions(Deno.readFileSync(path));
        const what = () =>
          `after ${moment} events: ${found.join(" ")} of ${JSON.stringify(this.history)}`;
        assert(explains(UNWRITTEN, this.history, moment, found), what());
        states++;
      }
    }
    return states;
  }

  [Symbol.dispose](): void {
    this.#atomic[Symbol.dispose]();
  }
}

const KINDS = [
  WriteKind.CACHED,
  WriteKind.CACHED,
  WriteKind.DURABLE,
  WriteKind.ATOMIC,
  WriteKind.ATOMIC,
  WriteKind.ATOMIC,
  WriteKind.FAILED_ATOMIC,
  WriteKind.FLUSH,
];

Deno.test("After a loss of power an atomic write is there in whole or not at all, and nothing newer is lost", () =>
  withRandom((random) => {
    let states = 0;
    for (let round = 0; round < ROUNDS; round++) {
      using scene = new Scene();
      for (let count = 0; count < COMMANDS; count++) {
        const kind = random.pick(KINDS);
        const blocks = kind === WriteKind.FLUSH ? 0 : 1 + random.below(5);
        // On few blocks, so that they meet.
        scene.run(kind, random.below(6), blocks);
        if (count === COMMANDS / 2) scene.runTogether(random);
      }
      states += scene.check(random);
    }
    // Some 2000 in a history on an average, and a few hundred in some.
    assert(states > 200 * ROUNDS, `${states} states`);
    return Promise.resolve();
  }));
