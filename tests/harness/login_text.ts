/** Login text that is valid as a rule. */
import type { Random } from "./random.ts";
import { TARGET } from "./rig.ts";

const VALID_LENGTHS = ["512", "513", "1000", "4096", "8192", "65536", "1048576", "16777215"];

/** Values of HeaderDigest and DataDigest. */
export const DIGEST_OFFERS: readonly string[] = ["None", "CRC32C", "None,CRC32C", "CRC32C,None"];

/** Values of keys that are lengths; the last ones are not valid. */
export const LENGTHS: readonly string[] = [...VALID_LENGTHS, "0", "x"];

/** The text of a Login Request; `introduced` says that names and session type are known already. */
export function loginText(random: Random, stage: number, introduced: boolean) {
  const pairs: [string, string][] = [];
  if (!introduced || random.below(30) === 0) {
    pairs.push(["InitiatorName", "iqn.2026-11.org.scst.test:peer"]);
    pairs.push(["SessionType", random.below(30) === 0 ? "Discovery" : "Normal"]);
    pairs.push(["TargetName", random.below(30) === 0 ? "iqn.2026-11.org.scst.test:no" : TARGET]);
  }
  if (stage === 1) pairs.push(...operational(random));
  if (random.below(10) === 0) pairs.push(["X-" + "y".repeat(random.below(80)), "z"]);
  const text = pairs.map(([key, value]) => `${key}=${value}\0`).join("");
  return new TextEncoder().encode(text);
}

function operational(random: Random): [string, string][] {
  const pairs: [string, string][] = [];
  for (const key of ["MaxRecvDataSegmentLength", "MaxBurstLength", "FirstBurstLength"]) {
    const value = random.pick(random.below(20) === 0 ? LENGTHS : VALID_LENGTHS);
    if (random.below(2) === 0) pairs.push([key, value]);
  }
  for (const key of ["InitialR2T", "ImmediateData"]) {
    if (random.below(2) === 0) pairs.push([key, random.pick(["Yes", "No", "No", "maybe"])]);
  }
  for (const key of ["HeaderDigest", "DataDigest"]) {
    if (random.below(2) === 0) pairs.push([key, random.pick(DIGEST_OFFERS)]);
  }
  if (random.below(2) === 0) pairs.push(["MaxOutstandingR2T", random.pick(["1", "2", "8"])]);
  return pairs;
}
