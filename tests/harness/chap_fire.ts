/** The security stage of an initiator that authenticates with CHAP, and errs in every way now and then. */
import { type Pair, type Pairs } from "../initiator/text.ts";
import {
  base64Value,
  challengeKeys,
  chapResponse,
  type ChapTerms,
  type ChapUser,
  hexValue,
  ownTerms,
  readTerms,
} from "../initiator/chap.ts";
import { ANN, JOE } from "./chap_users.ts";
import type { Random } from "./random.ts";

const METHODS = ["CHAP", "CHAP,None", "None,CHAP", "KRB5,CHAP"];
const WRONG_METHODS = ["None", "", "KRB5", "chap", "CHAP,".repeat(400)];
const ALGORITHMS = ["5", "6", "7", "8", "5,6,7,8", "8,7,6,5", "1,5"];
const WRONG_ALGORITHMS = ["", "1", "x", "256", "0x", "-5", ",".repeat(400)];
const WRONG_VALUES = ["", "0x", "0xz", "0b", "0b=", "0bA", "=", "5", `0x${"f".repeat(2050)}`];

/** Who has the right secret, and who must never get in. */
const USERS: readonly ChapUser[] = [JOE, JOE, JOE, { ...ANN, secret: "not the secret of ann" }];

/** What is responded to before there is a challenge. */
const GUESSED: ChapTerms = { algorithm: 5, identifier: 1, challenge: new Uint8Array(32) };

export class ChapFire {
  readonly #random: Random;
  readonly #user: ChapUser;
  #terms: ChapTerms | undefined = undefined;
  #asked = false;

  constructor(random: Random) {
    this.#random = random;
    this.#user = random.pick(USERS);
  }

  /** Takes what the target has answered. */
  take(answers: Pairs): void {
    const keys = answers.filter(([key]) => /^CHAP_[AIC]$/.test(key));
    if (keys.length === 3) this.#terms = readTerms(keys);
    if (answers.some(([key, value]) => key === "AuthMethod" && value === "CHAP")) {
      this.#asked = true;
    }
  }

  /** The keys of the next request: those that are due, as a rule. */
  next(): Pair[] {
    const random = this.#random;
    const due = this.#terms !== undefined
      ? this.#response(this.#terms)
      : this.#asked
      ? this.#algorithms()
      : this.#method();
    switch (random.below(40)) {
      case 0:
        return [];
      case 1:
        return due.slice(1);
      case 2:
        return [...due, random.pick(due)];
      case 3:
        return [...due, ...random.pick([this.#method(), this.#algorithms()])];
      case 4:
        return due.map(([key]): Pair => [key, random.pick(WRONG_VALUES)]);
      case 5:
        return this.#response(this.#terms ?? GUESSED);
      default:
        return due;
    }
  }

  #method(): Pair[] {
    const wrong = this.#random.below(20) === 0;
    return [["AuthMethod", this.#random.pick(wrong ? WRONG_METHODS : METHODS)]];
  }

  #algorithms(): Pair[] {
    const wrong = this.#random.below(20) === 0;
    return [["CHAP_A", this.#random.pick(wrong ? WRONG_ALGORITHMS : ALGORITHMS)]];
  }

  #response(terms: ChapTerms): Pair[] {
    const random = this.#random;
    const write = random.pick([hexValue, base64Value]);
    const response = Uint8Array.from(chapResponse(terms, this.#user.secret));
    const odd = random.below(20);
    if (odd === 0) response[random.below(response.length)]! ^= 1 << random.below(8);
    const name = odd === 1 ? "x".repeat(random.below(2000)) : this.#user.name;
    const keys: Pair[] = [["CHAP_N", name], ["CHAP_R", write(response)]];
    if (random.below(2) === 0) return keys;
    const own = odd === 2 ? terms : ownTerms(terms);
    keys.push(...challengeKeys(own, { user: this.#user, write }));
    return odd === 3 ? keys.slice(0, 3) : keys;
  }
}
