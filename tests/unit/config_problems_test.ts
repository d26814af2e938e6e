import assert from "node:assert/strict";
import { parseConfiguration } from "../../lib/config/configuration.ts";
import { ConfigError } from "../../lib/config/problem.ts";

/** The problems of `lines`, each without the name of the file. */
function problemsOf(...lines: string[]): readonly string[] {
  try {
    parseConfiguration(lines.join("\n"), "f.yaml");
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map((problem) => {
      assert.match(problem, /^f\.yaml:\d+:\d+: \S/);
      return problem.slice("f.yaml:".length);
    });
  }
  return [];
}

/** The problems of a device with `attributes`, which begin in line 4. */
function deviceProblems(...attributes: string[]): readonly string[] {
  const lines = attributes.map((attribute) => `    ${attribute}`);
  return problemsOf("portals: [127.0.0.1]", "devices:", "  d:", ...lines);
}

const KEYS =
  "handler, filename, blocksize, size, read_only, thin_provisioned, rotational, removable, write_through, nv_cache, o_direct, tst, expl_alua, naa_id, usn";

const TARGET_KEYS =
  "luns, ini_groups, enabled, rel_tgt_id, alias, addr_method, allowed_portal, aen_disabled, comment, per_portal_acl, redirect, MaxSessions, QueuedCommands, RspTimeout, NopInInterval, NopInTimeout, InitialR2T, ImmediateData, MaxRecvDataSegmentLength, MaxXmitDataSegmentLength, MaxBurstLength, FirstBurstLength, MaxOutstandingR2T, HeaderDigest, DataDigest, IncomingUser, OutgoingUser";

Deno.test("parseConfiguration() finds nothing wrong with a valid configuration", () => {
  assert.deepEqual(deviceProblems("handler: vdisk_nullio"), []);
  assert.deepEqual(problemsOf("portals: [127.0.0.1]", "targets: {iqn.2026-11.org.a: }"), []);
});

Deno.test("parseConfiguration() says place, key, fault and what is allowed for each attribute", () => {
  const size =
    "a number of bytes or a number with KiB, MiB, GiB or TiB, more than 0 and less than 8192TiB";
  const table: [string, string][] = [
    [
      "handler: nullio",
      '4:14: devices.d.handler must be vdisk_fileio, vdisk_blockio, vdisk_nullio, vdisk_ram or vcdrom: current value is "nullio"',
    ],
    [
      "filename: a.img",
      '4:15: devices.d.filename must be an absolute path: current value is "a.img"',
    ],
    ["filename: ", "4:15: devices.d.filename must be an absolute path: current value is empty"],
    ["filename: /", '4:15: devices.d.filename must be an absolute path: current value is "/"'],
    [
      'filename: "/a\\nb"',
      '4:15: devices.d.filename must be an absolute path: current value is "/a\\nb"',
    ],
    [
      "blocksize: 1000",
      '4:16: devices.d.blocksize must be a power of two from 512 to 65536: current value is "1000"',
    ],
    [
      "blocksize: 131072",
      '4:16: devices.d.blocksize must be a power of two from 512 to 65536: current value is "131072"',
    ],
    ["size: 0", `4:11: devices.d.size must be ${size}: current value is "0"`],
    [
      "size: 1GB",
      `4:11: devices.d.size must be ${size}: current value is "1GB"; decimal units are not taken, write 1GiB`,
    ],
    ["size: [1]", `4:11: devices.d.size must be ${size}: current value is a list`],
    [
      "size: 1000",
      "4:11: devices.d.size must be a multiple of the blocksize of 512 bytes: current value is 1000 bytes",
    ],
    ["read_only: yes", '4:16: devices.d.read_only must be true or false: current value is "yes"'],
    [
      "tst: 2",
      '4:10: devices.d.tst must be 0 (one task set for all initiators) or 1 (one for each): current value is "2"',
    ],
    ["rotational: 1", '4:17: devices.d.rotational must be true or false: current value is "1"'],
    [
      'thin_provisioned: "true"',
      '4:23: devices.d.thin_provisioned must be true or false: current value is "true"',
    ],
    [
      "naa_id: 0x5025c570000000000000000000000001",
      '4:13: devices.d.naa_id must be 32 hex digits of which the first is 6, or 16 of which the first is 2, 3 or 5, with or without 0x: current value is "0x5025c570000000000000000000000001"',
    ],
    [
      'usn: ""',
      '4:10: devices.d.usn must be 1 to 20 printable ASCII characters without a blank at either end: current value is ""',
    ],
    [
      "blocksze: 512",
      `4:5: devices.d.blocksze is not a known key: did you mean blocksize? allowed are ${KEYS}`,
    ],
    ["colour: red", `4:5: devices.d.colour is not a known key: allowed are ${KEYS}`],
  ];
  for (const [attribute, problem] of table) {
    const rest = attribute.startsWith("handler") ? "filename: /x" : "handler: vdisk_blockio";
    const others = attribute.startsWith("filename") || rest === "filename: /x"
      ? [rest]
      : [rest, "filename: /x"];
    assert.deepEqual(deviceProblems(attribute, ...others), [problem]);
  }
});

Deno.test("parseConfiguration() joins the handler with its file", () => {
  assert.deepEqual(deviceProblems("handler: vdisk_fileio"), [
    "3:3: devices.d.filename is missing: vdisk_fileio needs an absolute path",
  ]);
  assert.deepEqual(deviceProblems("handler: vdisk_nullio", "filename: /x"), [
    "5:15: devices.d.filename must not be there: vdisk_nullio has no file",
  ]);
  assert.deepEqual(deviceProblems("filename: /x"), ["4:5: devices.d.handler is missing"]);
});

Deno.test("parseConfiguration() lets a drive be empty, and have no attribute of disks", () => {
  const allowed = [
    "filename: /x.iso",
    "tst: 0",
    'naa_id: "6025c570000000000000000000000abc"',
    "usn: s",
  ];
  assert.deepEqual(deviceProblems("handler: vcdrom"), []);
  assert.deepEqual(deviceProblems("handler: vcdrom", ...allowed), []);
  const refused = {
    blocksize: 2048,
    size: "1MiB",
    read_only: true,
    thin_provisioned: false,
    rotational: true,
    removable: true,
    write_through: false,
    nv_cache: false,
    expl_alua: false,
  };
  for (const [key, value] of Object.entries(refused)) {
    assert.deepEqual(deviceProblems("handler: vcdrom", `${key}: ${value}`), [
      `5:${key.length + 7}: devices.d.${key} must not be there: ` +
      "the keys of a vcdrom are handler, filename, tst, pr_file_name, naa_id, eui64_id, usn, t10_dev_id, t10_vend_id, vend_specific_id, prod_id, prod_rev_lvl, scsi_device_name, inq_vend_specific",
    ]);
  }
});

Deno.test("parseConfiguration() lets those share a file that only read it", () => {
  const devices = (a: string, b: string) =>
    problemsOf(
      "portals: [127.0.0.1]",
      "devices:",
      `  a: {filename: /x.iso, handler: ${a}}`,
      `  b: {filename: /x.iso, handler: ${b}}`,
    ).length;
  assert.equal(devices("vcdrom", "vcdrom"), 0);
  assert.equal(devices("vcdrom", "vdisk_fileio"), 1);
  assert.equal(devices("vdisk_fileio", "vcdrom"), 1);
  const readOnly = "vdisk_fileio, read_only: true";
  assert.equal(devices(readOnly, "vcdrom"), 0);
  assert.equal(devices(readOnly, readOnly), 0);
  assert.equal(devices(readOnly, "vdisk_fileio"), 1);
});

Deno.test("parseConfiguration() takes o_direct with async, and where there is a page cache", () => {
  const file = ["handler: vdisk_fileio", "filename: /x"];
  assert.deepEqual(deviceProblems(...file, "o_direct: true", "async: 1"), []);
  assert.deepEqual(deviceProblems(...file, "o_direct: false"), []);
  const place = "6:15: devices.d.o_direct";
  for (const rest of [[], ["async: 0"]]) {
    assert.deepEqual(deviceProblems(...file, "o_direct: true", ...rest), [
      `${place} needs async: 1 beside it`,
    ]);
  }
  assert.deepEqual(deviceProblems("handler: vdisk_blockio", "filename: /x", "o_direct: true"), [
    `${place} must not be there: vdisk_blockio never goes through the page cache`,
  ]);
  assert.deepEqual(deviceProblems("handler: vdisk_nullio", "o_direct: true"), [
    "5:15: devices.d.o_direct must not be there: vdisk_nullio has no file",
  ]);
});

Deno.test("parseConfiguration() wants the size of a disk in memory, and nothing of files", () => {
  const sized = ["handler: vdisk_ram", "size: 1MiB"];
  assert.deepEqual(deviceProblems(...sized, "thin_provisioned: true", "expl_alua: true"), []);
  assert.deepEqual(deviceProblems("handler: vdisk_ram"), [
    "3:3: devices.d.size is missing: vdisk_ram has as many bytes as are said",
  ]);
  for (const key of ["filename: /x", "nv_cache: true", "write_through: true", "active: false"]) {
    const problems = deviceProblems(...sized, key);
    assert.match(
      problems.join(),
      /^6:\d+: devices\.d\.\w+ must not be there: the keys of a vdisk_ram/,
    );
  }
});

Deno.test("parseConfiguration() refuses a file or an identity that two devices share", () => {
  const naa = "6025c570000000000000000000000abc";
  const problems = problemsOf(
    "portals: [127.0.0.1]",
    "devices:",
    `  a: {handler: vdisk_fileio, filename: /x/y, naa_id: ${naa}, usn: s}`,
    `  b: {handler: vdisk_fileio, filename: /x/.//y, naa_id: 0x${naa.toUpperCase()}, usn: "s"}`,
  );
  assert.deepEqual(problems, [
    '4:40: devices.b.filename must be that of one device only: "/x/.//y" is that of devices.a in line 3',
    `4:57: devices.b.naa_id must be that of one device only: "${naa}" is that of devices.a in line 3`,
    '4:98: devices.b.usn must be that of one device only: "s" is that of devices.a in line 3',
  ]);
});

Deno.test("parseConfiguration() sees one file behind a link", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/a`, "");
    await Deno.symlink(`${dir}/a`, `${dir}/b`);
    await Deno.link(`${dir}/a`, `${dir}/c`);
    const problems = problemsOf(
      "portals: [127.0.0.1]",
      "devices:",
      ...["a", "b", "c"].map((name) =>
        `  ${name}: {handler: vdisk_fileio, filename: ${dir}/${name}}`
      ),
    );
    assert.deepEqual(problems.map((problem) => problem.slice(0, 4)), ["4:40", "5:40"]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("parseConfiguration() checks the names of devices and targets", () => {
  const problems = problemsOf(
    "portals: [127.0.0.1]",
    "devices:",
    "  a.b: {handler: vdisk_nullio}",
    "  a b: {handler: vdisk_nullio}",
    "targets:",
    "  iqn.2026-11.org.A: {}",
    "  disk: {}",
  );
  const name =
    'a name of 1 to 64 printable ASCII characters without blanks, "/", "." and "=", and not mgmt, type or trace_level';
  const iscsi =
    "an iSCSI name in lower case of at most 223 characters: iqn.YYYY-MM.REVERSED.DOMAIN[:ANYTHING], eui. and 16 hex digits, or naa. and 16 or 32 hex digits";
  assert.deepEqual(problems, [
    `3:3: devices["a.b"] has a wrong key: it must be ${name}`,
    `4:3: devices["a b"] has a wrong key: it must be ${name}`,
    `6:3: targets["iqn.2026-11.org.A"] has a wrong key: it must be ${iscsi}; write iqn.2026-11.org.a`,
    `7:3: targets.disk has a wrong key: it must be ${iscsi}`,
  ]);
});

Deno.test("parseConfiguration() checks LUN numbers and the devices they name", () => {
  const path = 'targets["iqn.2026-11.org.a"].luns';
  const problems = problemsOf(
    "portals: [127.0.0.1]",
    "devices: {disk1: {handler: vdisk_nullio}}",
    "targets:",
    "  iqn.2026-11.org.a:",
    "    luns:",
    "      0: disk1",
    "      16383: disk1",
    "      16384: disk1",
    "      -1: disk1",
    "      01: disk1",
    "      2: disk2",
    "      3:",
    "      4: {}",
    "      0: disk1",
    "      5: other",
  );
  const range = "has a wrong key: it must be a number from 0 to 16383";
  const unknown = "must name one of the devices: there is no device";
  assert.deepEqual(problems, [
    `8:7: ${path}.16384 ${range}`,
    `9:7: ${path}.-1 ${range}`,
    `10:7: ${path}.01 ${range}`,
    `11:10: ${path}.2 ${unknown} "disk2"; did you mean "disk1"?`,
    `12:9: ${path}.3 must be the name of a device: current value is empty`,
    `13:10: ${path}.4.device is missing`,
    `14:7: ${path}.0 is given twice: first in line 6`,
    `15:10: ${path}.5 ${unknown} "other"`,
  ]);
});

Deno.test("parseConfiguration() checks the portals", () => {
  const form =
    'must be ADDRESS or ADDRESS:PORT with an IPv4 address, or an IPv6 address in brackets, as in "127.0.0.1:3260" or "[::1]:3260"';
  const problems = problemsOf(
    "portals:",
    "  - localhost",
    '  - "[::1]"',
    '  - "[0::1]:3260"',
    "  - 0.0.0.0",
    "  - 10.0.0.1",
    "  - 10.0.0.1:0",
    "  - 10.0.0.1:0",
    "  -",
  );
  assert.deepEqual(problems, [
    `2:5: portals[0] ${form}: current value is "localhost"; host names are not looked up, write the address`,
    '4:5: portals[2] must not be given twice: "[::1]:3260" is also in line 3',
    '6:5: portals[4] must not overlap another portal: "10.0.0.1:3260" and "0.0.0.0:3260" in line 5',
    `9:4: portals[7] ${form}: current value is empty`,
  ]);
  const list = "must be a list of addresses, as in '- \"127.0.0.1:3260\"'";
  assert.deepEqual(problemsOf("portals: 127.0.0.1"), [
    `1:10: portals ${list}: current value is "127.0.0.1"`,
  ]);
  assert.deepEqual(problemsOf("portals: []"), [`1:10: portals ${list}: current value is empty`]);
  assert.deepEqual(problemsOf("devices: {}"), ["1:1: portals is missing"]);
  assert.deepEqual(problemsOf(`portals: [${"127.0.0.1:0, ".repeat(65)}]`), [
    "1:10: portals must have at most 64 items: it has 65",
  ]);
});

Deno.test("parseConfiguration() checks the attributes of the driver", () => {
  const keys =
    "enabled, link_local, internal_portal, iSNSServer, isns_entity_name, IncomingUser, OutgoingUser";
  const address = "an IPv4 or IPv6 address without a port";
  const table: [string, string[]][] = [
    ["{enabled: 1}", ['2:18: iscsi.enabled must be true or false: current value is "1"']],
    ["{link_local: }", ["2:21: iscsi.link_local must be true or false: current value is empty"]],
    ["{enable: true}", [
      `2:9: iscsi.enable is not a known key: did you mean enabled? allowed are ${keys}`,
    ]],
    ["[]", [`2:8: iscsi must be a map with keys of ${keys}: current value is a list`]],
    ["{internal_portal: 10.0.0.1}", [
      `2:26: iscsi.internal_portal must be a list, each item ${address}: current value is "10.0.0.1"`,
    ]],
    ["{internal_portal: [10.0.0.1:3260]}", [
      `2:27: iscsi.internal_portal[0] must be ${address}: current value is "10.0.0.1:3260"`,
    ]],
    [`{internal_portal: [${"::1, ".repeat(65)}]}`, [
      "2:26: iscsi.internal_portal must have at most 64 items: it has 65",
    ]],
    ["{internal_portal: , enabled: false, link_local: false}", []],
    ["", []],
  ];
  for (const [value, problems] of table) {
    assert.deepEqual(problemsOf("portals: [127.0.0.1]", `iscsi: ${value}`), problems, value);
  }
});

Deno.test("parseConfiguration() wants maps where maps belong", () => {
  const sections = "portals, devices, targets, device_groups, iscsi, scst";
  const table: [string, string[]][] = [
    ["", ["1:1: The configuration is empty: it needs at least portals"]],
    ["# nothing", ["1:1: The configuration is empty: it needs at least portals"]],
    ["- 1", [
      `1:1: The configuration must be a map with keys of ${sections}: current value is a list`,
    ]],
    ["text", [
      `1:1: The configuration must be a map with keys of ${sections}: current value is plain text`,
    ]],
    ["portals: [127.0.0.1]\ndevices: [a]", [
      "2:10: devices must be a map: current value is a list",
    ]],
    ["portals: [127.0.0.1]\ndevices: {a: b}", [
      `2:14: devices.a must be a map with keys of ${KEYS}: current value is plain text`,
    ]],
    ["portals: [127.0.0.1]\ntarget: {}", [
      `2:1: target is not a known key: did you mean targets? allowed are ${sections}`,
    ]],
    ["portals: [127.0.0.1]\ntargets: {iqn.2026-11.org.a: {lun: {}}}", [
      '2:31: targets["iqn.2026-11.org.a"].lun is not a known key: did you mean luns? allowed are ' +
      TARGET_KEYS,
    ]],
  ];
  for (const [text, problems] of table) assert.deepEqual(problemsOf(text), problems, text);
});

Deno.test("parseConfiguration() shows at most a hundred problems and counts the rest", () => {
  const lines = Array.from({ length: 250 }, (_, index) => `key${index}: 1`);
  let problems: readonly string[] = [];
  try {
    parseConfiguration(lines.join("\n"), "f.yaml");
  } catch (error) {
    problems = error instanceof ConfigError ? error.problems : [];
  }
  assert.equal(problems.length, 101);
  // 250 unknown keys, and portals that are missing.
  assert.equal(problems.at(-1), "f.yaml: 151 more problems are not shown");
});

Deno.test("parseConfiguration() shows no character that could steer a terminal", () => {
  const [problem = ""] = deviceProblems('handler: "\\e[31m\\u202e\\u009b"');
  assert.match(problem, /current value is "\\u001b\[31m\\u202e\\u009b"$/);
});
