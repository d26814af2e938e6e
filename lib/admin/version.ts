/** The version of SCST whose tree this is; scstadmin wants 2.0.0 or later. */
import { ARCH } from "../../ffi/platform.ts";
import own from "../../deno.json" with { type: "json" };

export const VERSION = "3.11.0-pre";

/** What `version` of the tree says: SCST's first line, and who it is that speaks so. */
export function versionText(): string {
  const lines = [
    `SCST version: ${VERSION}`,
    "SCST build date: not recorded",
    `SCST build number: scst ${own.version} in user mode`,
    "SCST git commit sha1: not recorded",
    `SCST kver: ${Deno.osRelease()}`,
    `SCST arch type: ${ARCH}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}
