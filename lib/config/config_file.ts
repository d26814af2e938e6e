/** The file that a server's configuration is in: read, and saved so that no crash leaves half of it. */
import { isDeepStrictEqual } from "node:util";
import { bugLine } from "../bug.ts";
import type { ServerModel } from "../scst/model.ts";
import { parseConfiguration, userOwners } from "./configuration.ts";
import { passingIds } from "./ids.ts";
import { loadConfig, readConfigText, serverModel } from "./load.ts";
import { type PlainMap, plainOf } from "./plain.ts";
import { ConfigError } from "./problem.ts";
import { reason } from "./read_text.ts";
import { NextText } from "./save_text.ts";
import { warnOfSecrets } from "./secrecy.ts";
import { editedYaml, yamlText } from "./yaml_text.ts";

/** Former texts that are kept beside the file, as FILE.1 (the last one) to FILE.5. */
const GENERATIONS = 5;

/** Others than the owner are not to read secrets. */
const MODE = 0o600;

export class ConfigFile {
  readonly path: string;
  readonly stateDir: string;

  constructor(path: string, stateDir: string) {
    this.path = path;
    this.stateDir = stateDir;
  }

  /** What it says. Throws ConfigError. */
  load(): ServerModel {
    return loadConfig(this.path, this.stateDir);
  }

  /**
   * Has it say `model`: what means the same stays as it is written, comments as well. The text that was
   * there is kept. Where the path is a symbolic link, it is the file behind it that changes. Returns
   * whether anything had to be written. Throws ConfigError, and then nothing has changed.
   */
  save(model: ServerModel): boolean {
    const wanted = plainOf(model);
    const former = this.#former();
    const text = former === undefined ? yamlText(wanted) : editedYaml(...former, wanted);
    if (text === former?.[0]) return false;
    this.#check(text, wanted);
    try {
      if (former === undefined) new NextText(this.path, text, MODE).take();
      else replace(Deno.realPathSync(this.path), former[0], text);
    } catch (error) {
      const what = `Cannot save the configuration in ${this.path}`;
      throw new ConfigError([`${what}: ${reason(error)}`], { cause: error });
    }
    const { mode } = Deno.statSync(this.path);
    warnOfSecrets(this.path, mode, userOwners(parseConfiguration(text, this.path)));
    return true;
  }

  /** The text that is there and what it says; undefined where there is none that can be used. */
  #former(): [text: string, says: PlainMap] | undefined {
    try {
      Deno.statSync(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
    }
    const text = readConfigText(this.path);
    return [text, this.#says(text)];
  }

  #says(text: string): PlainMap {
    const configuration = parseConfiguration(text, this.path);
    // What is not served has no identity yet, and none is made for it by saving.
    return plainOf(serverModel(configuration, this.path, this.stateDir, { ids: passingIds }));
  }

  /** A text that would not be understood at the next start never takes the place of one that is. */
  #check(text: string, wanted: PlainMap): void {
    if (isDeepStrictEqual(this.#says(text), wanted)) return;
    const why = bugLine("the text would not say what is served");
    throw new ConfigError([`Cannot save the configuration in ${this.path}: ${why}`]);
  }
}

/**
 * Replaces `former`, which is kept, by `text` in the file at `path`. Both are on stable storage before any
 * name changes: a full disk takes none of the texts that are kept.
 */
function replace(path: string, former: string, text: string): void {
  using last = new NextText(`${path}.1`, former, MODE);
  using next = new NextText(path, text, MODE);
  likeThatOf(path, next.temporary);
  for (let number = GENERATIONS - 1; number >= 1; number--) {
    try {
      Deno.renameSync(`${path}.${number}`, `${path}.${number + 1}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  last.take();
  next.take();
}

/**
 * The mode is what it was, whatever the umask, and so are owner and group where this process may give files
 * away. A service may not: what it saves is its own from then on. Its group may do no more then than
 * everybody, as what the mode says of a group was meant for another one.
 */
function likeThatOf(path: string, temporary: string): void {
  const { uid, gid, mode } = Deno.statSync(path);
  const own = Deno.statSync(temporary);
  const keepsGroup = gid === null || own.gid === gid || isGiven(temporary, null, gid);
  if (uid !== null && own.uid !== uid) isGiven(temporary, uid, null);
  const wanted = (mode ?? MODE) & 0o777;
  Deno.chmodSync(temporary, keepsGroup ? wanted : wanted & (0o707 | (wanted & 0o007) << 3));
}

/** Gives a file away; false where this process may not. */
function isGiven(path: string, uid: number | null, gid: number | null): boolean {
  try {
    Deno.chownSync(path, uid, gid);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}
