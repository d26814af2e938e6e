/** Text of Login and Text PDUs (RFC 7143 6.1). */
import assert from "node:assert/strict";
import { TextSource } from "../../lib/iscsi/text_source.ts";
import { formatText, parseText, TextError } from "../../lib/iscsi/text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("parseText() splits pairs in the order in which they came", () => {
  const cases: [string, [string, string][]][] = [
    ["", []],
    ["\0", []],
    ["A=1\0", [["A", "1"]]],
    ["A=1\0B=2\0A=3\0", [["A", "1"], ["B", "2"], ["A", "3"]]],
    ["A=1\0B=2", [["A", "1"], ["B", "2"]]],
    ["A=1\0\0\0\0", [["A", "1"]]],
    ["A=\0", [["A", ""]]],
    ["A==x=y\0", [["A", "=x=y"]]],
    ["TargetAlias=\u00e9\u85cf\u{1f4be}\0", [["TargetAlias", "\u00e9\u85cf\u{1f4be}"]]],
    [`${"K".repeat(63)}=v\0`, [["K".repeat(63), "v"]]],
    [`A=${"v".repeat(255)}\0`, [["A", "v".repeat(255)]]],
    [`A=${"v".repeat(255)},${"w".repeat(255)}\0`, [["A", `${"v".repeat(255)},${"w".repeat(255)}`]]],
    [`CHAP_C=0x${"0".repeat(2048)}\0`, [["CHAP_C", `0x${"0".repeat(2048)}`]]],
  ];
  for (const [text, pairs] of cases) assert.deepEqual(parseText(bytes(text)), pairs, text);
});

Deno.test("parseText() says what is wrong with text", () => {
  const cases: [Uint8Array, string][] = [
    [bytes("A=1\0novalue\0"), "a pair of 7 characters has no '='"],
    [bytes("=1\0"), "a key has 0 bytes: 1 to 63 are allowed"],
    [bytes(`${"K".repeat(64)}=v\0`), "a key has 64 bytes: 1 to 63 are allowed"],
    [bytes(`${"\u00e9".repeat(32)}=v\0`), "a key has 64 bytes: 1 to 63 are allowed"],
    [
      bytes(`A=1,${"v".repeat(256)}\0`),
      "a value of 'A' has 256 bytes: up to 255 are allowed",
    ],
    [Uint8Array.of(0x41, 0x3d, 0xff, 0), "the text is not UTF-8"],
    [Uint8Array.of(0x41, 0x3d, 0xc3), "the text is not UTF-8"],
    [Uint8Array.of(0x41, 0x3d, 0xed, 0xa0, 0x80, 0), "the text is not UTF-8"],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseText(text), (error) => {
      assert(error instanceof TextError);
      assert.equal(error.message, message);
      return true;
    });
  }
});

Deno.test("parseText() reads a part of a buffer, and not what stands around it", () => {
  const buffer = bytes("X=0\0A=1\0Y=2\0");
  assert.deepEqual(parseText(buffer.subarray(4, 8)), [["A", "1"]]);
});

Deno.test("formatText() ends every pair with a NUL, and parseText() takes it back", () => {
  const pairs: [string, string][] = [
    ["TargetName", "iqn.2026-11.org.example:disk"],
    ["TargetAddress", "[2001:db8::1]:3260,1"],
    ["TargetAddress", "10.0.0.1:3260,1"],
    ["Empty", ""],
  ];
  const text = formatText(pairs);
  assert.deepEqual(text.subarray(0, 40), bytes("TargetName=iqn.2026-11.org.example:disk\0"));
  assert.equal(text.at(-1), 0);
  assert.deepEqual(parseText(text), pairs);
  assert.equal(formatText([]).length, 0);
});

Deno.test("TextSource.take() cuts the text at any length and tells its end", () => {
  const pairs: [string, string][] = [["A", "1"], ["Long", "x".repeat(40)], ["B", ""], ["C", "22"]];
  const whole = new TextDecoder().decode(formatText(pairs));
  for (let most = 1; most <= whole.length + 1; most++) {
    const source = new TextSource(pairs);
    const parts: string[] = [];
    do {
      parts.push(new TextDecoder().decode(source.take(most)));
    } while (!source.isEmpty);
    assert.equal(parts.join(""), whole);
    assert(parts.slice(0, -1).every((part) => part.length === most));
    assert.equal(parts.length, Math.ceil(whole.length / most));
  }
  const nothing = new TextSource([]);
  assert.deepEqual([nothing.take(9).length, nothing.isEmpty], [0, true]);
});
