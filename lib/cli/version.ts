/** `scst version`. */
import { CRC32C_BY } from "../../ffi/crc32c.ts";
import { ExitCode } from "./failure.ts";
import manifest from "../../deno.json" with { type: "json" };
import { print } from "./output.ts";
import type { Verb } from "./verb.ts";

/** The version of scst and of the runtime that it runs on, and who computes its digests. */
export function versionText(): string {
  const { deno, v8 } = Deno.version;
  return `scst ${manifest.version} (Deno ${deno}, V8 ${v8}, CRC32C by ${CRC32C_BY})`;
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
