/** The algorithms of CHAP (RFC 1994 3; IANA, PPP Authentication Algorithms). */
import { createHash } from "node:crypto";
import { parseNumber } from "./keys.ts";

export interface ChapAlgorithm {
  /** The number in CHAP_A. */
  readonly number: number;
  readonly name: string;
  /** As node:crypto calls it. */
  readonly hash: string;
  /** Bytes of a response. */
  readonly length: number;
}

/** The strongest one first. */
export const CHAP_ALGORITHMS: readonly ChapAlgorithm[] = [
  { number: 8, name: "SHA3-256", hash: "sha3-256", length: 32 },
  { number: 7, name: "SHA-256", hash: "sha256", length: 32 },
  { number: 6, name: "SHA1", hash: "sha1", length: 20 },
  { number: 5, name: "MD5", hash: "md5", length: 16 },
];

/**
 * The strongest algorithm of a list of numbers, whatever its order (RFC 7143 12.1.3 leaves the
 * choice to the target); undefined when none of them is known.
 */
export function chooseAlgorithm(offer: string): ChapAlgorithm | undefined {
  const numbers = offer.split(",").map((item) => parseNumber(item, 0, 255));
  return CHAP_ALGORITHMS.find(({ number }) => numbers.includes(number));
}

/** The response to a challenge (RFC 1994 4.1): the hash of identifier, secret and challenge. */
export function chapResponse(
  algorithm: ChapAlgorithm,
  identifier: number,
  secret: Uint8Array,
  challenge: Uint8Array,
): Uint8Array {
  return createHash(algorithm.hash)
    .update(Uint8Array.of(identifier)).update(secret).update(challenge).digest();
}
