/** The table of the security stage: every state with every event, as a login would meet it. */
import assert from "node:assert/strict";
import { Accounts } from "../../lib/iscsi/accounts.ts";
import { Chap } from "../../lib/iscsi/chap.ts";
import { ChapChallenges } from "../../lib/iscsi/chap_challenge.ts";
import { SECURITY_STATES, SecurityEvent, SecurityState } from "../../lib/iscsi/chap_states.ts";
import { JOE, MUTUAL, NOBODY } from "../harness/chap_users.ts";
import {
  challengeKeys,
  ChapAlgorithm,
  type ChapTerms,
  ownTerms,
  readTerms,
  responseKeys,
} from "../initiator/chap.ts";
import type { Pair } from "../initiator/text.ts";

const STATES = Object.values(SecurityState);
const EVENTS = Object.values(SecurityEvent);

/** The states in which a login begins. */
const BEGINNINGS: Readonly<Record<string, () => Chap>> = {
  OPEN: () => new Chap(new Accounts(NOBODY), new ChapChallenges()),
  EXEMPT: () => new Chap(new Accounts(MUTUAL), new ChapChallenges(), true),
  LOCKED: () => new Chap(new Accounts(MUTUAL), new ChapChallenges()),
};

/** An initiator that makes any event happen, whenever it is told to. */
class Subject {
  readonly chap: Chap;
  #terms: ChapTerms = {
    algorithm: ChapAlgorithm.Md5,
    identifier: 0,
    challenge: new Uint8Array(16),
  };

  constructor(chap: Chap) {
    this.chap = chap;
  }

  /** Returns the status of the refusal; undefined when there is none. */
  perform(event: SecurityEvent): number | undefined {
    const answers: [string, string][] = [];
    const keys = new Map(this.#keysFor(event));
    const refusal = this.chap.handle(keys, event === SecurityEvent.TRANSIT, answers);
    if (this.chap.state === SecurityState.AWAITS_RESPONSE && refusal === undefined) {
      this.#terms = readTerms(answers);
    }
    return refusal?.status;
  }

  #keysFor(event: SecurityEvent): Pair[] {
    const options = { user: JOE };
    const response = responseKeys(this.#terms, options);
    const mutual = [...response, ...challengeKeys(ownTerms(this.#terms), options)];
    const keys: Readonly<Record<SecurityEvent, Pair[]>> = {
      NOTHING: [],
      TRANSIT: [],
      NONE: [["AuthMethod", "None"]],
      CHAP: [["AuthMethod", "CHAP"]],
      ALGORITHMS: [["CHAP_A", "5"]],
      RESPONSE: response,
      MUTUAL_RESPONSE: mutual,
      DISORDER: mutual.slice(0, 3),
    };
    return keys[event];
  }
}

/** The events of the shortest way from `state` to `goal`, none of them one of `without`. */
function way(
  state: SecurityState,
  goal: SecurityState,
  without: readonly SecurityEvent[] = [],
): SecurityEvent[] | undefined {
  const ways = new Map<SecurityState, SecurityEvent[]>([[state, []]]);
  for (const [from, events] of ways) { // grows while it is walked
    for (const event of EVENTS) {
      const next = SECURITY_STATES.states[from].on[event];
      if (next === undefined || ways.has(next) || without.includes(event)) continue;
      ways.set(next, [...events, event]);
    }
  }
  return ways.get(goal);
}

/** A login in `state`, by the way that the table shows. */
function subjectIn(state: SecurityState): Subject {
  for (const [beginning, begin] of Object.entries(BEGINNINGS)) {
    const events = way(beginning as SecurityState, state);
    if (events === undefined) continue;
    const subject = new Subject(begin());
    for (const event of events) assert.equal(subject.perform(event), undefined, `${events}`);
    assert.equal(subject.chap.state, state);
    return subject;
  }
  throw new assert.AssertionError({ message: `nothing leads to ${state}` });
}

Deno.test("Chap does with every event in every state what the table says", () => {
  for (const state of STATES) {
    for (const event of EVENTS) {
      const subject = subjectIn(state);
      const next = SECURITY_STATES.states[state].on[event];
      const status = subject.perform(event);
      const what = `${event} in ${state}`;
      if (next !== undefined) {
        assert.equal(status, undefined, what);
        assert.equal(subject.chap.state, next, what);
        continue;
      }
      const isMethod = event === SecurityEvent.NONE || event === SecurityEvent.CHAP;
      const begins = state in BEGINNINGS;
      const isFailure = event === SecurityEvent.TRANSIT || isMethod && begins;
      assert.equal(status, isFailure ? 0x0201 : 0x0200, what);
      assert.equal(subject.chap.state, state, what);
      assert(state === SecurityState.DONE || !subject.chap.isDone, what);
    }
  }
});

Deno.test("the table has all the legal events, and no other", () => {
  const legal = Object.entries(SECURITY_STATES.states).flatMap(([state, { on }]) =>
    Object.keys(on).map((event) => `${state} ${event}`)
  );
  assert.deepEqual(legal, [
    "OPEN NOTHING",
    "OPEN NONE",
    "OPEN TRANSIT",
    "EXEMPT NOTHING",
    "EXEMPT NONE",
    "EXEMPT TRANSIT",
    "EXEMPT CHAP",
    "LOCKED NOTHING",
    "LOCKED CHAP",
    "AWAITS_ALGORITHMS ALGORITHMS",
    "AWAITS_RESPONSE RESPONSE",
    "AWAITS_RESPONSE MUTUAL_RESPONSE",
    "DONE NOTHING",
    "DONE TRANSIT",
  ]);
});

Deno.test("nothing but a response leads a login that is locked to its end", () => {
  const responses = [SecurityEvent.RESPONSE, SecurityEvent.MUTUAL_RESPONSE];
  assert.equal(way("LOCKED", "DONE")?.length, 3);
  assert.equal(way("LOCKED", "DONE", responses), undefined);
  assert.equal(way("AWAITS_ALGORITHMS", "DONE", responses), undefined);
  for (const state of STATES) assert(state in BEGINNINGS || way("LOCKED", state), state);
});
