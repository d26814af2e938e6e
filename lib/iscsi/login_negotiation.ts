/** The operational keys of one login (RFC 7143 6.2, 13): what is offered, answered and agreed on. */
import type { TargetAttributes } from "../scst/model.ts";
import { LoginFault } from "./faults.ts";
import {
  checkDigest,
  findMissingDigest,
  isOperational,
  KEYS,
  negotiateKey,
  REJECT,
} from "./keys.ts";
import { LoginStage } from "./login_stages.ts";
import { defaultParameters, type Parameters } from "./parameters.ts";
import { type Refusal, refuseFault } from "./refusal.ts";
import { wishesOf } from "./wishes.ts";

type Pair = [string, string];

/** What a negotiation depends on that is known with the first request. */
export interface Terms {
  readonly wanted: TargetAttributes;
  /** What the session has agreed on whose connection is replaced: leading only keys do not change. */
  readonly continued: Parameters | undefined;
  /** Whether it is a discovery session, of which the target has no wishes. */
  readonly isDiscovery: boolean;
}

export class LoginNegotiation {
  readonly parameters: Parameters;
  #terms: Terms;
  #offered = new Set<string>();
  /** Keys that the target has offered itself: what comes of them are answers. */
  #asked = new Set<string>();
  #declared = false;

  constructor(terms: Terms) {
    const { wanted, continued } = terms;
    const { maxRecvDataSegmentLength, headerDigest, dataDigest } = defaultParameters();
    this.#terms = terms;
    this.parameters = {
      ...(continued ?? defaultParameters()),
      headerDigest,
      dataDigest,
      // This holds for an initiator that says nothing of what it takes.
      maxRecvDataSegmentLength: Math.min(maxRecvDataSegmentLength, wanted.maxXmitDataSegmentLength),
    };
  }

  /** Takes the keys of a request that is in a stage, and fills the answers in. */
  take(pairs: readonly Pair[], stage: number, answers: Pair[]): Refusal | undefined {
    for (const [key] of pairs) this.#offered.add(key);
    const silent = [...this.#asked].find((key) => !this.#offered.has(key));
    if (silent !== undefined) return refuseFault(LoginFault.SILENT_KEY, silent);
    // FirstBurstLength depends on MaxBurstLength, wherever in the text that stands.
    const isLast = ([key]: Pair) => Number(key === "FirstBurstLength");
    for (const [key, value] of pairs.toSorted((one, other) => isLast(one) - isLast(other))) {
      if (stage === LoginStage.SECURITY && isOperational(key)) {
        return refuseFault(LoginFault.OPERATIONAL_KEY, key);
      }
      const refusal = this.#negotiate(key, value, answers);
      if (refusal !== undefined) return refusal;
    }
    if (!this.#declared && stage === LoginStage.OPERATIONAL) {
      this.#declared = true;
      const { maxRecvDataSegmentLength } = this.#terms.wanted;
      answers.push(["MaxRecvDataSegmentLength", String(maxRecvDataSegmentLength)]);
    }
    return undefined;
  }

  #negotiate(key: string, value: string, answers: Pair[]): Refusal | undefined {
    const { wanted, continued } = this.#terms;
    const isLate = continued !== undefined && KEYS.get(key)?.use === "leading";
    const answer = isLate ? REJECT : negotiateKey(key, value, this.parameters, wanted);
    if (key === "MaxRecvDataSegmentLength" && answer === REJECT) {
      const why = `${value.slice(0, 64)}, 512 to 16777215 are allowed`;
      return refuseFault(LoginFault.SEGMENT_LENGTH, why);
    }
    const why = checkDigest(key, value, answer, wanted);
    if (why !== undefined) return refuseFault(LoginFault.DIGEST, why);
    if (answer !== undefined && !this.#asked.has(key)) answers.push([key, answer]);
    return undefined;
  }

  /** Offers what the target wants to be otherwise before the negotiation ends; false if nothing. */
  wish(stage: number, answers: Pair[]): boolean {
    const { wanted, continued, isDiscovery } = this.#terms;
    if (isDiscovery || continued !== undefined || stage !== LoginStage.OPERATIONAL) return false;
    const wishes = wishesOf(wanted, this.parameters, this.#offered);
    for (const [key] of wishes) this.#asked.add(key);
    answers.push(...wishes);
    return wishes.length > 0;
  }

  /** What stands against the end of the negotiation. */
  findMissing(): Refusal | undefined {
    const missing = findMissingDigest(this.parameters, this.#terms.wanted);
    return missing === undefined ? undefined : refuseFault(LoginFault.DIGEST, missing);
  }
}
