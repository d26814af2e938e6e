/** The faults that a store makes, by rules; which of them is made when is the same with the same seeds. */
import type { FaultAction, FaultOperation, FaultRule } from "./fault_rule.ts";
import { IoOperation } from "./io_request.ts";
import { SeededRandom } from "./seeded_random.ts";

const OPERATIONS: Readonly<Record<FaultOperation, readonly number[]>> = {
  read: [IoOperation.READ],
  write: [IoOperation.WRITE, IoOperation.WRITE_DURABLE, IoOperation.FILL],
  sync: [IoOperation.SYNC],
  discard: [IoOperation.PUNCH, IoOperation.DISCARD],
  zero: [IoOperation.ZERO],
};

const CERTAIN = 2 ** 32;

/** A rule, and how far it has come. */
class Rule {
  readonly action: FaultAction;
  #rule: FaultRule;
  #operations: ReadonlySet<number>;
  /** Bytes. */
  #start: number;
  #end: number;
  #random: SeededRandom;
  #seen = 0;
  #made = 0;

  constructor(rule: FaultRule, blocksize: number) {
    this.#rule = rule;
    this.action = rule.action;
    this.#operations = new Set(rule.operations.flatMap((name) => OPERATIONS[name]));
    this.#start = (rule.blocks?.first ?? 0) * blocksize;
    this.#end = ((rule.blocks?.last ?? Infinity) + 1) * blocksize;
    this.#random = new SeededRandom(rule.seed);
  }

  /** Whether it is about an operation, whatever the chance. */
  covers(operation: number, offset: number, length: number): boolean {
    if (!this.#operations.has(operation) || this.#made >= this.#rule.count) return false;
    const isAnywhere = this.#rule.blocks === undefined;
    return isAnywhere || offset < this.#end && offset + length > this.#start;
  }

  /** Counts an operation that it covers; tells whether the fault is made at it. */
  strikes(): boolean {
    const { after, chance } = this.#rule;
    if (this.#seen++ < after) return false;
    if (chance < 1 && this.#random.next() >= chance * CERTAIN) return false;
    this.#made++;
    return true;
  }
}

export class FaultPlan {
  /** Faults that were made so far. */
  made = 0;
  #rules: readonly Rule[];

  /** `blocksize` is that of the blocks which the rules name. */
  constructor(rules: readonly FaultRule[], blocksize: number) {
    this.#rules = rules.map((rule) => new Rule(rule, blocksize));
  }

  /** Whether a fault may have to be made at an operation. */
  covers(operation: number, offset: number, length: number): boolean {
    return this.#rules.some((rule) => rule.covers(operation, offset, length));
  }

  /** The fault of an operation: that of the first rule which makes one. */
  decide(operation: number, offset: number, length: number): FaultAction | undefined {
    for (const rule of this.#rules) {
      if (!rule.covers(operation, offset, length) || !rule.strikes()) continue;
      this.made++;
      return rule.action;
    }
    return undefined;
  }
}
