/** Configurations of tgt and of LIO as ours: what is taken over, and what is said of the rest. */
import assert from "node:assert/strict";
import { parseConfiguration } from "../../lib/config/configuration.ts";
import type { Imported } from "../../lib/config/foreign/draft.ts";
import { importForeign } from "../../lib/config/foreign/import.ts";
import { importLio } from "../../lib/config/foreign/lio.ts";
import { importTgt } from "../../lib/config/foreign/tgt.ts";
import type { PlainMap } from "../../lib/config/plain.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { yamlText } from "../../lib/config/yaml_text.ts";

const A = "iqn.2026-11.org.example:a";
const B = "iqn.2026-11.org.example:b";

function tgt(text: string, files: Record<string, string> = {}): Imported {
  return importTgt(text, "t.conf", (pattern) => [{ path: pattern, text: files[pattern]! }]);
}

/** The YAML of an import, which has to be valid. */
function yamlOf({ plain }: Imported): string {
  const text = yamlText(plain);
  parseConfiguration(text, "imported.yaml");
  return text;
}

function part({ plain }: Imported, ...path: string[]): unknown {
  return path.reduce<unknown>((map, key) => (map as PlainMap).get(key), plain);
}

Deno.test("importTgt() numbers targets by their names and LUNs by their paths, as tgt-admin does", () => {
  const imported = tgt(`
    <target ${B}>
      direct-store /dev/sdz      # behind the backing stores
      backing-store /srv/two.img
      backing-store "/srv/one.img"
      vendor_id ACME
    </target>
    <target ${A}>
      <backing-store /srv/eighteen.raw>
        lun 2
        write-cache off
        block-size 4096
        scsi_sn S1
      </backing-store>
      <backing-store /srv/rest.raw>
        readonly 1
      </backing-store>
    </target>`);
  assert.equal(
    yamlOf(imported),
    `portals:
  - 0.0.0.0:3260
devices:
  eighteen:
    handler: vdisk_fileio
    filename: /srv/eighteen.raw
    blocksize: "4096"
    write_through: true
    naa_id: "0x60000000000000000e00000000010002"
    t10_dev_id: "00010002"
    t10_vend_id: IET
    prod_id: VIRTUAL-DISK
    prod_rev_lvl: "0001"
    usn: S1
  rest:
    handler: vdisk_fileio
    filename: /srv/rest.raw
    read_only: true
    naa_id: "0x60000000000000000e00000000010001"
    t10_dev_id: "00010001"
    t10_vend_id: IET
    prod_id: VIRTUAL-DISK
    prod_rev_lvl: "0001"
    usn: beaf11
  one:
    handler: vdisk_fileio
    filename: /srv/one.img
    naa_id: "0x60000000000000000e00000000020001"
    t10_dev_id: "00020001"
    t10_vend_id: ACME
    prod_id: VIRTUAL-DISK
    prod_rev_lvl: "0001"
    usn: beaf21
  two:
    handler: vdisk_fileio
    filename: /srv/two.img
    naa_id: "0x60000000000000000e00000000020002"
    t10_dev_id: "00020002"
    t10_vend_id: ACME
    prod_id: VIRTUAL-DISK
    prod_rev_lvl: "0001"
    usn: beaf22
  sdz:
    handler: vdisk_fileio
    filename: /dev/sdz
    naa_id: "0x60000000000000000e00000000020003"
    t10_dev_id: "00020003"
    t10_vend_id: ACME
    prod_id: VIRTUAL-DISK
    prod_rev_lvl: "0001"
    usn: beaf23
targets:
  ${A}:
    luns:
      "1": rest
      "2": eighteen
  ${B}:
    luns:
      "1": one
      "2": two
      "3": sdz
`,
  );
  assert.deepEqual(imported.warnings, [
    "t.conf:3: the names of /dev/sdz are not read: give them, where they matter",
  ]);
});

Deno.test("importTgt() lets nobody in whom tgt keeps out", () => {
  const imported = tgt(`
    <target ${A}>
      backing-store /srv/a.img
      initiator-name iqn.1993-08.org.debian:01:x
      incominguser joe joessecret1234
      incominguser ann annssecret1234
      outgoinguser tgt targetsecret99
    </target>
    <target ${B}>
      backing-store /srv/a.img
      initiator-address 10.0.0.1
    </target>`);
  yamlOf(imported);
  assert.deepEqual(part(imported, "targets", A, "luns"), new Map());
  const group = new Map<string, unknown>([
    ["initiators", ["iqn.1993-08.org.debian:01:x"]],
    ["luns", new Map([["1", "a"]])],
  ]);
  assert.deepEqual(part(imported, "targets", A, "ini_groups"), new Map([["imported", group]]));
  const users = new Map([["joe", "joessecret1234"], ["ann", "annssecret1234"]]);
  assert.deepEqual(part(imported, "targets", A, "IncomingUser"), users);
  assert.equal(part(imported, "targets", B, "enabled"), false);
  assert.match(
    imported.warnings.join("\n"),
    /t\.conf:11: target \S+:b is not enabled: .*addresses/,
  );
  assert.match(imported.warnings.join("\n"), /\/srv\/a\.img is one device, a, /);
  assert.deepEqual(part(imported, "targets", B, "luns"), new Map([["1", "a"]]));
});

Deno.test("importTgt() reads what is included, discovery and iSNS, and names what it leaves out", () => {
  const main = `
    default-driver iscsi
    incomingdiscoveryuser disco discosecret12
    iSNS On
    iSNSServerIP 10.0.0.9
    iSNSAccessControl On
    <target ${A}>
      include more
      driver iscsi
    </target>
    <target ${B}>
      driver iser
    </target>`;
  const more = `
    <backing-store /srv/a.img>
      params x=\\
        y
    </backing-store>
    <backing-store pool/image>
      bs-type rbd
    </backing-store>
    <backing-store /srv/cd.iso>
      device-type cd
    </backing-store>
    nop_interval 5`;
  const imported = tgt(main, { more });
  yamlOf(imported);
  assert.deepEqual(part(imported, "targets", A, "luns"), new Map([["1", "a"], ["2", "cd"]]));
  assert.equal(part(imported, "devices", "cd", "handler"), "vcdrom");
  assert.equal(part(imported, "iscsi", "iSNSServer"), "10.0.0.9 AccessControl");
  assert.deepEqual(
    part(imported, "iscsi", "IncomingUser"),
    new Map([["disco", "discosecret12"]]),
  );
  assert.deepEqual(imported.warnings, [
    "more:12: nop_interval is left out",
    "more:3: params is left out",
    "more:6: LUN 3 (pool/image) is left out: scst has no bs-type rbd",
    `t.conf:11: target ${B} is left out: its driver is iser`,
  ]);
});

Deno.test("importTgt() says where its text is broken", () => {
  const wrong: [string, RegExp][] = [
    ["default-driver iscsi", /^t\.conf: there is no <target \.\.\.> in it$/],
    ["\n<target a>\n", /^t\.conf:2: <target> is never ended$/],
    ["<target a>\n</backing-store>\n", /^t\.conf:2: "<\/backing-store>" ends nothing/],
    ["</target>", /^t\.conf:1: .* ends nothing/],
    ["<target a\nx", /^t\.conf:1: "<target a" is neither a tag nor a setting$/],
    ["include loop", /too many files include each other$/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(
      () => tgt(text, { loop: "include loop" }),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  }
});

const WWN = "f7a06ec4-1e41-4e2e-a4b5-0123456789ab";

function lio(changes: Record<string, unknown> = {}, group: Record<string, unknown> = {}): Imported {
  return importLio(
    JSON.stringify({
      fabric_modules: [{
        name: "iscsi",
        discovery_enable_auth: true,
        discovery_userid: "disco",
        discovery_password: "discosecret12",
        discovery_mutual_userid: "",
        discovery_mutual_password: "",
      }],
      storage_objects: [
        {
          name: "disk.one",
          plugin: "fileio",
          dev: "/srv/one.img",
          write_back: false,
          wwn: WWN,
          size: 1048576,
          attributes: { block_size: 512, emulate_tpu: 1, is_nonrot: 1 },
        },
        { name: "two", plugin: "block", dev: "/dev/vg/two", wwn: "", attributes: {} },
        { name: "none", plugin: "ramdisk", nullio: true, size: 4194304 },
        { name: "ram", plugin: "ramdisk", size: 4194304 },
        { name: "scsi", plugin: "pscsi", dev: "/dev/sg0" },
      ],
      targets: [{
        fabric: "iscsi",
        wwn: A,
        tpgs: [{
          tag: 1,
          enable: true,
          attributes: { authentication: 0, generate_node_acls: 0 },
          parameters: { HeaderDigest: "CRC32C,None", DataDigest: "CRC32C" },
          portals: [{ ip_address: "::0", port: 3260 }, { ip_address: "10.0.0.1", port: 3260 }],
          luns: [
            { index: 0, storage_object: "/backstores/fileio/disk.one" },
            { index: 1, storage_object: "/backstores/block/two" },
            { index: 2, storage_object: "/backstores/pscsi/scsi" },
          ],
          node_acls: [{
            node_wwn: "iqn.1993-08.org.debian:01:x",
            mapped_luns: [
              { index: 5, tpg_lun: 0, write_protect: true },
              { index: 6, tpg_lun: 1, write_protect: false },
            ],
          }],
          ...group,
        }],
      }, { fabric: "vhost", wwn: "naa.1" }],
      ...changes,
    }),
    "s.json",
  );
}

Deno.test("importLio() keeps the names of disks, LUN numbers of each initiator, portals and caches", () => {
  const imported = lio();
  assert.equal(
    yamlOf(imported),
    `portals:
  - "[::]:3260"
devices:
  disk_one:
    handler: vdisk_fileio
    filename: /srv/one.img
    write_through: true
    thin_provisioned: true
    rotational: false
    naa_id: "0x6001405f7a06ec41e414e2ea4b501234"
    usn: f7a06ec41e414e2ea4b5
    t10_vend_id: LIO-ORG
    prod_id: disk.one
  two:
    handler: vdisk_blockio
    filename: /dev/vg/two
  none:
    handler: vdisk_nullio
    size: "4194304"
  ram:
    handler: vdisk_ram
    size: "4194304"
targets:
  ${A}:
    DataDigest: CRC32C
    luns: {}
    ini_groups:
      iqn.1993-08.org.debian:01:x:
        initiators:
          - iqn.1993-08.org.debian:01:x
        luns:
          "5":
            device: disk_one
            read_only: true
          "6": two
iscsi:
  IncomingUser:
    disco: discosecret12
`,
  );
  assert.deepEqual(imported.warnings, [
    's.json: storage_objects[4]: "scsi" is left out: scst has no pscsi storage',
    's.json: targets[0].tpgs[0].luns[2]: LUN 2 is left out: there is no "/backstores/pscsi/scsi" here',
    's.json: targets[1]: target "naa.1" is left out: its fabric is vhost',
  ]);
});

Deno.test("importLio() takes demo mode and users over, and keeps shut what LIO keeps shut", () => {
  const demo = lio({}, { attributes: { generate_node_acls: 1 }, node_acls: [] });
  const readOnly = new Map<string, unknown>([["device", "two"], ["read_only", true]]);
  assert.deepEqual((part(demo, "targets", A, "luns") as PlainMap).get("1"), readOnly);
  const free = { generate_node_acls: "1", demo_mode_write_protect: "0" };
  assert.equal(part(lio({}, { attributes: free }), "targets", A, "luns", "1"), "two");
  const guarded = lio({}, {
    attributes: { authentication: 1 },
    node_acls: [{
      node_wwn: "iqn.x:1",
      chap_userid: "joe",
      chap_password: "joessecret1234",
      chap_mutual_userid: "tgt",
      chap_mutual_password: "targetsecret99",
    }],
  });
  assert.deepEqual(
    part(guarded, "targets", A, "IncomingUser"),
    new Map([["joe", "joessecret1234"]]),
  );
  assert.deepEqual(
    part(guarded, "targets", A, "OutgoingUser"),
    new Map([["tgt", "targetsecret99"]]),
  );
  const shut = lio({}, { attributes: { authentication: 1 } });
  assert.equal(part(shut, "targets", A, "enabled"), false);
  assert.match(shut.warnings.join("\n"), /is not enabled: it asks for authentication/);
  assert.equal(part(lio({}, { enable: false }), "targets", A, "enabled"), false);
});

Deno.test("importLio() says what is no configuration of LIO", () => {
  const wrong: [string, RegExp][] = [
    ["{", /^s\.json(:1)?: it is not JSON$/],
    ["{}\n\n[]", /^s\.json:3: it is not JSON$/],
    ['{"chap_password": "known to nobody", oops}', /^s\.json(:1)?: it is not JSON$/],
    ["[]", /^s\.json: it must be an object$/],
    ['{"targets": 5}', /^s\.json: targets must be a list$/],
    ['{"targets": [5]}', /^s\.json: targets\[0\] must be an object$/],
    [
      '{"targets": [{"fabric": "iscsi", "wwn": "iqn.x", "tpgs": [{"luns": [{"index": -1}]}]}]}',
      /^s\.json: targets\[0\]\.tpgs\[0\]\.luns\[0\]\.index must be a whole number$/,
    ],
  ];
  for (const [text, message] of wrong) {
    assert.throws(
      () => importLio(text, "s.json"),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  }
});

Deno.test("importForeign() knows a file by its text, and reads what it includes", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const write = (name: string, text: string) => {
      Deno.writeTextFileSync(`${dir}/${name}`, text);
      return `${dir}/${name}`;
    };
    Deno.mkdirSync(`${dir}/conf.d`);
    write("conf.d/b.conf", `<target ${B}>\n</target>\n`);
    write("conf.d/a.conf", `<target ${A}>\n</target>\n`);
    write("conf.d/a.conf.orig", "<target iqn.x>\n");
    const targets = (
      imported: Imported | undefined,
    ) => [...(part(imported!, "targets") as PlainMap).keys()];
    const found = importForeign(write("targets.conf", `include ${dir}/conf.d/*.conf\n`));
    assert.deepEqual(targets(found), [A, B]);
    assert.deepEqual(
      targets(
        importForeign(
          write("x", '\n{"targets": [{"fabric": "iscsi", "wwn": "iqn.x:y", "tpgs": [{}]}]}'),
        ),
      ),
      ["iqn.x:y"],
    );
    assert.equal(importForeign(write("scst.conf", "TARGET_DRIVER iscsi {\n}\n")), undefined);
    assert.throws(() => importForeign(`${dir}/none`), ConfigError);
    assert.throws(() => importForeign(write("bad.conf", `include ${dir}/none\n`)), ConfigError);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("of two LUNs that tgtd gives the same serial number, one has another, and that is said", () => {
  const stores = (count: number) =>
    Array.from(
      { length: count },
      (_, index) => `backing-store /srv/${index.toString().padStart(2, "0")}.img`,
    );
  const imported = tgt(`
    <target ${A}>
      ${stores(11).join("\n      ")}
    </target>
    <target ${B}>
      controller_tid 11
      backing-store /srv/eleven.img
      <backing-store /srv/said.img>
        scsi_sn a-number-of-20-chars
      </backing-store>
      <backing-store /srv/said_too.img>
        scsi_sn a-number-of-20-chars
      </backing-store>
    </target>`);
  yamlOf(imported);
  const usn = (device: string) => part(imported, "devices", device, "usn");
  assert.deepEqual([usn("10"), usn("eleven")], ["beaf111", "beaf111-2"]);
  assert.deepEqual([usn("said"), usn("said_too")], ["a-number-of-20-chars", "a-number-of-20--2"]);
  assert.deepEqual(imported.warnings, [
    "device eleven has the usn beaf111, as device 10 has: initiators would take the two for one, and it has beaf111-2 now",
    "device said_too has the usn a-number-of-20-chars, as device said has: initiators would take the two for one, and it has a-number-of-20--2 now",
  ]);
});

Deno.test("importTgt() takes parts of a target together, and a LUN number that is said for all its stores", () => {
  const imported = tgt(`
    <target ${B.toUpperCase().replace("IQN", "iqn")}>
      backing-store /srv/b.img
      backing-store /srv/c.img
      lun 5
    </target>
    <target ${A}>
      backing-store /srv/a.img
      incominguser joe "abcdefghijkl" and more
      incominguser ann 'mnopqrstuvwx'
    </target>
    <target ${A}>
      backing-store /srv/0.img
      <direct-store /srv/9.img>
        lun 7
      </direct-store>
      outgoinguser us "yyyyyyyyyyyy"
    </target>`);
  yamlOf(imported);
  assert.deepEqual([...part(imported, "targets", A, "luns") as PlainMap], [
    ["1", "0"],
    ["2", "a"],
    ["7", "9"],
  ]);
  assert.deepEqual([...part(imported, "targets", A, "IncomingUser") as PlainMap], [
    ["joe", "abcdefghijkl"],
    ["ann", "mnopqrstuvwx"],
  ]);
  assert.deepEqual([...part(imported, "targets", A, "OutgoingUser") as PlainMap], [
    ["us", "yyyyyyyyyyyy"],
  ]);
  // Names are compared in lower case, so that initiators find it as before.
  assert.deepEqual([...part(imported, "targets", B, "luns") as PlainMap], [["5", "b"]]);
  const told = imported.warnings.filter((line) => !line.includes("names of /srv/9.img"));
  assert.deepEqual(told, [
    "t.conf:4: LUN 5 (/srv/c.img) is left out, as tgtd does: another store has that number",
  ]);
});

Deno.test("an import cuts texts for which there is no room, and says so", () => {
  const imported = tgt(`
    <target ${A}>
      <backing-store /srv/a.img>
        scsi_sn abcdefghijklmnopqrstuvwxyz
        vendor_id MyCompany Inc.
        product_id Product number one
        product_rev 12345
      </backing-store>
    </target>`);
  assert.match(
    yamlOf(imported),
    /t10_vend_id: MyCompan\n {4}prod_id: Product number o\n {4}prod_rev_lvl: "1234"\n {4}usn: abcdefghijklmnopqrst\n/,
  );
  assert.deepEqual(imported.warnings, [
    "device a has the usn abcdefghijklmnopqrst: there is no room for all of abcdefghijklmnopqrstuvwxyz",
    "device a has the t10_vend_id MyCompan: there is no room for all of MyCompany Inc.",
    "device a has the prod_id Product number o: there is no room for all of Product number one",
    "device a has the prod_rev_lvl 1234: there is no room for all of 12345",
  ]);
});

Deno.test("importTgt() reads includes in each of their forms, of directories too", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_foreign_" });
  try {
    await Deno.mkdir(`${dir}/parts`);
    await Deno.writeTextFile(
      `${dir}/parts/a`,
      `<target ${A}>\nbacking-store /srv/a.img\n</target>\n`,
    );
    await Deno.writeTextFile(`${dir}/parts/b`, `<target ${B}>\n</target>\n`);
    const forms = ["include DIR/parts", "Include DIR/parts/", "<<include DIR/parts/*>>"];
    for (const form of forms) {
      await Deno.writeTextFile(`${dir}/targets.conf`, `# none here\n${form.replace("DIR", dir)}\n`);
      const imported = importForeign(`${dir}/targets.conf`);
      assert.ok(imported !== undefined, form);
      assert.deepEqual([...(part(imported, "targets") as PlainMap).keys()], [A, B], form);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("importLio() takes long names of initiators, names in capitals and aliases, and names what it loses", () => {
  const long = `iqn.1991-05.com.microsoft:${"server.department.".repeat(3)}example.com`;
  const acl = (node_wwn: string) => ({ node_wwn, mapped_luns: [{ index: 0, tpg_lun: 0 }] });
  const imported = importLio(
    JSON.stringify({
      storage_objects: [{
        plugin: "fileio",
        name: "d",
        dev: "/srv/d.img",
        write_back: true,
        alua_tpgs: [{ name: "default_tg_pt_gp" }, { name: "standby", alua_access_state: 2 }],
      }],
      targets: [{
        fabric: "iscsi",
        wwn: `${A.slice(0, -1)}A`,
        tpgs: [{
          enable: true,
          parameters: { TargetAlias: "the disks" },
          luns: [{ index: 0, storage_object: "/backstores/fileio/d" }],
          portals: [{ ip_address: "10.0.0.1", port: 3260, iser: true }],
          node_acls: [acl(`${long}1`), acl(`${long}2`)],
        }],
      }, {
        fabric: "iscsi",
        wwn: B,
        tpgs: [{ enable: true, parameters: { TargetAlias: "LIO Target" }, luns: [], portals: [] }],
      }],
    }),
    "l.json",
  );
  yamlOf(imported);
  assert.equal(part(imported, "targets", A, "alias"), "the disks");
  assert.equal(part(imported, "targets", B, "alias"), undefined);
  const groups = [...part(imported, "targets", A, "ini_groups") as PlainMap];
  assert.deepEqual(groups.map(([, group]) => (group as PlainMap).get("initiators")), [
    [`${long}1`],
    [`${long}2`],
  ]);
  assert.equal(new Set(groups.map(([name]) => name)).size, 2);
  assert.deepEqual(imported.warnings, [
    'l.json: storage_objects[0].alua_tpgs[1]: the ALUA group "standby" of "d" is left out: device_groups say the like here',
    `l.json: targets[0].tpgs[0].portals[0]: this portal of ${A} is for iSER there, and for TCP here`,
  ]);
});
