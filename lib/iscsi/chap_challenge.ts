/** Challenges of CHAP (RFC 1994 2.3, RFC 7143 9.2.1): unpredictable, never repeated, and known again. */
import { createHmac, timingSafeEqual } from "node:crypto";

/** What an initiator is asked to respond to. */
export interface ChapChallenge {
  /** 0 to 255. */
  readonly identifier: number;
  readonly bytes: Uint8Array;
}

const NONCE_LENGTH = 16;
const SEAL_LENGTH = 16;

/**
 * A challenge is a random nonce with its seal (a MAC under a key that nobody else has). So one that
 * an initiator sends back is known again, whenever and on whatever connection, without a list of
 * those that are out, which could grow or be made to forget.
 */
export class ChapChallenges {
  #key = crypto.getRandomValues(new Uint8Array(32));
  #identifier = 0;

  /** Makes a challenge; each has another identifier than the one before (RFC 1994 4.1). */
  issue(): ChapChallenge {
    this.#identifier = this.#identifier + 1 & 0xff;
    const bytes = new Uint8Array(NONCE_LENGTH + SEAL_LENGTH);
    const nonce = crypto.getRandomValues(bytes.subarray(0, NONCE_LENGTH));
    bytes.set(this.#seal(nonce), NONCE_LENGTH);
    return { identifier: this.#identifier, bytes };
  }

  /** Whether a challenge was made here. */
  isOwn(bytes: Uint8Array): boolean {
    if (bytes.length !== NONCE_LENGTH + SEAL_LENGTH) return false;
    const seal = this.#seal(bytes.subarray(0, NONCE_LENGTH));
    return timingSafeEqual(seal, bytes.subarray(NONCE_LENGTH));
  }

  #seal(nonce: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#key).update(nonce).digest().subarray(0, SEAL_LENGTH);
  }
}
