/**
 * The whole management tree of a server that uses everything, with an initiator logged in, as find and cat
 * see it: every name, mode, link and text is that of tests/golden/tree.txt.
 *
 * When the tree is to be another one, this writes the file anew, and the difference is to be read:
 *
 *     SCST_UPDATE_GOLDEN=1 deno test -A tests/interop/tree_golden_test.ts
 */
import assert from "node:assert/strict";
import own from "../../deno.json" with { type: "json" };
import { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { plainOf } from "../../lib/config/plain.ts";
import { yamlText } from "../../lib/config/yaml_text.ts";
import { everything, HOST, U } from "../harness/everything.ts";
import { missingFuse } from "../harness/fuse_mount.ts";
import { openReady } from "../harness/sessions.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { missingTools } from "../harness/tools.ts";
import { type Replacements, walkMount, walkSocket, walkText } from "../harness/tree_walk.ts";
import { readCapacity10, write10 } from "../initiator/cdb.ts";

const GOLDEN = new URL("../golden/tree.txt", import.meta.url);

const MIB = 2 ** 20;

/** Everything, but for an iSNS server that is not there, on files that are. */
async function configuration(dir: string): Promise<string> {
  const { model } = await everything();
  const { isnsServer: _, ...driver } = model.driver;
  const portals = [{ hostname: "127.0.0.1", port: 0 }];
  const served = { ...model, portals, driver: { ...driver, enabled: true } };
  return yamlText(plainOf(served)).replaceAll("/srv/", `${dir}/`);
}

/** A server of it; its tree is mounted in `dir/tree` if `mounts`. */
async function serve(dir: string, mounts: boolean): Promise<TestServer> {
  for (const [name, size] of [["a_b", MIB], ["c", 2 * MIB], ["cd.iso", MIB]] as const) {
    await Deno.writeFile(`${dir}/${name}`, new Uint8Array());
    await Deno.truncate(`${dir}/${name}`, size);
  }
  if (mounts) await Deno.mkdir(`${dir}/tree`);
  const env = mounts ? { SCST_TREE: `${dir}/tree` } : {};
  return await startTestServer(await configuration(dir), { dir, env });
}

function replacements({ pid, dir }: TestServer): Replacements {
  return [
    [dir, "/srv"],
    [`    |${pid}\n`, "    |PID\n"],
    [Deno.osRelease(), "RELEASE"],
    [Deno.build.arch, "PROCESSOR"],
    [`scst ${own.version} in`, "scst VERSION in"],
    [/(?<=active pages +)\d+\/\d+/g, "NUMBER/NUMBER"],
  ];
}

function isid(last: number): Uint8Array {
  return Uint8Array.of(0x80, 0, 0, 0, 0, last);
}

Deno.test("the tree of a server that uses everything is that of tests/golden/tree.txt", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_golden_" });
  const mounts = missingFuse() === undefined && missingTools(["fusermount3"]) === undefined;
  try {
    await using server = await serve(dir, mounts);
    const login = { targetName: U, initiatorName: `${HOST}1` };
    await using session = await openReady(server, [0, 1], { ...login, isid: isid(1) });
    await using _other = await openReady(server, [0, 1], { ...login, isid: isid(2) });
    const write = new Uint8Array(3 * 512);
    assert.equal((await session.command(write10(0, 3), { lun: 1, write })).status, 0);
    await session.command(readCapacity10(), { lun: 0, read: 8 });

    const client = new SocketTreeClient(`${dir}/control`);
    const text = walkText(await walkSocket(client), replacements(server));
    if (mounts) {
      const mounted = walkText(await walkMount(`${dir}/tree`), replacements(server));
      assert.equal(mounted, text, "the two doors show the same");
    }
    if (Deno.env.get("SCST_UPDATE_GOLDEN") === "1") await Deno.writeTextFile(GOLDEN, text);
    assert.equal(text, await Deno.readTextFile(GOLDEN));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
