/** SCST's configuration files as models, and models as SCST's configuration files. */
import assert from "node:assert/strict";
import { modelOfScstConf, scstConfOf } from "../../lib/admin/scst_conf.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { plainOf } from "../../lib/config/plain.ts";
import { yamlText } from "../../lib/config/yaml_text.ts";
import { runProgram } from "../harness/program.ts";
import { TreeShell } from "../harness/tree_shell.ts";

const T = "iqn.2026-11.org.example:t";

const TEXT = `# what an administrator of SCST has
setup_id 0x12
HANDLER vdisk_fileio {
	DEVICE disk1 {
		filename /srv/disk1.img
		nv_cache 1
		rotational 0
		pr_file_name /srv/pr/disk1
		prod_id "my disk"
	}
}
HANDLER vdisk_nullio {
	DEVICE null1 {
		blocksize 4096
	}
}
TARGET_DRIVER iscsi {
	enabled 1
	IncomingUser "joe of-the-discovery"
	TARGET ${T} {
		enabled 1
		rel_tgt_id 7
		IncomingUser "ann her own secret"
		allowed_portal 10.0.*
		MaxSessions 3
		HeaderDigest None
		LUN 0 disk1
		GROUP special {
			LUN 3 null1 {
				read_only 1
			}
			INITIATOR iqn.*:special
			INITIATOR !*:x
		}
	}
}
DEVICE_GROUP dg {
	DEVICE disk1
	TARGET_GROUP near {
		group_id 5
		state standby
		TARGET ${T}
	}
}
`;

async function withConf<T>(text: string, work: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile({ prefix: "scst_", suffix: ".conf" });
  try {
    await Deno.writeTextFile(path, text);
    return await work(path);
  } finally {
    await Deno.remove(path);
  }
}

const modelOf = (text: string) => withConf(text, (path) => modelOfScstConf(path, "/nonexistent"));

Deno.test("modelOfScstConf() takes everything over, and listens where SCST's daemon does", async () => {
  const model = await modelOf(TEXT);
  assert.deepEqual(model.portals, [{ hostname: "0.0.0.0", port: 3260 }]);
  assert.deepEqual(model.devices.map(({ name }) => name), ["disk1", "null1"]);
  assert.equal(model.devices[0]?.texts?.prodId, "my disk");
  assert.equal(model.setupId, 0x12);
  const [target] = model.targets;
  assert.equal(target?.relTgtId, 7);
  assert.deepEqual(target?.incomingUsers, [{ name: "ann", secret: "her own secret" }]);
  assert.deepEqual(target?.attributes.headerDigest, ["None"]);
  assert.deepEqual(target?.groups[0]?.luns, [{ lun: 3, device: "null1", readOnly: true }]);
  assert.deepEqual(model.deviceGroups[0]?.targetGroups[0]?.state, "standby");
});

Deno.test("scstConfOf() says what modelOfScstConf() reads, without loss", async () => {
  const model = await modelOf(TEXT);
  const again = await modelOf(await scstConfOf(model));
  const tree = (one: typeof model) => new TreeShell(undefined, one).find();
  assert.deepEqual(await tree(again), await tree(model));
  // The order of the patterns of a group, which makes no difference, is that of their names in it.
  const lines = (one: typeof model) => yamlText(plainOf(one)).split("\n").toSorted();
  assert.deepEqual(lines(again), lines(model));
});

Deno.test("scstConfOf() refuses what would be read otherwise than it is meant, and shows no secret", async () => {
  const model = await modelOf(TEXT);
  const [target, ...targets] = model.targets;
  assert(target !== undefined);
  const withUser = (name: string, secret: string) => ({
    ...model,
    targets: [{ ...target, incomingUsers: [{ name, secret }] }, ...targets],
  });
  await scstConfOf(withUser('"#{\\}', '=} " { # \\ secret'));
  await scstConfOf(withUser("ann", "secret=of=ann"));
  const withFile = (filename: string) => ({
    ...model,
    devices: model.devices.map((device) => device.filename ? { ...device, filename } : device),
  });
  await scstConfOf(withFile('/srv/#{1}".img'));
  const table: [typeof model, RegExp][] = [
    [
      withUser("a=b", "secret of a=b"),
      /^SCST's .* say this configuration: IncomingUser would be read as something else$/,
    ],
    [withFile("/srv/a=b.img"), /^SCST's .*: it: The device could not be opened: .*a=b\.img/],
    [withFile("/srv/a;b.img"), /^SCST's .*: it: /],
  ];
  for (const [one, fault] of table) {
    const error = await scstConfOf(one).catch((error) => error);
    assert(error instanceof ConfigError, `${error}`);
    assert.match(error.message, fault);
    assert.doesNotMatch(error.message, /secret of/);
  }
});

Deno.test("modelOfScstConf() says file, line and fault of what it cannot take", async () => {
  const table: [string, RegExp][] = [
    ["", /there is nothing in it/],
    ["HANDLER vdisk_fileio\n{\n}\n", /\.conf:2:1: /],
    ["HANDLER vdisk_nullio {\n\tDEVICE d {\n\t\tblocksize 513\n\t}\n}\n", /blocksize/],
    [`TARGET_DRIVER iscsi {\n\tTARGET ${T} {\n\t\tMaxSessions many\n\t}\n}\n`, /MaxSessions/],
  ];
  for (const [text, fault] of table) {
    const error = await modelOf(text).catch((error) => error);
    assert(error instanceof ConfigError, `${text}: ${error}`);
    assert.match(error.message, fault);
  }
});

Deno.test("scst export warns where the order of groups, which decides, would be another", () =>
  withConf("", async (path) => {
    const groups = (...names: string[]) => names.map((name) => `${name}: {}`).join(", ");
    const yaml = (names: string) =>
      `portals: [127.0.0.1]\ntargets: { ${T}: { ini_groups: { ${names} } } }\n`;
    const exported = async (names: string) => {
      await Deno.writeTextFile(path, yaml(names));
      const { code, stdout, stderr } = await runProgram([
        "export",
        path,
        "--state",
        "/nonexistent",
      ]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /GROUP a\n/);
      return stderr;
    };
    assert.match(await exported(groups("z", "a")), /^warning .* searched in the order z, a;/m);
    assert.equal(await exported(groups("a", "z")), "");
  }));
