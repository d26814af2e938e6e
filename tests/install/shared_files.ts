/** What install.sh puts below `share` for people to read. */

/** The manual pages of this repository, below `share`. */
export const PAGES = [...Deno.readDirSync(new URL("../../docs/man/", import.meta.url))]
  .map(({ name }) => name).sort().map((name) => `share/man/man${name.at(-1)}/${name}`);

/** The README and what it leads to, below `share/doc/scst`. */
export const DOCS = new TextDecoder().decode(
  new Deno.Command("sh", {
    args: [
      "-c",
      'for f in README.md docs/* docs/performance/*; do [ ! -f "$f" ] || echo "$f"; done',
    ],
    cwd: new URL("../../", import.meta.url),
  }).outputSync().stdout,
).trimEnd().split("\n").map((name) => `share/doc/scst/${name}`);
