/**
 * A disk over a store that writes down what it is asked for, in any order, and an initiator with
 * several commands under way: what may be left of its writes at any moment can be told afterwards.
 */
import assert from "node:assert/strict";
import { modeSelect6, read10, read16 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { READ, WRITE } from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";
import { CrashLog, type LoggedFile } from "./crash_log.ts";
import { answersIn } from "./exchange.ts";
import { LoggedStore } from "./logged_store.ts";
import { CACHING, changedPage, modeList, WCE } from "./modes.ts";
import type { Random } from "./random.ts";
import { BLOCK, type Peer, Rig, type RigOptions } from "./rig.ts";
import { ShuffledStore } from "./shuffled_store.ts";
import { randomWrite } from "./write_commands.ts";
import { type LedgerEntry, WriteLedger } from "./write_ledger.ts";

const SIMPLE = 1;
const SECTORS = 32;
const DEPTH = 6;
const BLOCKS_MOST = 5;
const FUA = 0x08;
const MISCOMPARE = "0E/1D/00";

/** A command that is under way. */
interface Deed {
  readonly began: number;
  /** What it writes; undefined if it is a flush, or empties the cache as one. */
  readonly entry: LedgerEntry | undefined;
  readonly durable: boolean;
  /** The first sector of what a READ with FUA is to find. */
  readonly reads?: number;
  /** Whether the write cache is off when it has ended. */
  readonly cacheOff?: boolean;
}

export class PowerCutRig implements Disposable {
  readonly log = new CrashLog();
  readonly medium: LoggedFile = { base: new Uint8Array(SECTORS * BLOCK) };
  readonly ledger: WriteLedger = new WriteLedger(SECTORS, () => this.log.length);
  readonly rig: Rig;
  /** Statuses other than GOOD that commands have ended with, with their sense. */
  readonly refusals: string[] = [];
  #random: Random;
  #store!: ShuffledStore;
  #peer: Peer;
  #under = new Map<number, Deed>();
  #version = 0;
  /** Whether the initiator knows that the cache is off. */
  #cacheOff: boolean;
  #switching = false;

  constructor(options: RigOptions, random: Random) {
    this.#random = random;
    this.rig = new Rig({
      ...options,
      size: SECTORS * BLOCK,
      around: (inner) => {
        this.#store = new ShuffledStore(new LoggedStore(inner, this.log, this.medium), random);
        return this.#store;
      },
    });
    this.#cacheOff = options.writeThrough === true;
    this.#peer = this.rig.login(1);
  }

  /**
   * Sends some commands, with a change of WCE now and then if `switches`, and READs with FUA if `reads`, and
   * has them end.
   */
  run(commands: number, { switches = false, reads = false } = {}): void {
    for (let sent = 0; sent < commands || this.#under.size > 0;) {
      const room = sent < commands && this.#under.size < DEPTH;
      if (room && (this.#store.held === 0 || this.#random.below(3) > 0)) {
        if (switches && !this.#switching && this.#random.below(6) === 0) this.#switch();
        else if (reads && this.#random.below(4) === 0) this.#read();
        else this.#write();
        sent++;
      } else {
        assert(this.#store.held > 0, "commands are under way, and the store has nothing to do");
        this.#store.let();
        this.#take(this.#peer.take());
      }
    }
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
  }

  #write(): void {
    const { ledger } = this;
    const disk = { blocksize: BLOCK, thin: true, ledger };
    const choice = { atomic: false, compare: true, blocksMost: BLOCKS_MOST };
    const { cdb, write, effect, durable } = randomWrite(
      disk,
      ++this.#version,
      this.#random,
      choice,
    );
    const entry = effect && ledger.begin(effect.first, effect.count, effect.version);
    this.#send(cdb, write, { began: this.log.length, entry, durable });
  }

  #read(): void {
    const blocks = 1 + this.#random.below(BLOCKS_MOST);
    const reads = this.#random.below(SECTORS - blocks + 1);
    const cdb = this.#random.pick([read10, read16])(reads, blocks, FUA);
    const deed = { began: this.log.length, entry: undefined, durable: false, reads };
    this.#send(cdb, undefined, deed, blocks * BLOCK);
  }

  /** MODE SELECT of WCE; a cache that is switched off is emptied (SBC-4 6.5.5). */
  #switch(): void {
    const cacheOff = !this.#cacheOff;
    const page = changedPage(this.#peer, CACHING, 2, cacheOff ? 0 : WCE, cacheOff ? WCE : 0);
    const list = modeList(page);
    this.#switching = true;
    this.#cacheOff = false;
    const began = this.log.length;
    this.#send(modeSelect6(list.length), list, {
      began,
      entry: undefined,
      durable: false,
      cacheOff,
    });
  }

  #send(cdb: Uint8Array, write: Uint8Array | undefined, deed: Deed, read = 0): void {
    const command = this.#peer.command({
      cdb,
      flags: FINAL | SIMPLE | (write === undefined ? 0 : WRITE) | (read === 0 ? 0 : READ),
      expectedLength: write?.length ?? read,
      ...(write === undefined ? {} : { data: write }),
    });
    this.#under.set(command.itt, deed);
    this.#take(this.#peer.send(command));
  }

  #take(answers: readonly Pdu[]): void {
    for (const pdu of answersIn(answers)) {
      const deed = this.#under.get(pdu.itt);
      assert(deed !== undefined, "an answer to nothing");
      this.#under.delete(pdu.itt);
      // All of it comes in one PDU, with the status.
      if (pdu.opcode === Opcode.DataIn) this.#found(deed, pdu.data);
      else assert.equal(pdu.opcode, Opcode.ScsiResponse);
      if (pdu.u8(Field.status) === 0) this.#succeeded(deed);
      else this.#failed(deed, senseText(parseResponseSense(pdu.data)));
    }
  }

  #found({ began, reads }: Deed, data: Uint8Array): void {
    this.ledger.checkRead(data, reads!, began, this.log.length);
    this.ledger.witnessed(data, reads!);
  }

  #succeeded({ began, entry, durable, reads, cacheOff }: Deed): void {
    if (reads !== undefined) return;
    if (entry !== undefined) return this.ledger.end(entry, durable || this.#cacheOff);
    if (cacheOff !== undefined) {
      this.#switching = false;
      this.#cacheOff = cacheOff;
    }
    if (cacheOff !== false) this.ledger.flushed(began);
  }

  #failed({ entry, cacheOff }: Deed, sense: string): void {
    if (cacheOff !== undefined) this.#switching = false;
    if (sense === MISCOMPARE) this.ledger.withdraw(entry!);
    else this.refusals.push(sense);
  }
}
