import assert from "node:assert/strict";
import { runProgram, spawnProgram } from "../harness/program.ts";

async function withDir(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await action(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Runs the demo until it is ready and ends it; what it printed. */
async function introductionOf(args: string[], env: Record<string, string> = {}): Promise<string> {
  await using demo = spawnProgram(["demo", "--port", "0", ...args], { env });
  await demo.saw(/USER@THIS-MACHINE\n$/);
  demo.kill("SIGINT");
  const { code, stdout, stderr } = await demo.result;
  assert.equal(code, 0, stderr);
  return stdout;
}

Deno.test("scst demo makes a sparse 1 GiB file in the state directory and keeps it", () =>
  withDir(async (dir) => {
    const state = `${dir}/a/state`;
    assert.match(
      await introductionOf(["--state", state]),
      /demo\.img \(1GiB\), a new sparse file\./,
    );
    const image = Deno.statSync(`${state}/demo.img`);
    assert.equal(image.size, 2 ** 30);
    assert.ok((image.blocks ?? Infinity) * 512 < 2 ** 20, `${image.blocks} blocks`);
    assert.equal((image.mode ?? 0) & 0o777, 0o600);
    const ids = Deno.readTextFileSync(`${state}/ids.json`);
    assert.match(await introductionOf([], { STATE_DIRECTORY: state }), /the file that was there\./);
    assert.equal(Deno.readTextFileSync(`${state}/ids.json`), ids);
    assert.equal(Deno.statSync(`${state}/demo.img`).ino, image.ino);
  }));

Deno.test("scst demo prints how each initiator connects, with the real port", () =>
  withDir(async (dir) => {
    const text = await introductionOf(["--state", dir, "--size", "1MiB"]);
    const port = /^listening on 127\.0\.0\.1:(\d+)\n/.exec(text)?.[1];
    const target = "iqn.2026-11.org.scst:demo";
    const portal = `127.0.0.1:${port}`;
    const expected = [
      `iscsiadm -m discovery -t sendtargets -p ${portal}`,
      `iscsiadm -m node -T ${target} -p ${portal} --login`,
      `iscsiadm -m node -T ${target} -p ${portal} --logout`,
      `iscsi-ls -s iscsi://${portal}`,
      `iscsi-inq iscsi://${portal}/${target}/0`,
      `qemu-img info iscsi://${portal}/${target}/0`,
      `New-IscsiTargetPortal -TargetPortalAddress 127.0.0.1 -TargetPortalPortNumber ${port}`,
      `Connect-IscsiTarget -NodeAddress ${target} -TargetPortalAddress 127.0.0.1 -TargetPortalPortNumber ${port}`,
      `iscsictl -A -p ${portal} -t ${target}`,
    ];
    const lines = text.split("\n").map((line) => line.trim());
    for (const command of expected) assert.ok(lines.includes(command), command);
  }));

Deno.test("scst demo never changes a file that is there", () =>
  withDir(async (dir) => {
    const path = `${dir}/disk.img`;
    const content = "precious".repeat(256);
    await Deno.writeTextFile(path, content);
    const common = ["--state", `${dir}/state`, "--path", path];
    assert.match(await introductionOf(common), /disk\.img \(2KiB\), the file that was there\./);
    assert.match(await introductionOf([...common, "--size", "2048"]), /disk\.img \(2KiB\)/);
    const { code, stdout, stderr } = await runProgram(["demo", ...common, "--size", "1GiB"]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^error Cannot use \S+disk\.img with --size 1GiB: it is there with 2KiB and is left as it is; leave out --size to use it, or name another file with --path$/m,
    );
    assert.equal(await Deno.readTextFile(path), content);
  }));

Deno.test("scst demo gives another file another identity", () =>
  withDir(async (dir) => {
    const state = `${dir}/state`;
    await introductionOf(["--state", state, "--size", "1MiB"]);
    await introductionOf(["--state", state, "--size", "1MiB", "--path", `${dir}/b.img`]);
    const { devices } = JSON.parse(await Deno.readTextFile(`${state}/ids.json`));
    assert.deepEqual(Object.keys(devices), ["demo", `demo ${dir}/b.img`]);
    const [a, b] = Object.values<{ naa_id: string }>(devices);
    assert.notEqual(a?.naa_id, b?.naa_id);
  }));

Deno.test("scst demo says by what to change a port that is taken", () =>
  withDir(async (dir) => {
    using busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = busy.addr as Deno.NetAddr;
    const args = ["demo", "--state", dir, "--size", "1MiB", "--port", String(port)];
    const { code, stdout, stderr } = await runProgram(args);
    const errors = stderr.split("\n").filter((line) => line.startsWith("error "));
    assert.equal(errors.length, 1, stderr);
    assert.match(errors[0] ?? "", /in use.*; choose another port, for example --port \d+$/);
    assert.equal(stdout, "");
    assert.equal(code, 1);
  }));

Deno.test("scst demo says in one line why it cannot make or use its file", () =>
  withDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/odd.img`, "x".repeat(1000));
    await Deno.writeTextFile(`${dir}/file`, "");
    const table: [string[], RegExp][] = [
      [["--path", `${dir}/none/disk.img`], /^error .*none\/disk\.img.*no such file/im],
      [["--path", dir], /^error .*(?:directory|not a regular file)/im],
      [["--path", `${dir}/odd.img`], /^error .*odd\.img.*1000/m],
      [["--state", `${dir}/file/state`], /^error Cannot .*file\/state/m],
    ];
    for (const [args, fault] of table) {
      const all = ["demo", "--port", "0", "--state", `${dir}/state`, ...args];
      const { code, stderr } = await runProgram(all);
      assert.match(stderr, fault);
      assert.equal(
        stderr.split("\n").filter((line) => line.startsWith("error ")).length,
        1,
        stderr,
      );
      assert.equal(code, 1);
    }
  }));

Deno.test("scst demo does not guess the size of a file that Deno may not look at", async () => {
  const dir = await Deno.makeTempDir({ dir: "/dev/shm" });
  try {
    await withDir(async (state) => {
      const args = ["--state", state, "--path", `${dir}/disk.img`];
      assert.match(await introductionOf([...args, "--size", "1MiB"]), /disk\.img \(1MiB\), a new/);
      assert.match(await introductionOf(args), /disk\.img.*, the file that was there\./);
      const { code, stderr } = await runProgram(["demo", ...args, "--size", "512KiB"]);
      assert.match(
        stderr,
        /^error Cannot use \S+ with --size 512KiB: it is there .*leave out --size/m,
      );
      assert.equal(code, 1);
    });
    assert.equal(Deno.statSync(`${dir}/disk.img`).size, 2 ** 20);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
