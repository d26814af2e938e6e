/** CHAP from the initiator's side (RFC 7143 12.1.3, RFC 1994). */
import { createHash } from "node:crypto";
import { type Pair, type Pairs, valueOf } from "./text.ts";

/** IANA, PPP Authentication Algorithms. */
export const ChapAlgorithm = { Md5: 5, Sha1: 6, Sha256: 7, Sha3: 8 } as const;

const HASHES: Readonly<Record<number, string>> = {
  5: "md5",
  6: "sha1",
  7: "sha256",
  8: "sha3-256",
};

/** All algorithms, in the order of open-iscsi. */
export const ALL_ALGORITHMS = "8,7,6,5";

export interface ChapUser {
  readonly name: string;
  readonly secret: string;
}

/** How an initiator authenticates. */
export interface ChapOptions {
  readonly user: ChapUser;
  /** As whom the target has to authenticate; it is not asked to where nothing is said. */
  readonly target?: ChapUser;
  /** AuthMethod; `CHAP,None` if not given. */
  readonly methods?: string;
  /** CHAP_A; ALL_ALGORITHMS if not given. */
  readonly algorithms?: string;
  /** How binary values are written; in hex if not given. */
  readonly write?: (bytes: Uint8Array) => string;
}

/** What the target wants a response to. */
export interface ChapTerms {
  readonly algorithm: number;
  readonly identifier: number;
  readonly challenge: Uint8Array;
}

export function hexValue(bytes: Uint8Array): string {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function base64Value(bytes: Uint8Array): string {
  return `0b${btoa(String.fromCharCode(...bytes))}`;
}

/** Reads a binary value of the target. */
export function bytesOf(value: string): Uint8Array {
  if (/^0b[A-Za-z0-9+/]+=*$/.test(value)) {
    return Uint8Array.from(atob(value.slice(2)), (character) => character.charCodeAt(0));
  }
  if (!/^0x(?:[0-9a-f]{2})+$/.test(value)) throw new SyntaxError("Value is not binary");
  return Uint8Array.from(value.slice(2).match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

/** The response to a challenge (RFC 1994 4.1). */
export function chapResponse({ algorithm, identifier, challenge }: ChapTerms, secret: string) {
  const hash = HASHES[algorithm];
  if (hash === undefined) throw new RangeError(`There is no algorithm ${algorithm}`);
  return createHash(hash).update(Uint8Array.of(identifier)).update(secret).update(challenge)
    .digest();
}

/** Reads what the target says to CHAP_A: those three keys, and none beside them. */
export function readTerms(answers: Pairs): ChapTerms {
  const keys = answers.map(([key]) => key).sort().join(" ");
  if (keys !== "CHAP_A CHAP_C CHAP_I") throw new Error(`Target answers CHAP_A with "${keys}"`);
  const identifier = valueOf(answers, "CHAP_I") ?? "";
  if (!/^\d{1,3}$/.test(identifier) || Number(identifier) > 255) {
    throw new Error(`CHAP_I is "${identifier}"`);
  }
  const challenge = bytesOf(valueOf(answers, "CHAP_C") ?? "");
  if (challenge.length < 16 || challenge.length > 1024) {
    throw new Error(`CHAP_C has ${challenge.length} bytes`);
  }
  const algorithm = Number(valueOf(answers, "CHAP_A"));
  return { algorithm, identifier: Number(identifier), challenge };
}

/** CHAP_N and CHAP_R. */
export function responseKeys(terms: ChapTerms, { user, write = hexValue }: ChapOptions): Pair[] {
  return [["CHAP_N", user.name], ["CHAP_R", write(chapResponse(terms, user.secret))]];
}

/** A challenge of the initiator's own, for the algorithm that was agreed on. */
export function ownTerms({ algorithm }: ChapTerms): ChapTerms {
  const challenge = crypto.getRandomValues(new Uint8Array(24));
  return { algorithm, identifier: challenge[0] ?? 0, challenge };
}

/** CHAP_I and CHAP_C. */
export function challengeKeys(terms: ChapTerms, { write = hexValue }: ChapOptions): Pair[] {
  return [["CHAP_I", String(terms.identifier)], ["CHAP_C", write(terms.challenge)]];
}

/** Fails unless the target's answers prove that it is `target`. */
export function verifyTarget(terms: ChapTerms, target: ChapUser, answers: Pairs): void {
  const name = valueOf(answers, "CHAP_N");
  if (name !== target.name) throw new Error(`Target authenticates as "${name}"`);
  const response = bytesOf(valueOf(answers, "CHAP_R") ?? "");
  if (hexValue(response) !== hexValue(chapResponse(terms, target.secret))) {
    throw new Error("Target has a wrong secret");
  }
}
