/** Configurations that scstadmin's options are tested with, and command lines as words. */
import assert from "node:assert/strict";
import { type AdminResult, applyText, RecordedTree } from "./admin_call.ts";
import { TreeShell } from "./tree_shell.ts";

/** The target that they have. */
export const T = "iqn.2026-11.org.example:t";

/** Its directory. */
export const TARGET = `targets/iscsi/${T}`;

/** How its objects are found. */
export const AT = `-driver iscsi -target ${T}`;

/** A little of everything that options work on. */
export const START = `
HANDLER vdisk_nullio {
  DEVICE a
  DEVICE b
  DEVICE spare
}
HANDLER vcdrom {
  DEVICE cd
}
TARGET_DRIVER iscsi {
  enabled 1
  IncomingUser "finder 12charsecret"
  TARGET ${T} {
    IncomingUser "joe 12charsecret"
    LUN 0 a
    GROUP g {
      LUN 0 b
      INITIATOR iqn.x:*
    }
    GROUP empty
  }
}
DEVICE_GROUP dg {
  DEVICE a
  TARGET_GROUP tg {
    group_id 1
    TARGET ${T}
    TARGET remote {
      rel_tgt_id 7
    }
  }
}
DEVICE_GROUP empty
`;

/** One with attributes of all kinds of objects. */
export const FULL = `
setup_id 0x1234
HANDLER vdisk_nullio {
  DEVICE b {
    size_mb 10
    prod_id "a b"
  }
  DEVICE a
}
HANDLER vcdrom {
  DEVICE cd
}
TARGET_DRIVER iscsi {
  enabled 1
  IncomingUser "finder 12charsecret"
  TARGET ${T} {
    enabled 1
    IncomingUser "joe 12charsecret"
    HeaderDigest CRC32C,None
    LUN 1 b {
      read_only 1
    }
    LUN 0 a
    GROUP g {
      INITIATOR iqn.x:*
      LUN 0 cd
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
    TARGET remote {
      rel_tgt_id 11
    }
  }
}
`;

/** A tree with START. */
export async function started(): Promise<RecordedTree> {
  const tree = new RecordedTree();
  const { code, out } = await applyText(tree, START);
  assert.equal(code, 0, out);
  return tree;
}

/** Words, of which those in quotes may have blanks. */
export function words(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
}

/** Fails where scstadmin tells of a failure. */
export function checkWell({ code, out }: AdminResult): void {
  assert.equal(code, 0, out);
  assert.doesNotMatch(out, /failed|FATAL/);
}

/** A tree with vdisk_nullio devices of these names, and the target without anything. */
export async function withDisks(...names: string[]): Promise<TreeShell> {
  const shell = new TreeShell();
  for (const name of names) await shell.echo(`add_device ${name}`, "handlers/vdisk_nullio/mgmt");
  await shell.echo(`add_target ${T}`, "targets/iscsi/mgmt");
  return shell;
}
