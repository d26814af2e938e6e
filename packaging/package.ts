/**
 * `deno task package [DIR]`: makes a package of Debian's, an archive and their checksums of dist/scst, or
 * of the executable that SCST_BIN names, in DIR or dist/.
 */
import { basename } from "node:path";
import manifest from "../deno.json" with { type: "json" };
import { makeDeb } from "./deb.ts";
import { inspect } from "./product.ts";
import { run } from "./program.ts";
import { makeTarball } from "./tarball.ts";

const DIST = new URL("../dist", import.meta.url).pathname;

/** Packs into the directory `output`, and gives the paths of what it made. */
async function packAll(output: string): Promise<string[]> {
  const binary = Deno.env.get("SCST_BIN") || `${DIST}/scst`;
  try {
    await Deno.stat(binary);
  } catch {
    throw new Error(`there is no ${binary}: deno task build makes it`);
  }
  const product = await inspect(binary, manifest.version);
  await Deno.mkdir(output, { recursive: true });
  const made = [await makeDeb(product, output), await makeTarball(product, output)];
  const names = made.map((path) => basename(path));
  await Deno.writeTextFile(`${output}/SHA256SUMS`, await run("sha256sum", names, { cwd: output }));
  return [...made, `${output}/SHA256SUMS`];
}

const encoder = new TextEncoder();
const lineOf = (text: unknown) => encoder.encode(`${text}\n`);
try {
  for (const path of await packAll(Deno.args[0] ?? DIST)) Deno.stdout.writeSync(lineOf(path));
} catch (error) {
  Deno.stderr.writeSync(lineOf(`error ${error instanceof Error ? error.message : error}`));
  Deno.exitCode = 1;
}
