/** `scst version`. */
import { ExitCode } from "./failure.ts";
import manifest from "../../deno.json" with { type: "json" };
import { print } from "./output.ts";
import type { Verb } from "./verb.ts";

/** The version of scst and of the runtime that it runs on. */
export function versionText(): string {
  return `scst ${manifest.version} (Deno ${Deno.version.deno}, V8 ${Deno.version.v8})`;
}

export const VERSION: Verb = {
  name: "version",
  summary: "print the version of scst and of its runtime",
  arguments: [],
  options: [],
  examples: ["scst version"],
  run: () => {
    print(versionText());
    return ExitCode.OK;
  },
};
