/** Damage to the text of Login and Text Requests: it knows what keys, values and pairs are. */
import type { Random } from "../harness/random.ts";

const KEY_MOST = 63; // RFC 7143 6.1

const NUMBERS = [
  ...["0", "1", "-1", "511", "512", "513", "65535", "65536", "16777215", "16777216", "4294967295"],
  ...["4294967296", "18446744073709551616", "0x", "0x0", "0xFFFFFF", "0xffffffffffffffffff", "01"],
  ...["1e3", " 512", "512 ", "5.12", "Infinity", "NaN", "+512", "1".repeat(400)],
];
const WORDS = [
  ...["", "Yes", "No", "yes", "None", "CRC32C", "CHAP", "Reject", "Irrelevant", "NotUnderstood"],
  ...[
    "None,CRC32C",
    "CRC32C,None",
    ",",
    ",,,,,,,,",
    "Discovery",
    "Normal",
    "All",
    "?",
    "0b",
    "0bA=",
  ],
  ...["{target}", "{locked}", "{guarded}", "{initiator}", "{response}", "{challenge}", "{echo}"],
  ...[
    "\xc3\xa4\xc3\x9f",
    "\xff",
    "\xf0\x9f\x92\xbe",
    "a\nb",
    "a=b=c",
    "%s%n%x",
    "../../etc/passwd",
  ],
];
const KEYS = [
  ...["InitiatorName", "InitiatorAlias", "TargetName", "SessionType", "AuthMethod", "CHAP_A"],
  ...["CHAP_I", "CHAP_C", "CHAP_N", "CHAP_R", "HeaderDigest", "DataDigest", "MaxConnections"],
  ...["TargetAlias", "TargetAddress", "TargetPortalGroupTag", "SendTargets", "InitialR2T"],
  ...["ImmediateData", "MaxRecvDataSegmentLength", "MaxBurstLength", "FirstBurstLength"],
  ...["DefaultTime2Wait", "DefaultTime2Retain", "MaxOutstandingR2T", "DataPDUInOrder"],
  ...[
    "DataSequenceInOrder",
    "ErrorRecoveryLevel",
    "IFMarker",
    "OFMarker",
    "IFMarkInt",
    "OFMarkInt",
  ],
  ...["TaskReporting", "iSCSIProtocolLevel", "X-com.example", "__proto__", "constructor", "", " "],
];
const LENGTHS = [KEY_MOST - 1, KEY_MOST, KEY_MOST + 1, 255, 256, 1024, 4000, 8000];

/** Changes a list of pairs, which have no NULs. */
type PairEdit = (pairs: string[], random: Random) => void;

function keyOf(pair: string): string {
  return pair.split("=", 1)[0]!;
}

function anyValue(random: Random): string {
  return random.pick(random.below(2) === 0 ? NUMBERS : WORDS);
}

function at(pairs: readonly string[], random: Random): number {
  return random.below(pairs.length);
}

function change(pairs: string[], random: Random, edit: (pair: string) => string): void {
  const index = at(pairs, random);
  pairs[index] = edit(pairs[index]!);
}

const PAIR_EDITS: readonly PairEdit[] = [
  (pairs, random) => change(pairs, random, (pair) => `${keyOf(pair)}=${anyValue(random)}`),
  (pairs, random) => change(pairs, random, (pair) => `${keyOf(pair)}=${anyValue(random)}`),
  (pairs, random) => change(pairs, random, (pair) => pair.replace(/^[^=]*/, random.pick(KEYS))),
  (pairs, random) => change(pairs, random, (pair) => pair.replace("=", "")),
  (pairs, random) => change(pairs, random, (pair) => pair.toLowerCase()),
  (pairs, random) => change(pairs, random, (pair) => pair + "v".repeat(random.pick(LENGTHS))),
  (pairs, random) => change(pairs, random, (pair) => "k".repeat(random.pick(LENGTHS)) + pair),
  (pairs, random) => change(pairs, random, (pair) => `${pair},${anyValue(random)}`),
  (pairs, random) => change(pairs, random, (pair) => pair.slice(0, random.below(pair.length + 1))),
  (pairs, random) => pairs.splice(at(pairs, random), 1),
  (pairs, random) => pairs.push(random.pick(pairs)),
  (pairs, random) => pairs.push(`${random.pick(KEYS)}=${anyValue(random)}`),
  (pairs, random) => pairs.splice(at(pairs, random), 0, ...pairs.splice(at(pairs, random), 1)),
  (pairs, random) => pairs.splice(at(pairs, random), 0, "", "", ""),
  (pairs, random) => {
    const count = random.pick([10, 63, 400]);
    for (let n = 0; n < count; n++) pairs.push(`X-${n}=${n}`);
  },
  (pairs) => pairs.reverse(),
];

/** The same text with one edit of its pairs. */
export function editText(text: string, random: Random): string {
  const pairs = text.split("\0");
  random.pick(PAIR_EDITS)(pairs, random);
  return pairs.join("\0");
}

/** The same text with a few bytes of it changed, put in or taken out. */
export function editBytes(text: string, random: Random): string {
  let edited = text;
  for (let count = 1 + random.below(3); count > 0; count--) {
    const from = random.below(edited.length + 1);
    const until = from + random.pick([0, 1, 1, 1, 4, 100]);
    const length = random.pick([0, 1, 1, 1, 4, 100]);
    const bytes = String.fromCharCode(...random.bytes(length));
    edited = edited.slice(0, from) + bytes + edited.slice(until);
  }
  return edited;
}
