import assert from "node:assert/strict";
import { savedIds } from "../../lib/config/ids.ts";
import { ConfigError } from "../../lib/config/problem.ts";

async function withDir(action: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await action(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("savedIds() makes random ids once and finds them again in any order", () =>
  withDir((dir) => {
    const state = `${dir}/a/b`;
    const first = savedIds(state, ["one", "two"]);
    const ids = [first.get("one"), first.get("two")];
    for (const id of ids) {
      assert.match(id?.naaId ?? "", /^6025c57[0-9a-f]{25}$/);
      assert.match(id?.usn ?? "", /^[0-9a-f]{16}$/);
    }
    assert.notEqual(ids[0]?.naaId, ids[1]?.naaId);
    assert.notEqual(ids[0]?.usn, ids[1]?.usn);
    const again = savedIds(state, ["new", "two", "one"]);
    assert.deepEqual([again.get("one"), again.get("two")], ids);
    assert.ok(again.has("new"));
  }));

Deno.test("savedIds() gives other ids for the same names in another state directory", () =>
  withDir((dir) => {
    const [a, b] = ["a", "b"].map((state) => savedIds(`${dir}/${state}`, ["disk"]).get("disk"));
    assert.notEqual(a?.naaId, b?.naaId);
    assert.notEqual(a?.usn, b?.usn);
  }));

Deno.test("savedIds() keeps the ids of devices that are not asked for", () =>
  withDir((dir) => {
    const old = savedIds(dir, ["__proto__", "old"]).get("old");
    savedIds(dir, ["new"]);
    assert.deepEqual(savedIds(dir, ["old"]).get("old"), old);
    assert.ok(savedIds(dir, ["__proto__"]).has("new"));
  }));

Deno.test("savedIds() writes files that only their owner can read, and no more than needed", () =>
  withDir((dir) => {
    savedIds(`${dir}/state`, ["disk"]);
    const names = [...Deno.readDirSync(`${dir}/state`)].map((entry) => entry.name).toSorted();
    assert.deepEqual(names, ["ids.json", "ids.lock"]);
    assert.equal((Deno.statSync(`${dir}/state/ids.json`).mode ?? 0) & 0o777, 0o600);
    assert.equal((Deno.statSync(`${dir}/state`).mode ?? 0) & 0o777, 0o700);
    const before = Deno.statSync(`${dir}/state/ids.json`).ino;
    savedIds(`${dir}/state`, ["disk"]);
    assert.equal(Deno.statSync(`${dir}/state/ids.json`).ino, before);
  }));

Deno.test("savedIds() is not misled by what an interrupted run left", () =>
  withDir((dir) => {
    const target = `${dir}/precious`;
    Deno.writeTextFileSync(target, "precious");
    Deno.symlinkSync(target, `${dir}/ids.json.tmp`);
    savedIds(dir, ["disk"]);
    assert.equal(Deno.readTextFileSync(target), "precious");
    assert.ok(Deno.lstatSync(`${dir}/ids.json`).isFile);
  }));

Deno.test("savedIds() refuses a file it cannot understand and leaves it as it is", () =>
  withDir((dir) => {
    const path = `${dir}/ids.json`;
    const naa = "6025c570000000000000000000000001";
    const entry = (naaId: unknown, usn: unknown) => ({ naa_id: naaId, usn });
    const file = (devices: unknown) => JSON.stringify({ version: 1, devices });
    const table: [string, string][] = [
      ["", "it is not JSON"],
      ['{"version": 1, "dev', "it is not JSON"],
      ["[]", "it is not a JSON object"],
      ["{}", "its version is not 1"],
      ['{"version": "2", "devices": {}}', "its version is not 1"],
      ['{"version": 2, "disks": {}}', "a newer scst wrote it (format 2; this one knows 1)"],
      ['{"version": 1}', 'it has no object "devices"'],
      [file({ a: 1 }), 'device "a" has no valid naa_id'],
      [file({ a: entry(naa.slice(1), "s") }), 'device "a" has no valid naa_id'],
      [file({ a: entry(`0x${naa}`, "") }), 'device "a" has no valid usn'],
      [file({ a: entry(naa, 1) }), 'device "a" has no valid usn'],
      [
        file({ a: entry(naa, "s"), b: entry(`0x${naa}`, "t") }),
        `devices "a" and "b" have the same naa_id ${naa}`,
      ],
      [
        file({ a: entry(naa, "s"), b: entry(naa.replace(/1$/, "2"), "s") }),
        'devices "a" and "b" have the same usn s',
      ],
    ];
    for (const [text, why] of table) {
      Deno.writeTextFileSync(path, text);
      assert.throws(() => savedIds(dir, ["disk"]), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.problems.length, 1);
        const [problem = ""] = error.problems;
        // Removing the ids is no way back to an older version.
        const advice = why.startsWith("a newer") ? "run that one, or restore" : "restore the file";
        assert.ok(
          problem.startsWith(
            `Cannot use the saved device ids in ${path}: ${why}; ${advice}`,
          ),
          problem,
        );
        return true;
      });
      assert.equal(Deno.readTextFileSync(path), text);
    }
  }));

Deno.test("savedIds() says so when it cannot read or save", () =>
  withDir((dir) => {
    Deno.writeTextFileSync(`${dir}/file`, "");
    Deno.mkdirSync(`${dir}/state/ids.json`, { recursive: true });
    const table: [string, string][] = [
      ["file/state", "a part of the path is not a directory; it has the ids of all devices"],
      ["state", "it is a directory; it has the ids of all devices"],
    ];
    for (const [state, why] of table) {
      const message = `Cannot read ${dir}/${state}/ids.json: ${why}`;
      assert.throws(() => savedIds(`${dir}/${state}`, ["disk"]), { name: "ConfigError", message });
    }
    Deno.mkdirSync(`${dir}/other/ids.lock`, { recursive: true });
    assert.throws(() => savedIds(`${dir}/other`, ["disk"]), {
      name: "ConfigError",
      message:
        /^Cannot save the ids of new devices in \S+other: .*; name a directory that can be written/,
    });
  }));

Deno.test("savedIds() loses nothing when several processes make ids at once", () =>
  withDir(async (dir) => {
    const ids = new URL("../../lib/config/ids.ts", import.meta.url).href;
    const logging = new URL("../../lib/log.ts", import.meta.url).href;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const outputs = await Promise.all([0, 1, 2, 3].map((process) => {
      const program = `
        import { savedIds } from "${ids}";
        import { configureLog } from "${logging}";
        configureLog("error");
        for (let i = 0; i < 20; i++) savedIds("${dir}", ["p${process}-" + i]);`;
      const args = ["eval", "--quiet", "--config", config, program];
      return new Deno.Command(Deno.execPath(), { args }).output();
    }));
    for (const { code, stderr } of outputs) assert.equal(code, 0, new TextDecoder().decode(stderr));
    const saved = JSON.parse(Deno.readTextFileSync(`${dir}/ids.json`));
    assert.equal(Object.keys(saved.devices).length, 80);
  }));
