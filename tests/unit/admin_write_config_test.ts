/** scstadmin's -write_config and -clear_config over SCST's tree. */
import assert from "node:assert/strict";
import { admin, applyText, changesOf, RecordedTree, writtenText } from "../harness/admin_call.ts";
import { checkWell, FULL, T } from "../harness/admin_examples.ts";

Deno.test("what -write_config writes brings the same back on an empty server", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const saved = await writtenText(tree);
  const other = new RecordedTree();
  checkWell(await applyText(other, saved));
  assert.equal(await writtenText(other), saved);
  assert.equal(changesOf(await applyText(other, saved, "-force")), 0);
  assert.equal(
    saved,
    `# Written by scst admin -write_config

setup_id 0x1234

HANDLER vcdrom {
	DEVICE cd
}

HANDLER vdisk_nullio {
	DEVICE a
	DEVICE b {
		prod_id "a b"
		size 10485760
	}
}

TARGET_DRIVER copy_manager {
	TARGET copy_manager_tgt {
		LUN 0 cd
		LUN 1 a
		LUN 2 b
	}
}

TARGET_DRIVER iscsi {
	IncomingUser "finder 12charsecret"
	enabled 1

	TARGET ${T} {
		IncomingUser "joe 12charsecret"
		enabled 1
		rel_tgt_id 1

		LUN 0 a
		LUN 1 b {
			read_only 1
		}

		GROUP g {
			LUN 0 cd {
				read_only 1
			}

			INITIATOR iqn.x:*

			addr_method FLAT
		}
	}
}

DEVICE_GROUP dg {
	DEVICE a

	TARGET_GROUP here {
		group_id 1
		state nonoptimized

		TARGET ${T}
	}

	TARGET_GROUP there {
		group_id 2
		preferred 1
		state active

		TARGET remote {
			rel_tgt_id 11
		}
	}
}
`,
  );
});

Deno.test("-write_config -nonkey writes attributes at their defaults behind a remark, and can be read", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const text = await writtenText(tree, "-nonkey");
  assert.match(text, /^\t\t# Non-key attributes\n(?:\t\t\S.*\n)*\t\tQueuedCommands 32\n/m);
  assert.doesNotMatch(text, /trace_level|\bmgmt\b/);
  assert.ok(!(await writtenText(tree)).includes("QueuedCommands"));
});

Deno.test("-write_config tells when the order of groups, which decides, is not that of their names", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const place = ["-driver", "iscsi", "-target", T];
  await admin(tree, ["-add_group", "a", ...place]);
  const { out } = await admin(tree, ["-write_config", "out"]);
  assert.match(
    out,
    /WARNING: The groups of target '.*' are searched in the order g, a;.* names, a, g\./,
  );
});

Deno.test("-clear_config removes everything, and needs -force", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const refused = await admin(tree, ["-clear_config", "-noprompt"]);
  assert.equal(refused.code, 1);
  assert.equal(refused.out, "-clear_config needs -force as well.\n");
  assert.deepEqual(refused.writes, []);
  const result = await admin(tree, ["-clear_config", "-force", "-noprompt"]);
  checkWell(result);
  assert.deepEqual(result.writes, [
    "device_groups/dg/target_groups/mgmt <- del here",
    "device_groups/dg/target_groups/mgmt <- del there",
    "device_groups/dg/devices/mgmt <- del a",
    "device_groups/mgmt <- del dg",
    `targets/iscsi/${T}/ini_groups/g/initiators/mgmt <- clear`,
    `targets/iscsi/${T}/ini_groups/g/luns/mgmt <- clear`,
    `targets/iscsi/${T}/ini_groups/mgmt <- del g`,
    `targets/iscsi/${T}/luns/mgmt <- clear`,
    `targets/iscsi/${T}/enabled <- 0`,
    `targets/iscsi/mgmt <- del_target ${T}`,
    "targets/iscsi/mgmt <- del_attribute IncomingUser finder 12charsecret",
    "handlers/vcdrom/mgmt <- del_device cd",
    "handlers/vdisk_nullio/mgmt <- del_device a",
    "handlers/vdisk_nullio/mgmt <- del_device b",
    "targets/iscsi/enabled <- 0\\n",
  ]);
  assert.doesNotMatch(await writtenText(tree), /HANDLER|LUN|DEVICE_GROUP|IncomingUser/);
});
