/** The file of the control socket: who may connect, what was there before, what stays. */
import assert from "node:assert/strict";
import { ControlError } from "../../lib/admin/control/control_error.ts";
import { type ControlDoor, openControlDoor } from "../../lib/admin/control/door.ts";
import { groupId } from "../../lib/admin/control/group.ts";
import { exampleTree } from "../harness/example_tree.ts";
import { PERMISSIONS } from "../harness/server.ts";
import { runTool, toolTest } from "../harness/tools.ts";

const IS_ROOT = Deno.uid() === 0;

async function inDirectory(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function open(path: string, gid?: number): Promise<ControlDoor> {
  return openControlDoor(exampleTree().root, { path, gid });
}

/** The sentence with which `open` refuses. */
async function sentence(dir: string, opening: Promise<ControlDoor>): Promise<string> {
  try {
    await (await opening).close();
    return "it was opened";
  } catch (error) {
    assert(error instanceof ControlError, String(error));
    return error.message.replaceAll(dir, "DIR");
  }
}

function names(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

async function assertAnswers(path: string): Promise<void> {
  using conn = await Deno.connect({ transport: "unix", path });
  await conn.write(new TextEncoder().encode("GET /tree/version HTTP/1.0\r\n\r\n"));
  const into = new Uint8Array(1000);
  const count = await conn.read(into);
  assert.match(new TextDecoder().decode(into.subarray(0, count ?? 0)), /^HTTP\/1\.1 200 /);
}

/** Starts a server in a process of its own, and kills it when it listens. */
async function killedServer(path: string): Promise<void> {
  const script = new URL("../harness/control_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", ...PERMISSIONS, script, path],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /^listening at /);
  await assertAnswers(path);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
}

Deno.test("the control socket has mode 0660, its group, and a directory that others can enter", async () => {
  await inDirectory(async (dir) => {
    const path = `${dir}/a/b/control`;
    const door = await open(path, IS_ROOT ? 4711 : Deno.gid()!);
    const { mode, gid } = await Deno.stat(path);
    assert.equal(mode! & 0o777, 0o660);
    assert.equal(gid, IS_ROOT ? 4711 : Deno.gid());
    assert.equal((await Deno.stat(`${dir}/a`)).mode! & 0o777, 0o755);
    assert.deepEqual(names(`${dir}/a/b`), ["control"]);
    await assertAnswers(path);
    await door.close();
    await door.close();
    assert.deepEqual(names(`${dir}/a/b`), []);
  });
});

toolTest(
  "the control socket is for its group and for nobody else",
  ["curl"],
  () =>
    inDirectory(async (dir) => {
      await Deno.chmod(dir, 0o755);
      const door = await open(`${dir}/control`, 4711);
      const read = async (...groups: string[]) => {
        const who = ["--reuid", "4000", "--regid", "4000", ...groups];
        const url = ["-s", "--unix-socket", door.path, "http://x/tree/version"];
        const { code, stdout } = await runTool("setpriv", [...who, "curl", ...url]);
        return [code, stdout];
      };
      assert.deepEqual(await read("--groups", "4711"), [0, "3.9.0\n"]);
      assert.deepEqual(await read("--clear-groups"), [7, ""]);
      await door.close();
    }),
  IS_ROOT ? undefined : "only root can be somebody else",
);

Deno.test("the control socket of a killed server is replaced", async () => {
  await inDirectory(async (dir) => {
    await killedServer(`${dir}/control`);
    assert.deepEqual(names(dir), ["control"]);
    const door = await open(`${dir}/control`);
    await assertAnswers(door.path);
    assert.deepEqual(names(dir), ["control"]);
    await door.close();
    assert.deepEqual(names(dir), []);
  });
});

Deno.test("the control socket of a server that lives is left to it", async () => {
  await inDirectory(async (dir) => {
    const door = await open(`${dir}/control`);
    const refused = await sentence(dir, open(`${dir}/control`));
    assert.equal(refused, "Another server answers at DIR/control");
    await assertAnswers(door.path);
    assert.deepEqual(names(dir), ["control"]);
    await door.close();
  });
});

Deno.test("of servers that start together on one stale socket one has it", async () => {
  await inDirectory(async (dir) => {
    for (let round = 0; round < 20; round++) {
      const path = `${dir}/control`;
      await Deno.remove(path).catch(() => {});
      const left = Deno.listen({ transport: "unix", path: `${dir}/left` });
      await Deno.link(`${dir}/left`, path);
      left.close();
      await Deno.remove(`${dir}/left`).catch(() => {});
      const all = await Promise.allSettled([open(path), open(path), open(path)]);
      const doors = all.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
      assert.equal(doors.length, 1);
      await assertAnswers(path);
      await doors[0]!.close();
      assert.deepEqual(names(dir), []);
    }
  });
});

Deno.test("closing leaves the file alone that another has put in its place", async () => {
  await inDirectory(async (dir) => {
    const door = await open(`${dir}/control`);
    await Deno.remove(door.path);
    const other = await open(`${dir}/control`);
    await door.close();
    await assertAnswers(other.path);
    await other.close();
  });
});

Deno.test("what keeps the control socket from being opened is a sentence", async () => {
  await inDirectory(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "precious");
    await Deno.symlink("file", `${dir}/link`);
    const long = `${dir}/${"x".repeat(120)}`;
    assert.match(
      await sentence(dir, open(`${dir}/file`)),
      /^DIR\/file is not a socket: it is left/,
    );
    assert.match(await sentence(dir, open(`${dir}/link`)), /^DIR\/link is not a socket/);
    assert.match(
      await sentence(dir, open(`${dir}/file/control`)),
      /^Cannot make the directory DIR\/file/,
    );
    assert.match(await sentence(dir, open(long)), /^The path .* is \d+ bytes too long$/);
    assert.equal(await Deno.readTextFile(`${dir}/file`), "precious");
    assert.deepEqual(names(dir), ["file", "link"]);
  });
});

Deno.test("groupId() knows numbers and the names in the file of groups", async () => {
  await inDirectory(async (dir) => {
    await Deno.writeTextFile(`${dir}/group`, "root:x:0:\nscst:x:990:ann,joe\nodd\n");
    assert.equal(groupId("scst", `${dir}/group`), 990);
    assert.equal(groupId("990", `${dir}/none`), 990);
    assert.throws(() => groupId("odd", `${dir}/group`), ControlError);
    assert.throws(() => groupId("scst", `${dir}/none`), ControlError);
  });
});
