/** Targets of a configuration: attributes, groups and LUNs, and what is said of their mistakes. */
import assert from "node:assert/strict";
import { parseConfiguration } from "../../lib/config/configuration.ts";
import { targetModel } from "../../lib/config/load.ts";
import { relativeIds } from "../../lib/config/relative_ids.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { TARGET_DEFAULTS, type TargetModel } from "../../lib/scst/model.ts";

const NAME = "iqn.2026-11.org.a";
const PATH = `targets["${NAME}"]`;

/** A configuration whose target has `lines`, which begin in line 5. */
function configuration(lines: readonly string[]): string {
  const head = ["portals: [127.0.0.1]", "devices: {d: {handler: vdisk_nullio}}", "targets:"];
  return [...head, `  ${NAME}:`, ...lines.map((line) => `    ${line}`)].join("\n");
}

function problemsOf(...lines: string[]): string[] {
  try {
    parseConfiguration(configuration(lines), "f");
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.problems.map((problem) => problem.replace("f:", ""));
  }
  return [];
}

function modelOf(...lines: string[]): TargetModel {
  const { targets, device_groups } = parseConfiguration(configuration(lines), "f");
  return targetModel(targets[0]!, relativeIds(targets, device_groups));
}

Deno.test("parseConfiguration() reads every attribute of a target", () => {
  const model = modelOf(
    "enabled: false",
    "alias: The disk of all",
    "addr_method: flat",
    'allowed_portal: [10.0.0.1, "!10.0.0.2", "*"]',
    "aen_disabled: true",
    "comment: of node 7",
    "per_portal_acl: true",
    'redirect: "[FD00::2] perm"',
    "MaxSessions: 3",
    "QueuedCommands: 64",
    "RspTimeout: 60",
    "NopInInterval: 0",
    "NopInTimeout: 2",
    "InitialR2T: Yes",
    "ImmediateData: No",
    "MaxRecvDataSegmentLength: 512",
    "MaxXmitDataSegmentLength: 1024",
    "MaxBurstLength: 2048",
    "FirstBurstLength: 1048576",
    "MaxOutstandingR2T: 65535",
    "HeaderDigest: CRC32C",
    "DataDigest: CRC32C,None",
  );
  assert.deepEqual(model.attributes, {
    enabled: false,
    alias: "The disk of all",
    addrMethod: "FLAT",
    allowedPortals: ["10.0.0.1", "!10.0.0.2", "*"],
    aenDisabled: true,
    comment: "of node 7",
    perPortalAcl: true,
    redirect: { portal: { hostname: "fd00::2", port: 3260 }, permanent: true },
    maxSessions: 3,
    queuedCommands: 64,
    rspTimeout: 60,
    nopInInterval: 0,
    nopInTimeout: 2,
    initialR2T: true,
    immediateData: false,
    maxRecvDataSegmentLength: 512,
    maxXmitDataSegmentLength: 1024,
    maxBurstLength: 2048,
    firstBurstLength: 1048576,
    maxOutstandingR2T: 65535,
    headerDigest: ["CRC32C"],
    dataDigest: ["None", "CRC32C"],
  });
});

Deno.test("parseConfiguration() reads groups in their order, and LUNs that are read only", () => {
  const model = modelOf(
    "luns:",
    "  1: d",
    "  0: {device: d, read_only: true}",
    "ini_groups:",
    "  second.one:",
    '    initiators: ["*:b", "!iqn.a:*"]',
    "    luns: {7: d, 16383: {device: d}}",
    "    addr_method: LUN",
    "  first: {}",
  );
  assert.deepEqual(model, {
    name: NAME,
    relTgtId: 1,
    attributes: TARGET_DEFAULTS,
    luns: [
      { lun: 1, device: "d", readOnly: false },
      { lun: 0, device: "d", readOnly: true },
    ],
    groups: [
      {
        name: "second.one",
        initiators: ["*:b", "!iqn.a:*"],
        luns: [
          { lun: 7, device: "d", readOnly: false },
          { lun: 16383, device: "d", readOnly: false },
        ],
        addrMethod: "LUN",
      },
      { name: "first", initiators: [], luns: [], addrMethod: "PERIPHERAL" },
    ],
    incomingUsers: [],
  });
});

Deno.test("parseConfiguration() says place, key and what is allowed for each attribute", () => {
  const pattern =
    'a pattern of 1 to 255 printable ASCII characters without blanks, "/" and "=", and not mgmt';
  const redirect =
    'ADDRESS or ADDRESS:PORT, then "temp" or "perm", as in "10.0.0.2:3260 temp"; an IPv6 address stands in brackets';
  const digests = 'None, CRC32C, or both as in "CRC32C,None"';
  const table: [string, string][] = [
    ["enabled: on", '5:14: KEY must be true or false: current value is "on"'],
    [
      'alias: "a\\nb"',
      '5:12: KEY must be a text of 1 to 255 bytes without control characters: current value is "a\\nb"',
    ],
    [
      "addr_method: flat space",
      '5:18: KEY must be PERIPHERAL, FLAT or LUN: current value is "flat space"',
    ],
    [
      "allowed_portal: 10.0.0.1",
      `5:21: KEY must be a list, each item ${pattern}: current value is "10.0.0.1"`,
    ],
    ["allowed_portal: [a b]", `5:22: KEY[0] must be ${pattern}: current value is "a b"`],
    [
      "allowed_portal: [10.0.0.0/8]",
      `5:22: KEY[0] must be ${pattern}: current value is "10.0.0.0/8"`,
    ],
    [
      "allowed_portal: [fd::1, FD::1]",
      '5:29: KEY[1] must not be given twice: "fd::1" is also in line 5',
    ],
    ["per_portal_acl: 1", '5:21: KEY must be true or false: current value is "1"'],
    ["redirect: 10.0.0.2", `5:15: KEY must be ${redirect}: current value is "10.0.0.2"`],
    ["redirect: 10.0.0.2 now", `5:15: KEY must be ${redirect}: current value is "10.0.0.2 now"`],
    ["redirect: host temp", `5:15: KEY must be ${redirect}: current value is "host temp"`],
    [
      "redirect: 10.0.0.2:0 temp",
      `5:15: KEY must be ${redirect}: current value is "10.0.0.2:0 temp"`,
    ],
    [
      "redirect: 10.0.0.2 temp 1",
      `5:15: KEY must be ${redirect}: current value is "10.0.0.2 temp 1"`,
    ],
    ["InitialR2T: true", '5:17: KEY must be Yes or No: current value is "true"'],
    ["ImmediateData: yes", '5:20: KEY must be Yes or No: current value is "yes"'],
    ["HeaderDigest: crc32c", `5:19: KEY must be ${digests}: current value is "crc32c"`],
    ["DataDigest: None,None", `5:17: KEY must be ${digests}: current value is "None,None"`],
    ["DataDigest: None,", `5:17: KEY must be ${digests}: current value is "None,"`],
    ['DataDigest: ""', `5:17: KEY must be ${digests}: current value is ""`],
    ["ini_groups: [g]", "5:17: KEY must be a map: current value is a list"],
    [
      "ini_groups: {mgmt: {}}",
      '5:18: KEY.mgmt has a wrong key: it must be a name of 1 to 64 printable ASCII characters without blanks, "/" and "=", and not mgmt',
    ],
    [
      "ini_groups: {g: {initiators: [..]}}",
      `5:35: KEY.g.initiators[0] must be ${pattern}: current value is ".."`,
    ],
    [
      "ini_groups: {g: {initiator: [a]}}",
      "5:22: KEY.g.initiator is not a known key: did you mean initiators? allowed are initiators, luns, addr_method",
    ],
    [
      "ini_groups: {g: {initiators: [a, b, A]}}",
      '5:41: KEY.g.initiators[2] must not be given twice: "a" is also in line 5',
    ],
    [
      "ini_groups: {g: {luns: {0: e}}}",
      '5:32: KEY.g.luns.0 must name one of the devices: there is no device "e"; did you mean "d"?',
    ],
    [
      "luns: {0: {device: e}}",
      '5:24: KEY.0.device must name one of the devices: there is no device "e"; did you mean "d"?',
    ],
    [
      "luns: {0: {device: d, read_only: 1}}",
      '5:38: KEY.0.read_only must be true or false: current value is "1"',
    ],
    [
      "luns: {0: {readonly: true, device: d}}",
      "5:16: KEY.0.readonly is not a known key: did you mean read_only? allowed are device, read_only",
    ],
  ];
  for (const [line, problem] of table) {
    const key = line.slice(0, line.indexOf(":"));
    assert.deepEqual(problemsOf(line), [problem.replace("KEY", `${PATH}.${key}`)], line);
  }
});

Deno.test("parseConfiguration() takes numbers within the ranges of SCST", () => {
  const ranges: [string, number, number][] = [
    ["MaxSessions", 0, 65535],
    ["QueuedCommands", 1, 2048],
    ["RspTimeout", 2, 65535],
    ["NopInInterval", 0, 65535],
    ["NopInTimeout", 2, 65535],
    ["MaxRecvDataSegmentLength", 512, 1048576],
    ["MaxXmitDataSegmentLength", 512, 1048576],
    ["MaxBurstLength", 512, 1048576],
    ["FirstBurstLength", 512, 1048576],
    ["MaxOutstandingR2T", 1, 65535],
  ];
  for (const [key, least, most] of ranges) {
    for (const value of [least, most]) assert.deepEqual(problemsOf(`${key}: ${value}`), []);
    for (const value of [least - 1, most + 1, "0x200", "1.5", "ten"]) {
      const at = `5:${key.length + 7}`;
      const what = `must be a number from ${least} to ${most}: current value is "${value}"`;
      assert.deepEqual(problemsOf(`${key}: ${value}`), [`${at}: ${PATH}.${key} ${what}`]);
    }
  }
});

Deno.test("parseConfiguration() bounds lists of patterns", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `a${index}`);
  assert.deepEqual(problemsOf(`allowed_portal: [${many(64)}]`), []);
  assert.match(problemsOf(`allowed_portal: [${many(65)}]`)[0]!, /must have at most 64 items/);
  assert.deepEqual(problemsOf(`ini_groups: {g: {initiators: [${many(1024)}]}}`), []);
  assert.match(
    problemsOf(`ini_groups: {g: {initiators: [${many(1025)}]}}`)[0]!,
    /must have at most 1024 items/,
  );
});
