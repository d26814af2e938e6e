/** The table of login keys (RFC 7143 13): what is answered to an offer, and what holds afterwards. */
import assert from "node:assert/strict";
import {
  checkDigest,
  findMissingDigest,
  isForFullFeature,
  isOperational,
  KEYS,
  negotiateKey,
  NOT_UNDERSTOOD,
  REJECT,
} from "../../lib/iscsi/keys.ts";
import { defaultParameters, type Parameters } from "../../lib/iscsi/parameters.ts";
import { type Digest, TARGET_DEFAULTS } from "../../lib/scst/model.ts";

const NO_ANSWER = undefined;

/** One offer: the value, the answer, and the parameter that it changes. */
type Offer = readonly [
  value: string,
  answer: string | undefined,
  result?: Partial<Parameters>,
];

const LARGEST = "16777215";
const illegalNumbers = [
  "",
  "-1",
  "1.5",
  "1e3",
  " 512",
  "512 ",
  "Yes",
  "0x",
  "512,1024",
  "0b1",
  "\u0663",
]
  .map((value): Offer => [value, REJECT]);
const illegalBooleans = ["", "yes", "NO", "1", "True", "Yes,No", " Yes"]
  .map((value): Offer => [value, REJECT]);
const digests = (key: "headerDigest" | "dataDigest"): Offer[] => [
  ["None", "None"],
  ["CRC32C", "CRC32C", { [key]: true }],
  ["CRC32C,None", "CRC32C", { [key]: true }],
  ["None,CRC32C", "None"],
  ["X-com.example.md5,CRC32C", "CRC32C", { [key]: true }],
  ["X-com.example.md5", REJECT],
  ["none", REJECT],
  ["crc32c", REJECT],
  ["", REJECT],
  ["None ", REJECT],
];
const onlyYes: Offer[] = [["Yes", "Yes"], ["No", "Yes"], ...illegalBooleans];
const onlyNo: Offer[] = [["Yes", "No"], ["No", "No"], ...illegalBooleans];
/** Chap answers them in the security stage (iscsi_chap_test.ts). */
const outOfPlace: Offer[] = [["None", REJECT], ["5", REJECT], ["", REJECT]];
const declared: Offer[] = [["anything", NO_ANSWER], ["", NO_ANSWER]];

const OFFERS: Readonly<Record<string, readonly Offer[]>> = {
  AuthMethod: outOfPlace,
  CHAP_A: outOfPlace,
  CHAP_I: outOfPlace,
  CHAP_C: outOfPlace,
  CHAP_N: outOfPlace,
  CHAP_R: outOfPlace,
  HeaderDigest: digests("headerDigest"),
  DataDigest: digests("dataDigest"),
  MaxConnections: [["1", "1"], ["8", "1"], ["65535", "1"], ["0", REJECT], ["65536", REJECT]],
  InitiatorName: declared,
  TargetName: declared,
  SessionType: declared,
  InitiatorAlias: declared,
  InitialR2T: [
    ["Yes", "Yes", { initialR2T: true }],
    ["No", "No", { initialR2T: false }],
    ...illegalBooleans,
  ],
  ImmediateData: [
    ["Yes", "Yes", { immediateData: true }],
    ["No", "No", { immediateData: false }],
    ...illegalBooleans,
  ],
  MaxRecvDataSegmentLength: [
    ["512", NO_ANSWER, { maxRecvDataSegmentLength: 512 }],
    ["513", NO_ANSWER, { maxRecvDataSegmentLength: 513 }],
    ["0x10000", NO_ANSWER, { maxRecvDataSegmentLength: 65536 }],
    [LARGEST, NO_ANSWER, { maxRecvDataSegmentLength: 1048576 }],
    ["511", REJECT],
    ["16777216", REJECT],
    ["0xffffffffffffffffffff", REJECT],
    ...illegalNumbers,
  ],
  MaxBurstLength: [
    ["512", "512", { maxBurstLength: 512 }],
    ["0X1fE", REJECT],
    ["0x200", "512", { maxBurstLength: 512 }],
    ["1048576", "1048576", { maxBurstLength: 1048576 }],
    [LARGEST, "1048576", { maxBurstLength: 1048576 }],
    ["511", REJECT],
    ["16777216", REJECT],
    ...illegalNumbers,
  ],
  FirstBurstLength: [
    ["512", "512", { firstBurstLength: 512 }],
    ["65536", "65536", { firstBurstLength: 65536 }],
    [LARGEST, "65536", { firstBurstLength: 65536 }],
    ["511", REJECT],
    ["16777216", REJECT],
    ...illegalNumbers,
  ],
  DefaultTime2Wait: [
    ["0", "0", { defaultTime2Wait: 0 }],
    ["2", "2", { defaultTime2Wait: 2 }],
    ["3600", "3600", { defaultTime2Wait: 3600 }],
    ["3601", REJECT],
    ...illegalNumbers,
  ],
  DefaultTime2Retain: [
    ["0", "0", { defaultTime2Retain: 0 }],
    ["3600", "0", { defaultTime2Retain: 0 }],
    ["3601", REJECT],
    ...illegalNumbers,
  ],
  MaxOutstandingR2T: [
    ["1", "1", { maxOutstandingR2T: 1 }],
    ["33", "32", { maxOutstandingR2T: 32 }],
    ["65535", "32", { maxOutstandingR2T: 32 }],
    ["0", REJECT],
    ["65536", REJECT],
    ...illegalNumbers,
  ],
  DataPDUInOrder: onlyYes,
  DataSequenceInOrder: onlyYes,
  ErrorRecoveryLevel: [["0", "0"], ["1", "0"], ["2", "0"], ["3", REJECT], ...illegalNumbers],
  SendTargets: [["All", REJECT], ["", REJECT]],
  TargetAlias: [["anything", REJECT]],
  TargetAddress: [["127.0.0.1:3260,1", REJECT]],
  TargetPortalGroupTag: [["1", REJECT]],
  iSCSIProtocolLevel: [
    ["0", "0"],
    ["1", "1"],
    ["2", "1"],
    ["31", "1"],
    ["32", REJECT],
    ...illegalNumbers,
  ],
  "X#NodeArchitecture": declared,
  IFMarker: onlyNo,
  OFMarker: onlyNo,
  IFMarkInt: [["2048~8192", REJECT]],
  OFMarkInt: [["2048~8192", REJECT]],
  TaskReporting: [
    ["RFC3720", "RFC3720"],
    ["FastAbort,ResponseFence,RFC3720", "RFC3720"],
    ["FastAbort", REJECT],
  ],
};

for (const [key, offers] of Object.entries(OFFERS)) {
  Deno.test(`negotiateKey() answers ${key}`, () => {
    for (const [value, answer, result = {}] of offers) {
      const parameters = defaultParameters();
      assert.equal(negotiateKey(key, value, parameters), answer, `${key}=${value}`);
      assert.deepEqual(parameters, { ...defaultParameters(), ...result }, `${key}=${value}`);
    }
  });
}

Deno.test("KEYS has the keys that are tested here, and each of them has its stage", () => {
  assert.deepEqual([...KEYS.keys()].sort(), Object.keys(OFFERS).sort());
  const used = (use: string) => [...KEYS].filter(([, row]) => row.use === use).map(([key]) => key);
  const security = ["AuthMethod", "CHAP_A", "CHAP_I", "CHAP_C", "CHAP_N", "CHAP_R"];
  assert.deepEqual(used("security"), security);
  assert.deepEqual(used("first"), ["TargetName", "InitiatorName", "SessionType"]);
  assert.deepEqual(used("all"), ["MaxRecvDataSegmentLength"]);
  assert.deepEqual(used("any"), ["InitiatorAlias", "X#NodeArchitecture"]);
  assert.deepEqual(used("connection"), ["HeaderDigest", "DataDigest"]);
  for (const key of KEYS.keys()) {
    const isNegotiated = ["connection", "leading", "all"].includes(KEYS.get(key)!.use);
    assert.equal(isOperational(key), isNegotiated, key);
    const isForBoth = ["InitiatorAlias", "MaxRecvDataSegmentLength", "X#NodeArchitecture"];
    assert.equal(isForFullFeature(key), isForBoth.includes(key), key);
  }
});

Deno.test("negotiateKey() does not understand keys that are not in the table", () => {
  const parameters = defaultParameters();
  for (const key of ["X-org.example.key", "maxburstlength", "", "SendTargets ", "constructor"]) {
    assert.equal(negotiateKey(key, "1", parameters), NOT_UNDERSTOOD, key);
  }
  assert.deepEqual(parameters, defaultParameters());
});

Deno.test("negotiateKey() keeps FirstBurstLength within MaxBurstLength (RFC 7143 13.14)", () => {
  const parameters = defaultParameters();
  assert.equal(negotiateKey("MaxBurstLength", "4096", parameters), "4096");
  assert.equal(negotiateKey("FirstBurstLength", "16384", parameters), "4096");
  assert.equal(parameters.firstBurstLength, 4096);
});

Deno.test("negotiateKey() agrees to no digest that the target does not want", () => {
  const cases: [wanted: Digest[], offer: string, answer: string][] = [
    [["None"], "CRC32C,None", "None"],
    [["None"], "CRC32C", REJECT],
    [["CRC32C"], "None,CRC32C", "CRC32C"],
    [["CRC32C"], "None", REJECT],
  ];
  for (const key of ["HeaderDigest", "DataDigest"] as const) {
    const name = key === "HeaderDigest" ? "headerDigest" : "dataDigest";
    for (const [wanted, offer, answer] of cases) {
      const parameters = defaultParameters();
      const limits = { ...TARGET_DEFAULTS, [name]: wanted };
      assert.equal(negotiateKey(key, offer, parameters, limits), answer);
      assert.equal(parameters[name], answer === "CRC32C");
      const wrong = `${key}=${offer}, the target agrees to ${wanted[0]}`;
      assert.equal(
        checkDigest(key, offer, answer, limits),
        answer === REJECT ? wrong : undefined,
      );
      const isMissing = wanted[0] === "CRC32C" && answer === REJECT;
      const missing = isMissing ? `${key}=CRC32C is not offered` : undefined;
      assert.equal(findMissingDigest(parameters, limits), missing);
    }
  }
});
