/**
 * What was typed in a guest, and what it said, as a section of docs/install-transcript.md. A test writes it
 *
 *     SCST_UPDATE_TRANSCRIPT=1 SCST_BIN=$PWD/dist/scst deno test -A tests/vm/install_test.ts tests/vm/systemd_test.ts
 *
 * and else finds out whether the page has the commands that it has run.
 */
import assert from "node:assert/strict";
import type { Guest } from "./guest.ts";

const PAGE = new URL("../../docs/install-transcript.md", import.meta.url);
/** How root is asked for a command, and the command. */
const PROMPT = /^root@guest:\S+# (.*)$/gm;
const LIMIT_S = 300;

/** The commands of a transcript. */
export function commandsIn(text: string): string[] {
  return [...text.matchAll(PROMPT)].map(([, command]) => command ?? "");
}

/** The commands that the README has under "Install", for Linux with systemd. */
export function installationIn(readme: string): string[] {
  const [, block = ""] = /^As root, on Linux with systemd:\n\n((?: {4}.*\n)+)/m.exec(readme) ?? [];
  return block.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** What a terminal shows at last of lines that are written over. */
function shown(text: string): string {
  return text.replaceAll(/^.*\r(?!$)/gm, "").replaceAll("\r", "").replaceAll(/[ \t]+$/gm, "");
}

export class Transcript {
  readonly #guest: Guest;
  readonly #heading: string;
  readonly #dir: string;
  #text = "";

  /** `heading` is that of the section, and `dir` where root is, below its home directory. */
  constructor(guest: Guest, heading: string, dir = "") {
    this.#guest = guest;
    this.#heading = heading;
    this.#dir = dir;
  }

  /** Runs a command as it is typed, which has to end with `code`, and gives what it says. */
  async run(command: string, code = 0): Promise<string> {
    const place = `export HOME=/root; cd ~/${this.#dir}; exec 2>&1`;
    const result = await this.#guest.run(`${place}; ${command}`, LIMIT_S);
    assert.equal(result.code, code, `${command}:\n${result.stdout}`);
    const where = this.#dir === "" ? "~" : `~/${this.#dir}`;
    const text = shown(result.stdout);
    this.#text += `root@guest:${where}# ${command}\n${text}${text.endsWith("\n") ? "" : "\n"}`;
    return result.stdout;
  }

  /** Has the page say what was run, or assures that it does. */
  keep(): void {
    const page = Deno.readTextFileSync(PAGE);
    const section = new RegExp(
      `(^## ${this.#heading}$[^]*?^\`\`\`console\n)([^]*?)(^\`\`\`$)`,
      "m",
    );
    const [, , kept] = section.exec(page) ?? [];
    assert.ok(kept !== undefined, `${PAGE.pathname} has no section ${this.#heading}`);
    if (Deno.env.get("SCST_UPDATE_TRANSCRIPT") === "1") {
      const put = (_: string, head: string, _kept: string, end: string) => head + this.#text + end;
      Deno.writeTextFileSync(PAGE, page.replace(section, put));
    } else {
      assert.deepEqual(commandsIn(kept), commandsIn(this.#text));
    }
  }
}
