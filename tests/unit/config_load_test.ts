import assert from "node:assert/strict";
import { loadConfig, readConfiguration } from "../../lib/config/load.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { TARGET_DEFAULTS } from "../../lib/scst/model.ts";

const NAA = "6025c5700000000000000000000000ff";

async function withConfig(
  lines: readonly string[],
  action: (path: string, state: string) => Promise<void> | void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/scst.yaml`, lines.join("\n"));
    await action(`${dir}/scst.yaml`, `${dir}/state`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("loadConfig() knows what a drive for CDs is like", () =>
  withConfig(["portals: [127.0.0.1]", "devices: {cd: {handler: vcdrom}}"], (path, state) => {
    const [device] = loadConfig(path, state).devices;
    const { handler, filename, blocksize, readOnly, removable } = device!;
    assert.deepEqual(
      { handler, filename, blocksize, readOnly, removable },
      { handler: "vcdrom", filename: undefined, blocksize: 2048, readOnly: true, removable: true },
    );
  }));

Deno.test("loadConfig() builds the model with the defaults of SCST", () =>
  withConfig([
    "portals:",
    "  - 127.0.0.1:0",
    '  - "[::1]"',
    "devices:",
    "  small:",
    "    handler: vdisk_nullio",
    `    naa_id: ${NAA}`,
    "    usn: 0012",
    "  big:",
    "    handler: vdisk_fileio",
    "    filename: /srv/big.img",
    "    blocksize: 4096",
    "    size: 1GiB",
    "    read_only: true",
    "    thin_provisioned: true",
    "    rotational: false",
    "    removable: true",
    "    lb_per_pb_exp: false",
    "    write_through: true",
    "    nv_cache: true",
    "    tst: 0",
    "    expl_alua: true",
    "    naa_id: 0x6025C570000000000000000000000001",
    '    usn: "b i g"',
    "targets:",
    "  iqn.2026-11.org.example:a:",
    "    luns:",
    "      1: big",
    "      0: small",
    "  iqn.2026-11.org.example:empty:",
    "iscsi:",
    "  link_local: false",
    '  internal_portal: [127.0.0.1, "0::1"]',
  ], (path, state) => {
    assert.deepEqual(loadConfig(path, state), {
      stateDir: state,
      driver: {
        enabled: true,
        linkLocal: false,
        internalPortals: ["127.0.0.1", "::1"],
        incomingUsers: [],
      },
      portals: [{ hostname: "127.0.0.1", port: 0 }, { hostname: "::1", port: 3260 }],
      devices: [
        {
          name: "small",
          handler: "vdisk_nullio",
          blocksize: 512,
          readOnly: false,
          thinProvisioned: false,
          rotational: true,
          removable: false,
          writeThrough: false,
          nvCache: false,
          tst: 1,
          explAlua: false,
          ids: { naaId: NAA, usn: "0012" },
        },
        {
          name: "big",
          handler: "vdisk_fileio",
          filename: "/srv/big.img",
          blocksize: 4096,
          size: 2 ** 30,
          readOnly: true,
          thinProvisioned: true,
          isProvisioningGiven: true,
          hidesPhysicalBlocks: true,
          rotational: false,
          removable: true,
          writeThrough: true,
          nvCache: true,
          tst: 0,
          explAlua: true,
          ids: { naaId: "6025c570000000000000000000000001", usn: "b i g" },
        },
      ],
      targets: [
        {
          name: "iqn.2026-11.org.example:a",
          relTgtId: 1,
          attributes: TARGET_DEFAULTS,
          luns: [
            { lun: 1, device: "big", readOnly: false },
            { lun: 0, device: "small", readOnly: false },
          ],
          groups: [],
          incomingUsers: [],
        },
        {
          name: "iqn.2026-11.org.example:empty",
          relTgtId: 2,
          attributes: TARGET_DEFAULTS,
          luns: [],
          groups: [],
          incomingUsers: [],
        },
      ],
      deviceGroups: [],
    });
    assert.throws(() => Deno.statSync(state), Deno.errors.NotFound);
  }));

Deno.test("loadConfig() saves missing ids and prefers those of the file", () =>
  withConfig(
    ["portals: [127.0.0.1]", "devices:", "  a: {handler: vdisk_nullio}"],
    (path, state) => {
      const made = loadConfig(path, state).devices[0]?.ids;
      assert.match(made?.naaId ?? "", /^6025c57[0-9a-f]{25}$/);
      assert.deepEqual(loadConfig(path, state).devices[0]?.ids, made);

      Deno.writeTextFileSync(
        path,
        `portals: [127.0.0.1]\ndevices:\n  b: {handler: vdisk_nullio}\n  a: {handler: vdisk_nullio, usn: mine}\n`,
      );
      const [b, a] = loadConfig(path, state).devices;
      assert.deepEqual(a?.ids, { naaId: made?.naaId, usn: "mine" });
      assert.notEqual(b?.ids.naaId, made?.naaId);
    },
  ));

Deno.test("loadConfig() refuses an id of the file that is the saved one of another device", () =>
  withConfig(
    ["portals: [127.0.0.1]", "devices:", "  a: {handler: vdisk_nullio}"],
    (path, state) => {
      const made = loadConfig(path, state).devices[0]?.ids;
      const other = `  b: {handler: vdisk_nullio, naa_id: 0x${made?.naaId}, usn: x}`;
      Deno.writeTextFileSync(path, `${Deno.readTextFileSync(path)}\n${other}\n`);
      assert.throws(() => loadConfig(path, state), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(error.problems, [
          `${path}:4:38: devices.b.naa_id must be that of one device only: it is the saved one of device a`,
        ]);
        return true;
      });
    },
  ));

Deno.test("readConfiguration() names the file it cannot read", () =>
  withConfig([], (path) => {
    assert.throws(() => readConfiguration(`${path}.none`), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.problems, [
        `Cannot read ${path}.none: there is no such file or directory`,
      ]);
      return true;
    });
  }));

Deno.test("readConfiguration() writes nothing", () =>
  withConfig(["portals: [127.0.0.1]", "devices: {a: {handler: vdisk_nullio}}"], (path) => {
    const dir = path.slice(0, path.lastIndexOf("/"));
    readConfiguration(path);
    assert.deepEqual([...Deno.readDirSync(dir)].map((entry) => entry.name), ["scst.yaml"]);
  }));
