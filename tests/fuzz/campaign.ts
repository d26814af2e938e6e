/** Cases one after the other, each made of a seed and its number alone, with a check after every few. */
import { Random } from "../harness/random.ts";
import { Assault } from "./assault.ts";
import { type Case, type Corpus, parseCases, readCorpus } from "./corpus.ts";
import { Ground } from "./ground.ts";
import { type Step, stepsOf } from "./sequence_edits.ts";
import { Shooter } from "./shooter.ts";

/** What is fired at. */
export type Aim = "logins" | "pdus";

/** Cases between two checks, and cases on one ground. */
export const CASES_PER_CHECK = 50;
export const CASES_PER_GROUND = { logins: 10_000, pdus: 500 } as const;

/** PDUs that a session is fired at with, and the least that a script has. */
const STEPS = 60;
/** Milliseconds that a case may take. They are few; this is for a machine that has others to serve. */
const CASE_MOST = 5_000;

export interface Tally {
  cases: number;
  /** Connections with at least one mutated PDU in their login. */
  logins: number;
  /** Logins, mutated as they were, that came through. */
  entered: number;
  /** Mutated PDUs that were sent to sessions, and PDUs that sessions took for such. */
  pdus: number;
  handled: number;
  /** What the keeper got done, and pings of its that were answered. */
  kept: number;
  answered: number;
  /** Milliseconds of the longest case. */
  longest: number;
}

export function newTally(): Tally {
  return {
    cases: 0,
    logins: 0,
    entered: 0,
    pdus: 0,
    handled: 0,
    kept: 0,
    answered: 0,
    longest: 0,
  };
}

/** One of those who fire at the same time. */
interface Fighter {
  readonly assault: Assault;
  readonly shooter: Shooter;
}

/** What ends the tasks of everybody at the disk: a LOGICAL UNIT RESET. */
const RESET: Planned = {
  step: stepsOf(parseCases("campaign", "[a reset]\n> TaskManagementRequest I flags=F+5")[0]!)[0]!,
  edits: 0,
};

/** A step, and how many things of it are changed. */
interface Planned {
  readonly step: Step;
  readonly edits: number;
}

/** Changes most of the steps, or one alone, which what goes before leads further into the server. */
function plan(steps: readonly Step[], random: Random): Planned[] {
  const chosen = random.below(2) === 0 ? random.below(Math.max(1, steps.length)) : undefined;
  return steps.map((step, at) => {
    const isChanged = chosen === undefined ? random.below(4) > 0 : at === chosen;
    return { step, edits: isChanged ? 1 + random.below(random.pick([1, 1, 3])) : 0 };
  });
}

/** Whether somebody else has sent a part of a PDU: the moment at which an abort hits the most. */
function isCut(fighters: readonly Fighter[], fighter: Fighter): boolean {
  return fighters.some((other) =>
    other !== fighter && other.assault.link.connection.landingLength > 0
  );
}

/** What went wrong, and in which case. */
export class CaseFailure extends Error {
  override readonly name = "CaseFailure";
  readonly index: number;

  constructor(index: number, story: string, cause: unknown) {
    super(story, { cause });
    this.index = index;
  }
}

export class Campaign {
  readonly tally: Tally = newTally();
  readonly #aim: Aim;
  readonly #seed: number;
  readonly #corpus: Corpus = readCorpus();
  /** Logins that come through as they stand. */
  readonly #entries: readonly Case[];

  constructor(aim: Aim, seed: number) {
    this.#aim = aim;
    this.#seed = seed;
    this.#entries = this.#corpus.logins.filter((one) => this.#enters(one));
  }

  /** The names of the logins that come through as they stand. */
  get entries(): string[] {
    return this.#entries.map(({ name }) => name);
  }

  /**
   * Runs `count` cases from `first` on, on one ground; `began` hears of each before it begins.
   *
   * @throws CaseFailure
   */
  run(first: number, count: number, began: (index: number) => void = () => {}): void {
    const turn = Math.floor(first / CASES_PER_GROUND[this.#aim]);
    using ground = new Ground(turn, new Random(this.#seed ^ first));
    let fighters: Fighter[] = [];
    let index = first;
    try {
      for (; index < first + count; index++) {
        began(index);
        const start = performance.now();
        const random = new Random(Math.imul(this.#seed, 0x9e3779b1) ^ index);
        const pair = this.#aim === "pdus" && random.below(3) === 0;
        fighters = Array.from({ length: pair ? 2 : 1 }, () => {
          const shooter = new Shooter(random);
          return { shooter, assault: new Assault(ground, random, shooter, pair) };
        });
        if (this.#aim === "logins") this.#fireAtLogin(fighters[0]!, random);
        else this.#fireAtSessions(fighters, ground, random);
        for (const [at, { assault }] of fighters.entries()) assault.end(at === fighters.length - 1);
        this.#count(fighters, performance.now() - start);
        if (index % CASES_PER_CHECK === CASES_PER_CHECK - 1) ground.check();
        else if (index % 4 === 0) ground.keeper.step();
      }
      ground.end();
    } catch (cause) {
      const story = fighters.map(({ assault }) => assault.describe()).join("\n  beside it:\n");
      const log = ground.log.slice(-8).join("\n  ");
      throw new CaseFailure(index, `case ${index}:\n${story}\nlog:\n  ${log}`, cause);
    }
    this.tally.kept += ground.keeper.done;
    this.tally.answered += ground.keeper.answered;
  }

  #count(fighters: readonly Fighter[], milliseconds: number): void {
    const { tally } = this;
    tally.cases++;
    for (const { assault: { hits, link } } of fighters) {
      if (hits.login > 0) tally.logins++;
      if (hits.login > 0 && link.connection.session !== undefined) tally.entered++;
      tally.pdus += hits.session;
      tally.handled += hits.handled;
    }
    tally.longest = Math.max(tally.longest, milliseconds);
    if (milliseconds > CASE_MOST) throw new Error(`the case took ${milliseconds} ms`);
  }

  #fireAtLogin({ assault, shooter }: Fighter, random: Random): void {
    const { logins, sessions } = this.#corpus;
    const others = random.below(6) === 0 ? sessions : logins;
    const steps = shooter.order(random.pick(logins), others, 4);
    // One of them is changed at least.
    const chosen = random.below(Math.max(1, steps.length));
    for (const [at, step] of steps.entries()) {
      const edits = at === chosen ? 1 + random.below(3) : random.below(5) === 0 ? 1 : 0;
      if (!assault.isOn || !assault.fire(step, edits)) return;
    }
  }

  #fireAtSessions(fighters: readonly Fighter[], ground: Ground, random: Random): void {
    const { sessions, logins } = this.#corpus;
    for (const { assault } of fighters) {
      for (const step of stepsOf(random.pick(this.#entries))) assault.fire(step, 0);
    }
    const { store } = ground.attacked;
    const queues = new Map(fighters.map((fighter) => [fighter, [] as Planned[]]));
    for (let fired = 0; fired < STEPS * fighters.length && queues.size > 0; fired++) {
      const fighter = random.pick([...queues.keys()]);
      const { assault, shooter } = fighter;
      const queue = queues.get(fighter)!;
      if (queue.length === 0) {
        const others = random.below(20) === 0 ? logins : sessions;
        queue.push(...plan(shooter.order(random.pick(sessions), others, 4), random));
      }
      if (random.below(6) === 0) ground.keeper.step();
      if (random.below(40) === 0) store.hanging = !store.hanging;
      if (random.below(10) === 0) store.release(1 + random.below(3));
      const next = isCut(fighters, fighter) && random.below(2) === 0 ? RESET : queue.shift();
      const goesOn = next === undefined || assault.isOn && assault.fire(next.step, next.edits);
      if (!goesOn) queues.delete(fighter);
    }
  }

  #enters(one: Case): boolean {
    const random = new Random(1);
    using ground = new Ground(0, random);
    const assault = new Assault(ground, random, new Shooter(random));
    for (const step of stepsOf(one)) {
      if (assault.isOn && !assault.isLoggedIn) assault.fire(step, 0);
    }
    const { isLoggedIn } = assault;
    assault.end();
    return isLoggedIn;
  }
}
