/**
 * The table of login keys (RFC 7143 12, 13) and the negotiation by rule (RFC 7143 6.2). A row says how a
 * value that the initiator offers becomes the result that is answered and used.
 */
import { TARGET_DEFAULTS, type TargetAttributes } from "../scst/model.ts";
import type { Parameters } from "./parameters.ts";

/**
 * What the answer to an offer is: its text, or undefined when none is due (declarations). `limits`
 * are what the target wants.
 */
type Negotiate = (
  value: string,
  parameters: Parameters,
  limits: TargetAttributes,
) => string | undefined;

/** The answer to a value that the key cannot have. */
export const REJECT = "Reject";

/** What is answered to a key that is not in the table (RFC 7143 6.2). */
export const NOT_UNDERSTOOD = "NotUnderstood";

/** A decimal or hexadecimal number within a range; undefined for anything else (RFC 7143 6.1). */
export function parseNumber(value: string, least: number, most: number): number | undefined {
  if (!/^(?:0[xX][0-9a-fA-F]+|0|[1-9]\d*)$/.test(value)) return undefined;
  const number = Number(value);
  return number >= least && number <= most ? number : undefined;
}

const LENGTH = [512, 2 ** 24 - 1] as const;
const TIME = [0, 3600] as const;

type KeysOf<T, V> = { [Key in keyof T]: T[Key] extends V ? Key : never }[keyof T];
type NumberKey = KeysOf<Parameters, number>;
type BooleanKey = KeysOf<Parameters, boolean>;

/** A number of which the smaller or the larger is taken; `ours` may be an attribute of the target. */
function number(
  choose: (one: number, other: number) => number,
  ours: number | KeysOf<TargetAttributes, number>,
  range: readonly [number, number],
  into?: NumberKey,
): Negotiate {
  return (value, parameters, limits) => {
    const theirs = parseNumber(value, ...range);
    if (theirs === undefined) return REJECT;
    const result = choose(typeof ours === "number" ? ours : limits[ours], theirs);
    if (into !== undefined) parameters[into] = result;
    return String(result);
  };
}

/** Yes or No, joined by OR (Yes wins) or AND (No wins). */
function boolean(
  rule: "or" | "and",
  ours: boolean | KeysOf<TargetAttributes, boolean>,
  into?: BooleanKey,
): Negotiate {
  return (value, parameters, limits) => {
    if (value !== "Yes" && value !== "No") return REJECT;
    const theirs = value === "Yes";
    const wanted = typeof ours === "boolean" ? ours : limits[ours];
    const result = rule === "or" ? wanted || theirs : wanted && theirs;
    if (into !== undefined) parameters[into] = result;
    return result ? "Yes" : "No";
  };
}

/** A list in order of preference, of which the first value that is supported is taken. */
function list(supported: readonly string[]): Negotiate {
  return (value) => value.split(",").find((item) => supported.includes(item)) ?? REJECT;
}

/** A list of digests, of which the first one that the target agrees to is taken. */
function digest(key: "headerDigest" | "dataDigest"): Negotiate {
  return (value, parameters, limits) => {
    const answer = list(limits[key])(value, parameters, limits);
    parameters[key] = answer === "CRC32C";
    return answer;
  };
}

/** MaxRecvDataSegmentLength: declared, not negotiated; the target declares its own beside it. */
function declareMaxRecv(
  value: string,
  parameters: Parameters,
  limits: TargetAttributes,
): string | undefined {
  const theirs = parseNumber(value, ...LENGTH);
  if (theirs === undefined) return REJECT;
  parameters.maxRecvDataSegmentLength = Math.min(theirs, limits.maxXmitDataSegmentLength);
  return undefined;
}

/** FirstBurstLength: the smaller one, and never above MaxBurstLength (RFC 7143 13.14). */
function firstBurst(value: string, parameters: Parameters, limits: TargetAttributes): string {
  const theirs = parseNumber(value, ...LENGTH);
  if (theirs === undefined) return REJECT;
  const result = Math.min(limits.firstBurstLength, theirs, parameters.maxBurstLength);
  parameters.firstBurstLength = result;
  return String(result);
}

/** A declaration that changes nothing here. */
const accept: Negotiate = () => undefined;

/** A key that may not be sent to a target, or not now. */
const reject: Negotiate = () => REJECT;

/** A key that Chap handles. */
const SECURITY: KeyRow = { use: "security", negotiate: reject };

/** A key that only a target sends, or that has no place in a login. */
const FOREIGN: KeyRow = { use: "never", negotiate: reject };

/** When an initiator may send a key (RFC 7143 13, "Use", with what 12 and 6.3 add). */
type Use =
  /** In the first request; IO and LO there. */
  | "first"
  /** In the security stage. */
  | "security"
  /** In the operational stage of every connection: IO. */
  | "connection"
  /** In the operational stage of the first connection of a session: LO. */
  | "leading"
  /** In the operational stage and in the full feature phase: ALL. */
  | "all"
  /** Anywhere. */
  | "any"
  | "never";

/** One key: when it may be offered, and what becomes of it. */
interface KeyRow {
  readonly use: Use;
  readonly negotiate: Negotiate;
}

function leading(negotiate: Negotiate): KeyRow {
  return { use: "leading", negotiate };
}

/** The keys in the order of RFC 7143 12 and 13. Those of the first request are read before. */
export const KEYS: ReadonlyMap<string, KeyRow> = new Map<string, KeyRow>([
  ["AuthMethod", SECURITY],
  ["CHAP_A", SECURITY],
  ["CHAP_I", SECURITY],
  ["CHAP_C", SECURITY],
  ["CHAP_N", SECURITY],
  ["CHAP_R", SECURITY],
  ["HeaderDigest", { use: "connection", negotiate: digest("headerDigest") }],
  ["DataDigest", { use: "connection", negotiate: digest("dataDigest") }],
  ["MaxConnections", leading(number(Math.min, 1, [1, 65535]))],
  ["SendTargets", FOREIGN],
  ["TargetName", { use: "first", negotiate: accept }],
  ["InitiatorName", { use: "first", negotiate: accept }],
  ["TargetAlias", FOREIGN],
  ["InitiatorAlias", { use: "any", negotiate: accept }],
  ["TargetAddress", FOREIGN],
  ["TargetPortalGroupTag", FOREIGN],
  ["InitialR2T", leading(boolean("or", "initialR2T", "initialR2T"))],
  ["ImmediateData", leading(boolean("and", "immediateData", "immediateData"))],
  ["MaxRecvDataSegmentLength", { use: "all", negotiate: declareMaxRecv }],
  ["MaxBurstLength", leading(number(Math.min, "maxBurstLength", LENGTH, "maxBurstLength"))],
  ["FirstBurstLength", leading(firstBurst)],
  ["DefaultTime2Wait", leading(number(Math.max, 0, TIME, "defaultTime2Wait"))],
  ["DefaultTime2Retain", leading(number(Math.min, 0, TIME, "defaultTime2Retain"))],
  [
    "MaxOutstandingR2T",
    leading(number(Math.min, "maxOutstandingR2T", [1, 65535], "maxOutstandingR2T")),
  ],
  ["DataPDUInOrder", leading(boolean("or", true))],
  ["DataSequenceInOrder", leading(boolean("or", true))],
  ["ErrorRecoveryLevel", leading(number(Math.min, 0, [0, 2]))],
  ["SessionType", { use: "first", negotiate: accept }],
  // RFC 7144, with QUERY TASK and its like, would be level 2.
  ["TaskReporting", leading(list(["RFC3720"]))],
  ["iSCSIProtocolLevel", leading(number(Math.min, 1, [0, 31]))],
  // Obsolete since RFC 7143 (13.25); RFC 3720 initiators still ask for markers and hear No.
  ["IFMarker", leading(boolean("and", false))],
  ["OFMarker", leading(boolean("and", false))],
  ["IFMarkInt", leading(reject)],
  ["OFMarkInt", leading(reject)],
  // What the initiator is made of: nothing may depend on it (RFC 7143 13.26).
  ["X#NodeArchitecture", { use: "any", negotiate: accept }],
]);

/** Whether a key has no place in the security stage (RFC 7143 12). */
export function isOperational(key: string): boolean {
  const use = KEYS.get(key)?.use;
  return use === "connection" || use === "leading" || use === "all";
}

/** Whether a key may be sent in the full feature phase, besides SendTargets. */
export function isForFullFeature(key: string): boolean {
  const use = KEYS.get(key)?.use;
  return use === "all" || use === "any";
}

/**
 * What is answered to one offered key; undefined when no answer is due. `limits` are what the target
 * wants; in a discovery session it has no wishes of its own.
 */
export function negotiateKey(
  key: string,
  value: string,
  parameters: Parameters,
  limits: TargetAttributes = TARGET_DEFAULTS,
): string | undefined {
  const row = KEYS.get(key);
  return row === undefined ? NOT_UNDERSTOOD : row.negotiate(value, parameters, limits);
}

/** The keys of digests, and what holds the result of each. */
const DIGEST_KEYS = { HeaderDigest: "headerDigest", DataDigest: "dataDigest" } as const;

/**
 * What is wrong with the answer to an offer of digests, in words: an initiator that offers nothing
 * that the target agrees to would go on without, whatever it or the target insists on.
 */
export function checkDigest(
  key: string,
  value: string,
  answer: string | undefined,
  limits: TargetAttributes,
): string | undefined {
  if (answer !== REJECT || key !== "HeaderDigest" && key !== "DataDigest") return undefined;
  const wanted = limits[DIGEST_KEYS[key]].join(" or ");
  return `${key}=${value.slice(0, 64)}, the target agrees to ${wanted}`;
}

/** A digest that the target insists on and that was not offered, in words. */
export function findMissingDigest(
  parameters: Parameters,
  limits: TargetAttributes,
): string | undefined {
  for (const [key, name] of Object.entries(DIGEST_KEYS)) {
    if (!parameters[name] && !limits[name].includes("None")) return `${key}=CRC32C is not offered`;
  }
  return undefined;
}
