/** Configurations of other targets, told apart by their text. */
import { ConfigError } from "../problem.ts";
import { readText, reason } from "../read_text.ts";
import type { Imported } from "./draft.ts";
import { importLio } from "./lio.ts";
import { importTgt } from "./tgt.ts";

/** More is no configuration. */
const MAX_BYTES = 16 * 2 ** 20;

/** What the file `path` of tgt or LIO says; undefined if it is one of SCST. Throws a ConfigError. */
export function importForeign(path: string): Imported | undefined {
  const text = readOrThrow(path);
  if (/^\s*\{/.test(text)) return importLio(text, path);
  const isTgt = /^\s*(?:<target\s|default-driver\s|include\s|<<include\s)/im.test(text);
  return isTgt ? importTgt(text, path, included) : undefined;
}

/**
 * The files that a pattern of an include names: wildcards stand in its last part, as tgt has them, and a
 * directory is for all that is in it.
 */
function included(named: string): { path: string; text: string }[] {
  const pattern = isDirectory(named) ? `${named.replace(/\/+$/, "")}/*` : named;
  const slash = pattern.lastIndexOf("/");
  const [dir, last] = [pattern.slice(0, slash + 1) || ".", pattern.slice(slash + 1)];
  if (!/[*?]/.test(last)) return [{ path: pattern, text: readOrThrow(pattern) }];
  const wanted = new RegExp(
    `^${last.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`,
  );
  let names: string[];
  try {
    names = [...Deno.readDirSync(dir)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new ConfigError([`Cannot read ${dir}: ${reason(error)}`], { cause: error });
  }
  const found = names.filter((name) => wanted.test(name) && !name.startsWith(".")).sort();
  return found.map((name) => {
    const path = `${pattern.slice(0, slash + 1)}${name}`;
    return { path, text: readOrThrow(path) };
  });
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // reading it says why
  }
}

function readOrThrow(path: string): string {
  try {
    return readText(path, MAX_BYTES);
  } catch (error) {
    throw new ConfigError([reason(error)], { cause: error });
  }
}
