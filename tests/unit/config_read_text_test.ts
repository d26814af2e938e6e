import assert from "node:assert/strict";
import { readText } from "../../lib/config/read_text.ts";

Deno.test("readText() says in one sentence why a file cannot be read", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/large`, "x".repeat(101));
    await Deno.writeFile(`${dir}/binary`, new Uint8Array([0x61, 0xff]));
    await new Deno.Command("mkfifo", { args: [`${dir}/fifo`] }).output();
    const table: [string, string][] = [
      [`${dir}/none`, "there is no such file or directory"],
      [`${dir}/large/x`, "a part of the path is not a directory"],
      [dir, "it is a directory"],
      [`${dir}/fifo`, "it is not a regular file"],
      [`${dir}/large`, "it has more than 100 bytes"],
      [`${dir}/binary`, "it is not UTF-8 text"],
    ];
    for (const [path, why] of table) {
      assert.throws(() => readText(path, 100), { message: `Cannot read ${path}: ${why}` });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("readText() reads up to its bound and leaves out a byte order mark", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "x".repeat(100));
    assert.equal(readText(path, 100), "x".repeat(100));
    await Deno.writeTextFile(path, "\ufeff\u00e9");
    assert.equal(readText(path, 100), "\u00e9");
  } finally {
    await Deno.remove(path);
  }
});
