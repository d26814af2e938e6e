/** Writes the tables of the code into docs/, and the manual pages. */
import { BLOCKS, withBlocks } from "./blocks.ts";
import { PAGES } from "./man.ts";

const url = (path: string) => new URL(`../../${path}`, import.meta.url);

for (const [path, blocks] of Object.entries(BLOCKS)) {
  await Deno.writeTextFile(url(path), withBlocks(await Deno.readTextFile(url(path)), blocks));
}
for (const [path, text] of Object.entries(PAGES)) await Deno.writeTextFile(url(path), text());
