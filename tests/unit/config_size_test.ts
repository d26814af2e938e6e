import assert from "node:assert/strict";
import { formatSize, MAX_SIZE, parseSize, sizeHint } from "../../lib/config/size.ts";

Deno.test("parseSize() takes bytes and binary units, exactly", () => {
  const table: [string, number][] = [
    ["1", 1],
    ["512", 512],
    ["1KiB", 1024],
    ["1MiB", 2 ** 20],
    ["1GiB", 2 ** 30],
    ["3 GiB", 3 * 2 ** 30],
    ["2.5TiB", 2.5 * 2 ** 40],
    ["0.5KiB", 512],
    ["1.000GiB", 2 ** 30],
    ["9007199254675456", MAX_SIZE],
    ["4503599627370497", 2 ** 52 + 1],
  ];
  for (const [text, size] of table) assert.equal(parseSize(text), size, text);
});

Deno.test("parseSize() refuses a unit it does not know", () => {
  for (const text of ["1GB", "1G", "1gib", "1Gib", "1PiB", "1 blocks", "1KiB ", "1GiBGiB"]) {
    assert.equal(parseSize(text), undefined, text);
  }
});

Deno.test("parseSize() refuses what is no whole positive number of bytes in range", () => {
  const table = [
    "",
    "0",
    "0GiB",
    "-1",
    "+1",
    "1e9",
    "0x200",
    "010",
    "1.5",
    "1.3KiB",
    "1_000",
    "NaN",
  ];
  const large = ["8192TiB", "9007199254675457", "9007199254740993", "9".repeat(20), "9".repeat(21)];
  for (const text of [...table, ...large]) assert.equal(parseSize(text), undefined, text);
});

Deno.test("sizeHint() names the binary unit that was probably meant", () => {
  const table: [string, string | undefined][] = [
    ["10GB", "decimal units are not taken, write 10GiB"],
    ["10 g", "decimal units are not taken, write 10GiB"],
    ["1.5t", "decimal units are not taken, write 1.5TiB"],
    ["1gib", "write 1GiB"],
    ["1Ki", "write 1KiB"],
    ["1.3KiB", "that is no whole number of bytes"],
    ["9000tb", undefined],
    ["large", undefined],
    ["0", undefined],
  ];
  for (const [text, hint] of table) assert.equal(sizeHint(text), hint, text);
});

Deno.test("formatSize() takes the largest unit without a remainder", () => {
  const table: [number, string][] = [
    [2 ** 30, "1GiB"],
    [3 * 2 ** 39, "1536GiB"],
    [2 ** 40, "1TiB"],
    [1536, "1536 bytes"],
    [1000, "1000 bytes"],
    [2048, "2KiB"],
  ];
  for (const [bytes, text] of table) assert.equal(formatSize(bytes), text);
});
