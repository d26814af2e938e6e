/** What both sides agreed on, worked out from offers and answers by RFC 7143 13, and checked. */
import type { Digests } from "./pdu.ts";
import { type Pairs, valueOf } from "./text.ts";

export interface Parameters {
  readonly initialR2T: boolean;
  readonly immediateData: boolean;
  readonly maxBurstLength: number;
  readonly firstBurstLength: number;
  readonly maxOutstandingR2T: number;
  readonly digests: Digests;
  /** The longest data segment that the target accepts. */
  readonly targetMaxRecv: number;
  /** The longest data segment that this initiator declared to accept. */
  readonly initiatorMaxRecv: number;
}

function yes(value: string | undefined, fallback: boolean): boolean {
  return value === undefined ? fallback : value === "Yes";
}

/** The agreed value of a boolean key: `and` or `or` of offer and answer, which must say so. */
function agreedBoolean(offered: Pairs, answers: Pairs, key: string, fallback: boolean): boolean {
  const offer = valueOf(offered, key);
  if (offer === undefined) return fallback;
  const answer = valueOf(answers, key);
  if (answer !== "Yes" && answer !== "No") {
    throw new Error(`${key}=${offer} was answered ${answer}`);
  }
  // InitialR2T is OR, all other boolean keys here are AND: one value of the initiator decides alone.
  const decisive = key === "InitialR2T" ? "Yes" : "No";
  if (offer === decisive && answer !== decisive) {
    throw new Error(`${key}=${answer} breaks the rule`);
  }
  return yes(answer, fallback);
}

/** The agreed value of a numeric key whose result is the smaller of two values. */
function agreedMinimum(offered: Pairs, answers: Pairs, key: string, fallback: number): number {
  const offer = valueOf(offered, key);
  if (offer === undefined) return fallback;
  const answer = valueOf(answers, key);
  if (answer === "Irrelevant" && key === "FirstBurstLength") return fallback;
  if (answer === undefined || !/^\d+$/.test(answer) || Number(answer) > Number(offer)) {
    throw new Error(`${key}=${offer} was answered ${answer}`);
  }
  return Number(answer);
}

/** The digests that a target has agreed to. */
export function answeredDigests(answers: Pairs): Digests {
  return {
    header: valueOf(answers, "HeaderDigest") === "CRC32C",
    data: valueOf(answers, "DataDigest") === "CRC32C",
  };
}

/** The answers must be among the values that were offered. */
function agreedDigests(offered: Pairs, answers: Pairs): Digests {
  for (const key of ["HeaderDigest", "DataDigest"]) {
    const offer = valueOf(offered, key);
    const answer = valueOf(answers, key);
    const allowed = [...offer?.split(",") ?? [], "Reject"];
    const fits = offer === undefined ? answer === undefined : allowed.includes(answer ?? "");
    if (!fits) throw new Error(`${key}=${offer} was answered ${answer}`);
  }
  return answeredDigests(answers);
}

/** Works out the parameters of a session; defaults of RFC 7143 13 for keys that were not negotiated. */
export function agreedParameters(offered: Pairs, answers: Pairs): Parameters {
  const maxBurstLength = agreedMinimum(offered, answers, "MaxBurstLength", 262144);
  return {
    initialR2T: agreedBoolean(offered, answers, "InitialR2T", true),
    immediateData: agreedBoolean(offered, answers, "ImmediateData", true),
    maxBurstLength,
    firstBurstLength: Math.min(
      maxBurstLength,
      agreedMinimum(offered, answers, "FirstBurstLength", 65536),
    ),
    maxOutstandingR2T: agreedMinimum(offered, answers, "MaxOutstandingR2T", 1),
    digests: agreedDigests(offered, answers),
    targetMaxRecv: Number(valueOf(answers, "MaxRecvDataSegmentLength") ?? 8192),
    initiatorMaxRecv: Number(valueOf(offered, "MaxRecvDataSegmentLength") ?? 8192),
  };
}
