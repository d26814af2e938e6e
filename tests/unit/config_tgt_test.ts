/** Configurations of tgt as ours: what is taken over, and what is said of the rest. */
import assert from "node:assert/strict";
import type { Imported } from "../../lib/config/foreign/draft.ts";
import { importForeign } from "../../lib/config/foreign/import.ts";
import { importTgt } from "../../lib/config/foreign/tgt.ts";
import type { PlainMap } from "../../lib/config/plain.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { A, B, part, yamlOf } from "../harness/imported.ts";

function tgt(text: string, files: Record<string, string> = {}): Imported {
  return importTgt(text, "t.conf", (pattern) => [{ path: pattern, text: files[pattern]! }]);
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
