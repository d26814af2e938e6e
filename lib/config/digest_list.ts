/** Which digests a target agrees to: one, or both with a comma between them, as SCST writes them. */
import { type Digest, DIGESTS } from "../scst/model.ts";
import type { ScalarRule } from "./attribute.ts";

export const DIGEST_LIST: ScalarRule<readonly Digest[]> = {
  allowed: 'None, CRC32C, or both as in "CRC32C,None"',
  parse: ({ text }) => {
    const words = text.split(",").map((word) => word.trim());
    const digests = DIGESTS.filter((digest) => words.includes(digest));
    return digests.length === words.length ? digests : undefined;
  },
};
