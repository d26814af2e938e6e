/** Binary values in text (RFC 7143 6.1). */
import assert from "node:assert/strict";
import { BINARY_MOST, formatBinary, Notation, parseBinary } from "../../lib/iscsi/binary_value.ts";
import { hexBytes } from "../harness/hex.ts";

Deno.test("parseBinary() reads hex and base64 constants", () => {
  const table: [text: string, hex: string][] = [
    ["0x00", "00"],
    ["0x0001ff", "0001ff"],
    ["0XaBcD", "abcd"],
    ["0xabc", "0abc"], // n digits are (n + 1) / 2 bytes
    ["0x1", "01"],
    ["0bAA==", "00"],
    ["0bAAH/", "0001ff"],
    ["0BqwE=", "ab01"],
    ["0bqwE", "ab01"], // the pad is optional
    ["0bqw", "ab"],
    ["0b+/+/", "fbffbf"],
    ["0x0b", "0b"],
  ];
  for (const [text, hex] of table) {
    const value = parseBinary(text);
    assert.deepEqual(value?.bytes, hexBytes(hex), text);
    assert.equal(value.notation, text[1]!.toLowerCase() === "x" ? Notation.HEX : Notation.BASE64);
  }
});

Deno.test("parseBinary() refuses what is no binary value", () => {
  const wrong = [
    "",
    "0x",
    "0b",
    "0b=",
    "0b==",
    "00ff",
    "ff",
    "17",
    "0xfg",
    "0xff ",
    " 0xff",
    "0xff\n",
    "0x-1",
    "0bAAA=A",
    "0bAA===",
    "0bA", // n is never 4 * k + 1
    "0bAAAAA",
    "0bAA_-",
    "0bAA AA",
    "0o17",
  ];
  for (const text of wrong) assert.equal(parseBinary(text), undefined, JSON.stringify(text));
});

Deno.test("parseBinary() takes 1024 bytes, and none more", () => {
  for (const notation of [Notation.HEX, Notation.BASE64]) {
    const most = formatBinary(new Uint8Array(BINARY_MOST).fill(0x5a), notation);
    assert.equal(parseBinary(most)?.bytes.length, 1024);
    const more = formatBinary(new Uint8Array(BINARY_MOST + 1), notation);
    assert.equal(parseBinary(more), undefined);
  }
});

Deno.test("formatBinary() writes what parseBinary() reads, with leading zeros", () => {
  for (let length = 1; length < 40; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => index * 41 & 0xff);
    for (const notation of [Notation.HEX, Notation.BASE64]) {
      assert.deepEqual(parseBinary(formatBinary(bytes, notation)), { bytes, notation });
    }
  }
  assert.equal(formatBinary(Uint8Array.of(0, 0xab), Notation.HEX), "0x00ab");
  assert.equal(formatBinary(Uint8Array.of(0, 0xab), Notation.BASE64), "0bAKs=");
});
