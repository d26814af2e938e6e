/** The ROD tokens of a device: which ones there are, and when they end. */
import { Sense } from "../scsi/sense.ts";
import { keyOfToken, type RodToken } from "./odx_token.ts";
import type { BlockRange } from "./odx_ranges.ts";

/** Tokens of a device that are valid; for one more the oldest ends. */
const VALID_MOST = 128;

/** Tokens that ended and of which it is still known why. */
const ENDED_MOST = 256;

export class RodTokens {
  #valid = new Map<string, RodToken>();
  #ended = new Map<string, RodToken>();

  /** Whether a change of the medium may concern a token. */
  get isEmpty(): boolean {
    return this.#valid.size === 0;
  }

  /** Takes a token in. */
  add(token: RodToken, now: number): void {
    this.#expire(now);
    if (this.#valid.size >= VALID_MOST) {
      for (const oldest of this.#valid.values()) {
        this.end(oldest, Sense.TOKEN_CANCELLED);
        break;
      }
    }
    this.#valid.set(keyOfToken(token.bytes), token);
  }

  /** Finds the token that an initiator has brought, valid or not; undefined if it never was. */
  find(bytes: Uint8Array, now: number): RodToken | undefined {
    this.#expire(now);
    const key = keyOfToken(bytes);
    const token = this.#valid.get(key) ?? this.#ended.get(key);
    return token?.bytes.every((byte, at) => byte === bytes[at]) === true ? token : undefined;
  }

  /** Ends a token; `sense` says why. */
  end(token: RodToken, sense: number): void {
    if (token.death !== Sense.NO_SENSE) return;
    token.death = sense;
    const key = keyOfToken(token.bytes);
    this.#valid.delete(key);
    this.#ended.set(key, token);
    if (this.#ended.size <= ENDED_MOST) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      break;
    }
  }

  /** Blocks are changed: the tokens that stand for them end. No blocks at all stand for every one. */
  change(range: BlockRange): void {
    if (this.isEmpty) return;
    for (const token of this.#valid.values()) {
      if (range.blocks === 0 || token.touches(range)) this.end(token, Sense.TOKEN_REVOKED);
    }
  }

  /** The medium is not what it was: all tokens end. */
  revokeAll(): void {
    for (const token of [...this.#valid.values()]) this.end(token, Sense.TOKEN_REVOKED);
  }

  #expire(now: number): void {
    for (const token of this.#valid.values()) {
      if (token.expires <= now) this.end(token, Sense.TOKEN_EXPIRED);
    }
  }
}
