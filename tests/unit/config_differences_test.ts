import assert from "node:assert/strict";
import { parseConfiguration } from "../../lib/config/configuration.ts";
import { differencesOf, withDifference } from "../../lib/config/differences.ts";
import { TARGET_DEFAULTS } from "../../lib/scst/model.ts";

const MODEL = {
  stateDir: "/state",
  driver: { linkLocal: true, internalPortals: [] as string[] },
  portals: [{ hostname: "::1", port: 1 }],
  devices: [
    { name: "diskOne", readOnly: false, filename: "/a", ids: { naaId: "6", usn: "u" } },
    { name: "cd", readOnly: true, ids: { naaId: "7", usn: "v" } },
  ],
  targets: [{
    name: "iqn.2026-11.org.a",
    attributes: { maxSessions: 1 },
    luns: [{ lun: 0, device: "cd" }],
    groups: [{ name: "one", initiators: ["*"] }, { name: "two", initiators: ["*"] }],
  }],
};
type Model = typeof MODEL;

/** What differs after `change`, as `key before after`. */
function changed(change: (model: Model) => void): string[] {
  const after = structuredClone(MODEL);
  change(after);
  return differencesOf(MODEL, after).map(({ text, before, after }) =>
    [text, before, after].map((value) => typeof value === "string" ? value : JSON.stringify(value))
      .join(" ")
  );
}

Deno.test("differencesOf() finds nothing in equal models, whatever the order of lists with names", () => {
  assert.deepEqual(changed(() => {}), []);
  assert.deepEqual(changed(({ devices }) => devices.reverse()), []);
});

Deno.test("differencesOf() names each value by the keys of the configuration", () => {
  const [disk, cd] = [0, 1];
  const table: [(model: Model) => void, string[]][] = [
    [({ devices }) => devices[disk]!.readOnly = true, ["devices.diskOne.read_only false true"]],
    [({ devices }) => devices[disk]!.filename = "/b", ["devices.diskOne.filename /a /b"]],
    [({ devices }) => delete devices[disk]!.filename, ["devices.diskOne.filename /a "]],
    [({ devices }) => devices[cd]!.filename = "/i", ["devices.cd.filename  /i"]],
    [({ devices }) => devices[cd]!.ids.naaId = "8", ["devices.cd.naa_id 7 8"]],
    [({ driver }) => driver.linkLocal = false, ["iscsi.link_local true false"]],
    [({ driver }) => driver.internalPortals = ["::1"], ['iscsi.internal_portal [] ["::1"]']],
    [({ portals }) => portals[0]!.port = 2, [
      'portals [{"hostname":"::1","port":1}] [{"hostname":"::1","port":2}]',
    ]],
    [({ targets }) => targets[0]!.luns[0]!.device = "x", [
      'targets["iqn.2026-11.org.a"].luns.0.device cd x',
    ]],
    [({ targets }) => targets[0]!.luns.push({ lun: 7, device: "cd" }), [
      'targets["iqn.2026-11.org.a"].luns.7  {"lun":7,"device":"cd"}',
    ]],
    [({ targets }) => targets[0]!.luns.pop(), [
      'targets["iqn.2026-11.org.a"].luns.0 {"lun":0,"device":"cd"} ',
    ]],
    [({ targets }) => targets[0]!.attributes.maxSessions = 2, [
      'targets["iqn.2026-11.org.a"].MaxSessions 1 2',
    ]],
    [({ targets }) => targets[0]!.groups[1]!.initiators = [], [
      'targets["iqn.2026-11.org.a"].ini_groups.two.initiators ["*"] []',
    ]],
  ];
  for (const [change, expected] of table) assert.deepEqual(changed(change), expected);
});

Deno.test("differencesOf() sees that groups come in another order, as the first that matches counts", () => {
  const reverse = ({ targets }: Model) => targets[0]!.groups.reverse();
  assert.equal(changed(reverse).length, 1);
  assert.match(changed(reverse)[0]!, /^targets\[.*\]\.ini_groups /);
});

/** The keys that an object of the configuration may have, as the problem with a wrong one names them. */
function allowedKeys(...lines: string[]): string[] {
  try {
    parseConfiguration(["portals: [127.0.0.1]", ...lines].join("\n"), "f");
  } catch (error) {
    const [, keys] = /wrong is not a known key: allowed are (.*)$/m.exec(String(error)) ?? [];
    if (keys !== undefined) return keys.split(", ");
  }
  throw new Error("There is no such problem");
}

Deno.test("differencesOf() knows the keys of the attributes of targets, and of devices", () => {
  const target = allowedKeys("targets: {iqn.2026-11.org.a: {wrong: 1}}");
  for (const key of Object.keys(TARGET_DEFAULTS)) {
    const [difference] = differencesOf({ attributes: { [key]: 1 } }, { attributes: { [key]: 2 } });
    assert(target.includes(difference!.text), difference!.text);
  }
  const device = allowedKeys("devices: {a: {handler: vcdrom, wrong: 1}}");
  for (const key of ["readOnly", "thinProvisioned", "nvCache", "explAlua", "filename", "tst"]) {
    const [difference] = differencesOf({ [key]: 1 }, { [key]: 2 });
    assert(device.includes(difference!.text), difference!.text);
  }
});

Deno.test("withDifference() makes one difference after the other, and touches nothing else", () => {
  const after = structuredClone(MODEL);
  after.devices[0]!.readOnly = true;
  after.devices[1]!.filename = "/i";
  delete after.devices[0]!.filename;
  after.driver.internalPortals = ["::1"];
  after.targets[0]!.luns[0]!.device = "diskOne";
  const before = structuredClone(MODEL);
  let model: Model = MODEL;
  for (let left = differencesOf(model, after); left.length > 0; left = left.slice(1)) {
    model = withDifference(model, left[0]!);
    assert.deepEqual(differencesOf(model, after), left.slice(1));
  }
  assert.deepEqual(model, after);
  assert(!("filename" in model.devices[0]!));
  assert.deepEqual(MODEL, before);
});
