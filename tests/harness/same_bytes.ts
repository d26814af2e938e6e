import { AssertionError } from "node:assert/strict";

/** Fails with the place of the first difference, not with a dump of both byte strings. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what = "bytes"): void {
  if (actual.length !== expected.length) {
    const message = `${what}: length is ${actual.length} instead of ${expected.length}`;
    throw new AssertionError({ message, actual: actual.length, expected: expected.length });
  }
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  if (at < 0) return;
  const message = `${what}: byte ${at} is ${actual[at]} instead of ${expected[at]}`;
  throw new AssertionError({ message, actual: actual[at], expected: expected[at] });
}
