/** What is given back after the start: what is the file's, and nothing else. */
import assert from "node:assert/strict";
import { pristineMappings, returnStartupPages } from "../../ffi/startup_pages.ts";

/** As the kernel writes it, with the lines that matter. */
function smaps(head: string, anonymous: number, swap = 0): string {
  const lines = [head, "Size:                 64 kB", `Anonymous:      ${anonymous} kB`];
  return [...lines, "AnonHugePages:  0 kB", `Swap:           ${swap} kB`, ""].join("\n");
}

Deno.test("pristineMappings() finds what is of files and was not changed", () => {
  const text = [
    smaps("1000-3000 r--p 00000000 08:01 77                         /usr/bin/scst", 0),
    smaps("555500001000-555500005000 r-xp 00001000 08:01 77         /usr/bin/scst", 0),
    smaps("7f0000001000-7f0000002000 r-xp 00001000 08:01 78         /lib/libc.so.6", 4),
    smaps("7f0000002000-7f0000003000 r--p 00001000 08:01 78         /lib/libc.so.6", 4),
    smaps("7f0000002000-7f0000003000 r--p 00001000 08:01 78         /lib/libc.so.6", 0, 4),
    smaps("7f0000003000-7f0000004000 r-xp 00000000 00:00 0 ", 0),
    smaps("7f0000005000-7f0000006000 rwxp 00000000 08:01 77         /usr/bin/scst", 0),
    smaps("7f0000007000-7f0000008000 r-xp 00000000 00:00 0          [vdso]", 0),
    smaps("7f0000009000-7f000000a000 r-xp 00001000 08:01 79         /a name", 0),
  ].join("");
  assert.deepEqual(pristineMappings(text), [
    { address: 0x1000, length: 0x2000 },
    { address: 0x555500001000, length: 0x4000 },
    { address: 0x7f0000009000, length: 0x1000 },
  ]);
  assert.deepEqual(pristineMappings(""), []);
});

Deno.test("returnStartupPages() leaves a program that goes on", () => {
  for (let time = 0; time < 3; time++) returnStartupPages();
  assert.equal(JSON.stringify([..."code"].reverse()), '["e","d","o","c"]');
});
