/** Patterns for names, against a model that tries everything. */
import assert from "node:assert/strict";
import { Pattern } from "../../lib/scst/pattern.ts";
import { Random, testSeed } from "../harness/random.ts";

/** Whether a pattern without `!` matches, by trying every way. */
function fits(pattern: string, text: string): boolean {
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first === undefined) return text === "";
  if (first === "*") return fits(rest, text) || text !== "" && fits(pattern, text.slice(1));
  return text !== "" && (first === "?" || first === text[0]) && fits(rest, text.slice(1));
}

/** SCST's answer: a `!` turns the rest round at the first place where it is reached. */
function modelMatches(pattern: string, text: string): boolean {
  const mark = pattern.indexOf("!");
  if (mark < 0) return fits(pattern, text);
  for (let at = 0; at < text.length; at++) {
    if (fits(pattern.slice(0, mark), text.slice(0, at))) {
      return !fits(pattern.slice(mark + 1), text.slice(at));
    }
  }
  return false;
}

const matches = (pattern: string, text: string) => new Pattern(pattern).matches(text);

Deno.test("Pattern.matches() agrees with a model that tries everything", () => {
  const seed = testSeed();
  const random = new Random(seed);
  const word = (letters: string, most: number) =>
    Array.from({ length: random.below(most) }, () => random.pick([...letters])).join("");
  let hits = 0;
  for (let round = 0; round < 60_000; round++) {
    const pattern = word(random.below(3) === 0 ? "ab*?!" : "ab*?", 9);
    const text = word("ab!*", 9);
    const expected = modelMatches(pattern, text);
    if (expected) hits++;
    assert.equal(
      matches(pattern, text),
      expected,
      `'${pattern}' '${text}' SCST_TEST_SEED=${seed}`,
    );
  }
  assert(hits > 5_000 && hits < 55_000, `${hits} of 60000 matched: the words tell nothing`);
});

Deno.test("Pattern.matches() answers as SCST does", () => {
  const table: [pattern: string, text: string, expected: boolean][] = [
    ["iqn.2026-11.org.example:host1", "IQN.2026-11.org.EXAMPLE:host1", true],
    ["IQN.2026-11.org.example:*", "iqn.2026-11.org.example:", true],
    ["iqn.2026-11.org.example:host?", "iqn.2026-11.org.example:host", false],
    ["iqn.2026-11.org.example:host?", "iqn.2026-11.org.example:host12", false],
    ["*", "", true],
    ["", "", true],
    ["?", "", false],
    ["*.example:*#10.0.0.1", "iqn.2026-11.org.example:a#10.0.0.1", true],
    ["*.example:*#10.0.0.1", "iqn.2026-11.org.example:a#10.0.0.12", false],
    ["!iqn.a:*", "iqn.a:host", false],
    ["!iqn.a:*", "iqn.b:host", true],
    ["!*", "iqn.a", false],
    ["!", "iqn.a", true],
    ["iqn.!a:*", "iqn.b:x", true],
    ["iqn.!a:*", "iqn.a:x", false],
    ["iqn.!a:*", "eui.b:x", false],
    ["iqn.!a", "iqn.", false], // the text ends before the mark is reached
    ["!!a", "!a", false], // a second mark is a character
    ["!!a", "a", true],
    ["[a-z]", "b", false],
    ["a.c", "abc", false],
    ["\\*", "*", false],
  ];
  for (const [pattern, text, expected] of table) {
    assert.equal(matches(pattern, text), expected, `'${pattern}' '${text}'`);
  }
});

Deno.test("Pattern.matches() takes no time to speak of for the worst names", () => {
  const text = "a".repeat(223);
  const worst = [
    "*a".repeat(120) + "b",
    "*" + "a".repeat(110) + "b*",
    "!" + "*a?".repeat(80) + "b",
  ];
  const begin = performance.now();
  for (let round = 0; round < 1000; round++) {
    for (const pattern of worst) assert.equal(matches(pattern, text), pattern.startsWith("!"));
  }
  const perMatch = (performance.now() - begin) / 3000;
  assert(perMatch < 1, `${perMatch} ms a match`);
});
