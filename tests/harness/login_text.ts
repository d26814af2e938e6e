/** Login text that is valid as a rule. */
import { encodeText, type Pair } from "../initiator/text.ts";
import type { Random } from "./random.ts";
import { TARGET } from "./rig.ts";

/** A target beside that of the rig, with groups and limits; it is not there in every test. */
export const GUARDED_TARGET = `${TARGET}:guarded`;

const TARGETS = [...Array(12).fill(TARGET), ...Array(4).fill(GUARDED_TARGET)];

const VALID_LENGTHS = ["512", "513", "1000", "4096", "8192", "65536", "1048576", "16777215"];

/** Values of HeaderDigest and DataDigest. */
export const DIGEST_OFFERS: readonly string[] = ["None", "CRC32C", "None,CRC32C", "CRC32C,None"];

/** Values of keys that are lengths; the last ones are not valid. */
export const LENGTHS: readonly string[] = [...VALID_LENGTHS, "0", "x"];

/** What the text of a Login Request depends on. */
export interface LoginSituation {
  readonly stage: number;
  /** Whether names and session type are known already. */
  readonly introduced: boolean;
  readonly target?: string;
  /** Keys of the security stage. */
  readonly security?: readonly Pair[];
}

/** The text of a Login Request. */
export function loginText(random: Random, situation: LoginSituation): Uint8Array {
  const { stage, introduced, target = random.pick(TARGETS), security = [] } = situation;
  const pairs: Pair[] = [];
  if (!introduced || random.below(30) === 0) {
    pairs.push(["InitiatorName", "iqn.2026-11.org.scst.test:peer"]);
    pairs.push(["SessionType", random.below(30) === 0 ? "Discovery" : "Normal"]);
    pairs.push(["TargetName", random.below(30) === 0 ? `${TARGET}:no` : target]);
  }
  pairs.push(...security);
  if (stage === 1) pairs.push(...operational(random));
  if (random.below(10) === 0) pairs.push(["X-" + "y".repeat(random.below(80)), "z"]);
  return encodeText(pairs);
}

function operational(random: Random): Pair[] {
  const pairs: Pair[] = [];
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
