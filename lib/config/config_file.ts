/** The file that a server's configuration is in: read, and saved so that no crash leaves half of it. */
import { isDeepStrictEqual } from "node:util";
import type { ServerModel } from "../scst/model.ts";
import { parseConfiguration } from "./configuration.ts";
import { loadConfig, readConfigText, serverModel } from "./load.ts";
import { type PlainMap, plainOf } from "./plain.ts";
import { ConfigError } from "./problem.ts";
import { reason } from "./read_text.ts";
import { saveText } from "./save_text.ts";
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
   * there is kept. Returns whether anything had to be written. Throws ConfigError, and then nothing has
   * changed.
   */
  save(model: ServerModel): boolean {
    const wanted = plainOf(model);
    const former = this.#former();
    const text = former === undefined ? yamlText(wanted) : editedYaml(...former, wanted);
    if (text === former?.[0]) return false;
    this.#check(text, wanted);
    try {
      const { uid, gid, mode } = former === undefined ? NOBODYS : Deno.statSync(this.path);
      if (former !== undefined) this.#keep(former[0]);
      saveText(this.path, text, (mode ?? MODE) & 0o777);
      if (uid !== null && gid !== null) this.#giveTo(uid, gid);
    } catch (error) {
      const what = `Cannot save the configuration in ${this.path}`;
      throw new ConfigError([`${what}: ${reason(error)}`], { cause: error });
    }
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
    return plainOf(serverModel(configuration, this.path, this.stateDir));
  }

  /** A text that would not be understood at the next start never takes the place of one that is. */
  #check(text: string, wanted: PlainMap): void {
    if (isDeepStrictEqual(this.#says(text), wanted)) return;
    throw new ConfigError([
      `Cannot save the configuration in ${this.path}: the text would not say what is served (a bug)`,
    ]);
  }

  #keep(text: string): void {
    for (let number = GENERATIONS - 1; number >= 1; number--) {
      try {
        Deno.renameSync(`${this.path}.${number}`, `${this.path}.${number + 1}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    saveText(`${this.path}.1`, text);
  }

  /** Root that saves for another owner leaves it to him. */
  #giveTo(uid: number, gid: number): void {
    const own = Deno.statSync(this.path);
    if (own.uid !== uid || own.gid !== gid) Deno.chownSync(this.path, uid, gid);
  }
}

/** Of a file that is not there. */
const NOBODYS = { uid: null, gid: null, mode: null } as const;
