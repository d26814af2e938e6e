/** Challenges: never the same, and known again when they come back. */
import assert from "node:assert/strict";
import { ChapChallenges } from "../../lib/iscsi/chap_challenge.ts";
import { toHex } from "../harness/hex.ts";

Deno.test("issue() never repeats a challenge, and changes the identifier each time", () => {
  const challenges = new ChapChallenges();
  const seen = new Set<string>();
  let last = -1;
  for (let count = 0; count < 1000; count++) {
    const { identifier, bytes } = challenges.issue();
    assert.equal(bytes.length, 32);
    assert.notEqual(identifier, last);
    assert(identifier >= 0 && identifier <= 255);
    last = identifier;
    seen.add(toHex(bytes.subarray(0, 16)));
  }
  assert.equal(seen.size, 1000, "the random part alone is always another");
});

Deno.test("isOwn() knows every challenge that was issued, and no other", () => {
  const challenges = new ChapChallenges();
  const issued = Array.from({ length: 300 }, () => challenges.issue().bytes);
  assert(issued.every((bytes) => challenges.isOwn(bytes)));
  const [bytes] = issued;
  for (let at = 0; at < bytes!.length; at++) {
    const changed = bytes!.slice();
    changed[at]! ^= 1;
    assert(!challenges.isOwn(changed), `byte ${at}`);
  }
  assert(!challenges.isOwn(bytes!.subarray(1)));
  assert(!challenges.isOwn(new Uint8Array(0)));
  assert(!challenges.isOwn(Uint8Array.of(...bytes!, 0)));
  assert(!new ChapChallenges().isOwn(bytes!), "another node has another key");
});
