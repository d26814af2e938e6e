/** Device groups and relative target port identifiers in the configuration: the model, and each mistake. */
import assert from "node:assert/strict";
import { parseConfiguration } from "../../lib/config/configuration.ts";
import { loadConfig } from "../../lib/config/load.ts";
import { ConfigError } from "../../lib/config/problem.ts";

const A = "iqn.2026-11.org.example:a";
const B = "iqn.2026-11.org.example:b";
const C = "iqn.2026-11.org.example:c";
const FAR = "iqn.2026-11.org.example:far";

const REMOTE = "one of another node needs its rel_tgt_id, as in NAME: {rel_tgt_id: 2}";

/** Lines 1 to 8. */
const HEAD = [
  "portals: [127.0.0.1]",
  "devices:",
  "  d1: {handler: vdisk_nullio}",
  "  d2: {handler: vdisk_nullio}",
  "targets:",
  `  ${A}: {luns: {0: d1, 1: d2}}`,
  `  ${B}: {luns: {0: d1, 1: d2}}`,
  "device_groups:",
];

/** The problems of HEAD with `lines` behind it, from line 9 on, without the name of the file. */
function problemsOf(...lines: string[]): string[] {
  try {
    parseConfiguration([...HEAD, ...lines].join("\n"), "f.yaml");
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map((problem) => problem.slice("f.yaml:".length));
  }
  return [];
}

/** The problems of a target group `tg` in lines 12 on, in the device group `dg` with d1. */
function groupProblems(...attributes: string[]): string[] {
  const lines = attributes.map((attribute) => `        ${attribute}`);
  return problemsOf("  dg:", "    target_groups:", "      tg:", ...lines);
}

/** The model of a configuration in a directory of its own. */
function load(lines: readonly string[]) {
  const dir = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${dir}/scst.yaml`, lines.join("\n"));
    return loadConfig(`${dir}/scst.yaml`, dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("loadConfig() builds device groups with the defaults of SCST", () => {
  const { deviceGroups } = load([
    ...HEAD,
    "  dg:",
    "    devices: [d2, d1]",
    "    target_groups:",
    "      here:",
    "        group_id: 1",
    `        targets: [${A}]`,
    "      there:",
    "        group_id: 65535",
    "        state: standby",
    "        preferred: true",
    "        targets:",
    `          ${B}:`,
    `          ${FAR}: {rel_tgt_id: 9}`,
    "  empty:",
  ]);
  assert.deepEqual(deviceGroups, [
    {
      name: "dg",
      devices: ["d2", "d1"],
      targetGroups: [
        {
          name: "here",
          groupId: 1,
          state: "active",
          preferred: false,
          targets: [{ name: A, relTgtId: 1, isRemote: false }],
        },
        {
          name: "there",
          groupId: 65535,
          state: "standby",
          preferred: true,
          targets: [
            { name: B, relTgtId: 2, isRemote: false },
            { name: FAR, relTgtId: 9, isRemote: true },
          ],
        },
      ],
    },
    { name: "empty", devices: [], targetGroups: [] },
  ]);
});

Deno.test("loadConfig() gives targets without rel_tgt_id the lowest that are free", () => {
  const { targets } = load([
    "portals: [127.0.0.1]",
    "targets:",
    `  ${A}: {}`,
    `  ${B}: {rel_tgt_id: 1}`,
    `  ${C}: `,
    "  iqn.2026-11.org.example:d: {rel_tgt_id: 65535}",
    "  iqn.2026-11.org.example:e: {}",
    "device_groups:",
    `  dg: {target_groups: {tg: {group_id: 1, targets: {${FAR}: {rel_tgt_id: 3}}}}}`,
  ]);
  assert.deepEqual(targets.map(({ relTgtId }) => relTgtId), [2, 1, 4, 65535, 5]);
});

Deno.test("parseConfiguration() says what is wrong with an attribute of a target group", () => {
  const keys = "group_id, state, preferred, targets";
  const id = "12:19: device_groups.dg.target_groups.tg.group_id must be a number from 0 to 65535";
  const states = "active, nonoptimized, standby, unavailable, offline or transitioning";
  const path = "device_groups.dg.target_groups.tg";
  const advice = `; did you mean "${A}"? ${REMOTE}`;
  const member =
    'a name of 1 to 223 printable ASCII characters without blanks, "/" and "=", and not mgmt, group_id, preferred or state';
  const list = "must be a list of names of targets, or a map with them as keys";
  const table: [string, string[]][] = [
    ["group_id: -1", [`${id}: current value is "-1"`]],
    ["group_id: 65536", [`${id}: current value is "65536"`]],
    ["group_id: 0x10", [`${id}: current value is "0x10"`]],
    ["group_id: ", [`${id}: current value is empty`]],
    ["state: Active", [`12:16: ${path}.state must be ${states}: current value is "Active"`]],
    ["preferred: 1", [`12:20: ${path}.preferred must be true or false: current value is "1"`]],
    ["prefered: true", [
      `12:9: ${path}.prefered is not a known key: did you mean preferred? allowed are ${keys}`,
    ]],
    ["targets: {}", [`12:18: ${path}.targets ${list}: current value is empty`]],
    ["targets: ", [`12:18: ${path}.targets ${list}: current value is empty`]],
    [`targets: ${A}`, [`12:18: ${path}.targets ${list}: current value is "${A}"`]],
    ["targets: [[]]", [
      `12:19: ${path}.targets[0] must be ${member}: current value is a list`,
    ]],
    ["targets: {..: {rel_tgt_id: 7}}", [
      `12:19: ${path}.targets[".."] has a wrong key: it must be ${member}`,
    ]],
    ['targets: [""]', [
      `12:19: ${path}.targets[0] must be ${member}: current value is ""`,
    ]],
    [`targets: [${Array(256).fill("x").join(", ")}]`, [
      `12:18: ${path}.targets must have at most 255 items: it has 256`,
    ]],
    [
      `targets: {${Array.from({ length: 256 }, (_, index) => `x${index}: `).join(", ")}}`,
      [`12:18: ${path}.targets must have at most 255 targets: it has 256`],
    ],
    [`targets: {${FAR}: {rel_tgt_id: 70000}}`, [
      `12:61: ${path}.targets["${FAR}"].rel_tgt_id must be a number from 1 to 65535: current value is "70000"`,
    ]],
    [`targets: {${FAR}: {rel_tgt: 7}}`, [
      `12:19: ${path}.targets must name targets: there is no target "${FAR}"${advice}`,
      `12:49: ${path}.targets["${FAR}"].rel_tgt is not a known key: did you mean rel_tgt_id? allowed are rel_tgt_id`,
    ]],
  ];
  const rest = ["group_id: 1", `targets: [${A}]`];
  for (const [attribute, problems] of table) {
    const [key = ""] = attribute.split(":");
    const others = rest.filter((line) => !line.startsWith(`${key}:`));
    assert.deepEqual(groupProblems(attribute, ...others), problems, attribute);
  }
  assert.deepEqual(groupProblems("state: active"), [
    `12:9: ${path}.group_id is missing`,
    `12:9: ${path}.targets is missing`,
  ]);
});

Deno.test("parseConfiguration() knows the devices and targets that device groups name", () => {
  const path = "device_groups.dg.target_groups.tg";
  const close = A.replace("example", "exampel");
  assert.deepEqual(problemsOf("  dg: {devices: [d1, d3, other]}"), [
    '9:22: device_groups.dg.devices must name devices: there is no device "d3"; did you mean "d1"?',
    '9:26: device_groups.dg.devices must name devices: there is no device "other"',
  ]);
  assert.deepEqual(groupProblems("group_id: 1", `targets: [x, ${close}]`), [
    `13:19: ${path}.targets must name targets: there is no target "x"; ${REMOTE}`,
    `13:22: ${path}.targets must name targets: there is no target "${close}"; did you mean "${A}"? ${REMOTE}`,
  ]);
  assert.deepEqual(groupProblems("group_id: 1", `targets: {${FAR}: }`), [
    `13:19: ${path}.targets must name targets: there is no target "${FAR}"; did you mean "${A}"? ${REMOTE}`,
  ]);
  assert.deepEqual(groupProblems("group_id: 1", `targets: {${A}: {rel_tgt_id: 7}}`), [
    `13:59: ${path}.targets["${A}"].rel_tgt_id must not be there: that of a target of this configuration is given where it is`,
  ]);
});

Deno.test("parseConfiguration() puts a device in one group, and a target in one group of each", () => {
  const problems = problemsOf(
    "  one:",
    "    devices: [d1, d1]",
    "    target_groups:",
    `      a: {group_id: 5, targets: [${A}, ${A}]}`,
    `      b: {group_id: 5, targets: {${B}: , ${A}: }}`,
    "  two:",
    "    devices: [d2, d1]",
    "    target_groups:",
    `      a: {group_id: 5, targets: [${A}]}`,
  );
  const one = "device_groups.one";
  assert.deepEqual(problems, [
    `10:19: ${one}.devices must have a device in one device group only: "d1" is also in ${one}.devices in line 10`,
    `12:61: ${one}.target_groups.a.targets must have a target in one target group only: "${A}" is also in ${one}.target_groups.a.targets in line 12`,
    `13:21: ${one}.target_groups.b.group_id must be that of one target group of the device group only: 5 is that of ${one}.target_groups.a in line 12`,
    `13:63: ${one}.target_groups.b.targets must have a target in one target group only: "${A}" is also in ${one}.target_groups.a.targets in line 12`,
    `15:19: device_groups.two.devices must have a device in one device group only: "d1" is also in ${one}.devices in line 10`,
  ]);
});

Deno.test("parseConfiguration() gives a relative target port identifier to one target", () => {
  const head = ["portals: [127.0.0.1]", "targets:"];
  const problems = (...lines: string[]) => {
    try {
      parseConfiguration([...head, ...lines].join("\n"), "f.yaml");
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.problems.map((problem) => problem.slice("f.yaml:".length));
    }
    return [];
  };
  const group = (name: string, rel: number) =>
    `  ${name}: {target_groups: {tg: {group_id: 1, targets: {${FAR}: {rel_tgt_id: ${rel}}}}}}`;
  const far = (name: string) => `device_groups.${name}.target_groups.tg.targets["${FAR}"]`;
  assert.deepEqual(problems(`  ${A}: {rel_tgt_id: 0}`), [
    `3:43: targets["${A}"].rel_tgt_id must be a number from 1 to 65535: current value is "0"`,
  ]);
  assert.deepEqual(problems(`  ${A}: {rel_tgt_id: 2}`, `  ${B}: {rel_tgt_id: 2}`), [
    `4:43: targets["${B}"].rel_tgt_id must be that of one target only: 2 is that of targets["${A}"] in line 3`,
  ]);
  assert.deepEqual(problems(`  ${A}: {rel_tgt_id: 2}`, "device_groups:", group("g", 2)), [
    `5:93: ${
      far("g")
    }.rel_tgt_id must be that of one target only: 2 is that of targets["${A}"] in line 3`,
  ]);
  assert.deepEqual(problems(`  ${A}: `, "device_groups:", group("g", 1), group("h", 1)), []);
  assert.deepEqual(problems(`  ${A}: `, "device_groups:", group("g", 1), group("h", 2)), [
    `6:93: ${
      far("h")
    }.rel_tgt_id must be the same wherever the target is named: 1 in line 5, here 2`,
  ]);
});

Deno.test("parseConfiguration() wants maps and lists where they belong in device groups", () => {
  const name =
    'a name of 1 to 64 printable ASCII characters without blanks, "/", "." and "=", and not mgmt';
  const table: [string[], string[]][] = [
    [["  [a]"], ["9:3: device_groups must be a map: current value is a list"]],
    [["  dg: x"], [
      "9:7: device_groups.dg must be a map with keys of devices, target_groups: current value is plain text",
    ]],
    [["  dg: {devices: d1}"], [
      '9:17: device_groups.dg.devices must be a list, each item the name of a device: current value is "d1"',
    ]],
    [["  dg: {target_groups: [a]}"], [
      "9:23: device_groups.dg.target_groups must be a map: current value is a list",
    ]],
    [["  a.b: {}"], [`9:3: device_groups["a.b"] has a wrong key: it must be ${name}`]],
  ];
  for (const [lines, problems] of table) assert.deepEqual(problemsOf(...lines), problems);
});
