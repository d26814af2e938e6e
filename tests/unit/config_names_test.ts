import assert from "node:assert/strict";
import type { ScalarRule } from "../../lib/config/attribute.ts";
import { EUI64_ID, isUsn, NAA_ID } from "../../lib/config/device_ids.ts";
import {
  iscsiNameHint,
  isDeviceGroupName,
  isDeviceName,
  isIscsiName,
  isMemberName,
} from "../../lib/config/names.ts";
import { nearestWord } from "../../lib/config/nearest.ts";

Deno.test("isDeviceName() keeps to the names of SCST", () => {
  for (const name of ["d", "disk1", "a-b_c:d", "x".repeat(64), "~!#"]) {
    assert.ok(isDeviceName(name), name);
  }
  for (
    const name of ["", "x".repeat(65), "a/b", "a.b", "a=b", "..", "a b", "a\tb", "a\u00e9", "a\n"]
  ) {
    assert.ok(!isDeviceName(name), name);
    assert.ok(!isDeviceGroupName(name), name);
  }
});

Deno.test("names leave those alone that files of SCST's tree have beside them", () => {
  assert.deepEqual(["mgmt", "type", "trace_level", "state"].filter(isDeviceName), ["state"]);
  assert.deepEqual(["mgmt", "type", "state"].filter(isDeviceGroupName), ["type", "state"]);
  const members = [
    "mgmt",
    "group_id",
    "preferred",
    "state",
    ".",
    "..",
    "a/b",
    "a=b",
    "",
    "a b",
    "\u00e9",
  ];
  assert.deepEqual(members.filter(isMemberName), []);
  assert.ok(isMemberName("21:00:00:24:ff:4b:87:6d"));
  assert.ok(isMemberName("x".repeat(223)) && !isMemberName("x".repeat(224)));
});

Deno.test("isIscsiName() takes the three formats of RFC 7143 4.2.7", () => {
  const valid = [
    "iqn.2026-11.org.example:disk1",
    "iqn.2026-01.org",
    "iqn.2001-04.com.example:storage:diskarrays-sn-a8675309",
    "iqn.2003-01.org.linux-iscsi.x8664:sn.42",
    "eui.02004567a425678d",
    "naa.52004567ba64678d",
    "naa.62004567ba64678d0123456789abcdef",
    `iqn.2026-11.org.example:${"x".repeat(223 - 24)}`,
  ];
  for (const name of valid) assert.ok(isIscsiName(name), name);
});

Deno.test("isIscsiName() refuses what is not in the normal form", () => {
  const invalid = [
    "",
    "disk1",
    "iqn.",
    "iqn.2026-11",
    "iqn.2026-11.",
    "iqn.2026-00.org",
    "iqn.2026-13.org",
    "iqn.26-11.org",
    "iqn.2026-11.org:",
    "iqn.2026-11.org..example",
    "iqn.2026-11.-org",
    "iqn.2026-11.org.Example",
    "iqn.2026-11.org.example:a_b",
    "iqn.2026-11.org.example:a b",
    "iqn.2026-11.org.example:\u00e9",
    "iqn.2026-11.org.example:a\n",
    "eui.02004567a425678",
    "eui.02004567A425678D",
    "naa.52004567ba64678d0",
    `iqn.2026-11.org.example:${"x".repeat(224 - 24)}`,
  ];
  for (const name of invalid) assert.ok(!isIscsiName(name), name);
});

Deno.test("iscsiNameHint() says which rule was missed", () => {
  assert.equal(iscsiNameHint("IQN.2026-11.org.A"), "write iqn.2026-11.org.a");
  assert.equal(iscsiNameHint("iqn.2026-13.org.a"), "the month is 01 to 12");
  assert.match(iscsiNameHint("iqn.2026-11.org.a:b_c") ?? "", /no "_"/);
  assert.equal(iscsiNameHint("disk"), undefined);
});

function parse(rule: ScalarRule<string>, text: string): string | undefined {
  const at = { line: 1, column: 1 };
  return rule.parse({ kind: "scalar", at, text, empty: text === "", truth: undefined });
}

Deno.test("NAA_ID takes the designators that SCST takes, and normalises them", () => {
  const digits = "6025C57" + "0123456789abcdefABCDEF012";
  assert.equal(digits.length, 32);
  const short = "5025C570123456AB";
  for (const text of [digits, short, short.replace("5", "2"), short.replace("5", "3")]) {
    assert.equal(parse(NAA_ID, text), text.toLowerCase());
    assert.equal(parse(NAA_ID, `0x${text}`), text.toLowerCase());
  }
  const wrong = [digits.slice(1), `5${digits.slice(1)}`, `${digits}0`, "", "0x", `${digits}\n`];
  for (const text of [...wrong, short.slice(1), `6${short.slice(1)}`]) {
    assert.equal(parse(NAA_ID, text), undefined, text);
  }
});

Deno.test("EUI64_ID takes 8, 12 and 16 bytes", () => {
  for (const length of [16, 24, 32]) assert.ok(parse(EUI64_ID, "0a".repeat(length / 2)));
  for (const length of [0, 2, 14, 18, 34]) {
    assert.equal(parse(EUI64_ID, "0a".repeat(length / 2)), undefined);
  }
});

Deno.test("isUsn() takes 1 to 20 printable characters", () => {
  for (const text of ["a", "a b", "x".repeat(20), "~"]) assert.ok(isUsn(text), text);
  for (const text of ["", " a", "a ", "x".repeat(21), "a\tb", "\u00e9", "a\n"]) {
    assert.ok(!isUsn(text), text);
  }
});

Deno.test("nearestWord() finds a slip of the pen and nothing else", () => {
  const words = ["handler", "filename", "blocksize", "size", "read_only", "usn"];
  const table: [string, string | undefined][] = [
    ["blocksze", "blocksize"],
    ["block_size", "blocksize"],
    ["read-only", "read_only"],
    ["Size", "size"],
    ["sise", "size"],
    ["un", "usn"],
    ["colour", undefined],
    ["x".repeat(100_000), undefined],
    ["", undefined],
  ];
  for (const [text, word] of table) assert.equal(nearestWord(text, words), word, text.slice(0, 20));
});
