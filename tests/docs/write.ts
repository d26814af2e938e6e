/** Writes the tables of the code into docs/. */
import { BLOCKS, withBlocks } from "./blocks.ts";

for (const [path, blocks] of Object.entries(BLOCKS)) {
  const url = new URL(`../../${path}`, import.meta.url);
  await Deno.writeTextFile(url, withBlocks(await Deno.readTextFile(url), blocks));
}
