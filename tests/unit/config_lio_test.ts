/** Configurations of LIO as ours: what is taken over, and what is said of the rest. */
import assert from "node:assert/strict";
import type { Imported } from "../../lib/config/foreign/draft.ts";
import { importLio } from "../../lib/config/foreign/lio.ts";
import type { PlainMap } from "../../lib/config/plain.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { A, B, part, yamlOf } from "../harness/imported.ts";

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
