/** The security stage of one login: CHAP, or no authentication (RFC 7143 9.2.1, 12.1; RFC 1994). */
import { timingSafeEqual } from "node:crypto";
import type { Accounts } from "./accounts.ts";
import { formatBinary, Notation, parseBinary } from "./binary_value.ts";
import { type ChapAlgorithm, chapResponse, chooseAlgorithm } from "./chap_algorithm.ts";
import type { ChapChallenge, ChapChallenges } from "./chap_challenge.ts";
import {
  DESCRIPTION,
  eventOf,
  SECURITY_STATES,
  SecurityEvent,
  SecurityState,
} from "./chap_states.ts";
import { LoginFault } from "./faults.ts";
import { parseNumber } from "./keys.ts";
import { type Refusal, refuseFault } from "./refusal.ts";

type Keys = ReadonlyMap<string, string>;
type Answers = [string, string][];

const SHOWN_NAME_LENGTH = 64;

/** A name from a stranger as it may stand in a log line: within its quotes. */
function shown(name: string): string {
  const short = name.length > SHOWN_NAME_LENGTH ? `${name.slice(0, SHOWN_NAME_LENGTH)}...` : name;
  return `'${short.replaceAll(/[^!-&(-~]/g, "?")}'`;
}

/** A fault of the protocol. */
function breach(why: string): Refusal {
  return refuseFault(LoginFault.SECURITY_ORDER, why);
}

/** A failed authentication; the initiator is not told which of its parts it was. */
function failure(why: string): Refusal {
  return refuseFault(LoginFault.AUTHENTICATION, why);
}

export class Chap {
  #accounts: Accounts;
  #challenges: ChapChallenges;
  #state: SecurityState;
  /** What is out, from CHAP_A on. */
  #algorithm: ChapAlgorithm | undefined = undefined;
  #challenge: ChapChallenge | undefined = undefined;
  #user: string | undefined = undefined;

  /** `exempt` says that this login need not authenticate, whatever the accounts are. */
  constructor(accounts: Accounts, challenges: ChapChallenges, exempt = false) {
    this.#accounts = accounts;
    this.#challenges = challenges;
    this.#state = !accounts.isRequired
      ? SecurityState.OPEN
      : exempt
      ? SecurityState.EXEMPT
      : SecurityState.LOCKED;
  }

  get state(): SecurityState {
    return this.#state;
  }

  /** Whether the login may go on behind the security stage. */
  get isDone(): boolean {
    return this.#state === SecurityState.DONE;
  }

  /** The incoming user that the initiator has proved to be. */
  get user(): string | undefined {
    return this.isDone ? this.#user : undefined;
  }

  /**
   * Takes the keys of the security stage of one request, and fills the answers in. `transits` says
   * that the initiator wants to leave the stage, or has begun the login behind it.
   */
  handle(keys: Keys, transits: boolean, answers: Answers): Refusal | undefined {
    const event = eventOf(keys, transits, this.#state);
    if (event === undefined) return this.#refuseMethods(keys.get("AuthMethod")!);
    const next = SECURITY_STATES.states[this.#state].on[event];
    if (next === undefined) {
      const why = `${DESCRIPTION[event]} in the state ${this.#state}`;
      return event === SecurityEvent.TRANSIT ? failure(why) : breach(why);
    }
    const refusal = this.#act(event, keys, answers);
    if (refusal === undefined) this.#state = next;
    return refusal;
  }

  #refuseMethods(offer: string): Refusal {
    const methods = Object.keys(SECURITY_STATES.states[this.#state].on)
      .filter((event) => event === SecurityEvent.CHAP || event === SecurityEvent.NONE);
    if (methods.length === 0) return breach(`AuthMethod in the state ${this.#state}`);
    const wanted = methods.map((method) => method === SecurityEvent.NONE ? "None" : method);
    return failure(`AuthMethod=${offer.slice(0, 64)}, ${wanted.join(" or ")} is wanted`);
  }

  #act(event: SecurityEvent, keys: Keys, answers: Answers): Refusal | undefined {
    switch (event) {
      case SecurityEvent.NONE:
      case SecurityEvent.CHAP:
        answers.push(["AuthMethod", event === SecurityEvent.NONE ? "None" : "CHAP"]);
        return undefined;
      case SecurityEvent.ALGORITHMS:
        return this.#challengeInitiator(keys.get("CHAP_A")!, answers);
      case SecurityEvent.RESPONSE:
        return this.#verify(keys);
      case SecurityEvent.MUTUAL_RESPONSE:
        return this.#verify(keys) ?? this.#respond(keys, answers);
      default:
        return undefined;
    }
  }

  #challengeInitiator(offer: string, answers: Answers): Refusal | undefined {
    const algorithm = chooseAlgorithm(offer);
    if (algorithm === undefined) {
      return failure(`CHAP_A=${offer.slice(0, 64)}, 5 to 8 are supported`);
    }
    const challenge = this.#challenges.issue();
    this.#algorithm = algorithm;
    this.#challenge = challenge;
    answers.push(
      ["CHAP_A", String(algorithm.number)],
      ["CHAP_I", String(challenge.identifier)],
      ["CHAP_C", formatBinary(challenge.bytes, Notation.HEX)],
    );
    return undefined;
  }

  /** Verifies the initiator's response; for an unknown user it takes the same way. */
  #verify(keys: Keys): Refusal | undefined {
    const name = keys.get("CHAP_N")!;
    const response = parseBinary(keys.get("CHAP_R")!);
    if (response === undefined) return breach("CHAP_R is no binary value");
    const { outgoing } = this.#accounts;
    const isRight = this.#proves(response.bytes, this.#accounts.secretOf(name));
    // With one secret for both directions an initiator could have the target answer for it.
    const isOurs = outgoing !== undefined && this.#proves(response.bytes, outgoing.secret);
    if (!this.#accounts.has(name)) return failure(`there is no incoming user ${shown(name)}`);
    if (isOurs) return failure(`user ${shown(name)} has the secret of the outgoing user`);
    if (!isRight) return failure(`the response of user ${shown(name)} is wrong`);
    this.#user = name;
    return undefined;
  }

  /** Whether a response proves that its sender has the secret. */
  #proves(response: Uint8Array, secret: Uint8Array): boolean {
    const { identifier, bytes } = this.#challenge!;
    const wanted = chapResponse(this.#algorithm!, identifier, secret, bytes);
    return response.length === wanted.length && timingSafeEqual(response, wanted);
  }

  /** Answers the initiator's challenge. */
  #respond(keys: Keys, answers: Answers): Refusal | undefined {
    const user = shown(this.#user!);
    const identifier = parseNumber(keys.get("CHAP_I")!, 0, 255);
    if (identifier === undefined) return breach(`CHAP_I of user ${user} is not 0 to 255`);
    const challenge = parseBinary(keys.get("CHAP_C")!);
    if (challenge === undefined) return breach(`CHAP_C of user ${user} is no binary value`);
    if (this.#challenges.isOwn(challenge.bytes)) {
      return failure(`user ${user} sent a challenge of this target back`);
    }
    const { outgoing } = this.#accounts;
    if (outgoing === undefined) {
      return failure(
        `user ${user} wants the target to authenticate, but there is no outgoing user`,
      );
    }
    const { secret } = outgoing;
    const response = chapResponse(this.#algorithm!, identifier, secret, challenge.bytes);
    answers.push(
      ["CHAP_N", outgoing.name],
      ["CHAP_R", formatBinary(response, challenge.notation)],
    );
    return undefined;
  }
}
