/** install.sh below a directory, where it does what it says: files of its own, and nothing of the system. */
import assert from "node:assert/strict";
import { runTool, toolTest } from "../harness/tools.ts";
import { BINARY, INSTALL } from "./place.ts";
import { DOCS, PAGES } from "./shared_files.ts";

/** Runs the script for real, below a directory. */
async function reallyInstall(dir: string, args: readonly string[]) {
  const result = await runTool("sh", [INSTALL, "--binary", `${dir}/given`, ...args]);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

async function filesBelow(dir: string): Promise<string[]> {
  const { stdout } = await runTool("sh", ["-c", 'cd "$0"; find . -type f | sort', dir]);
  return stdout.split("\n").slice(0, -1).map((path) => path.slice(2));
}

async function inDir(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "scst_install_" });
  try {
    await Deno.writeTextFile(`${dir}/given`, BINARY, { mode: 0o755 });
    await action(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("install.sh --prefix installs below a directory, again without a change, and takes it away", () =>
  inDir(async (dir) => {
    const prefix = `${dir}/own`;
    const first = await reallyInstall(dir, ["--prefix", prefix]);
    const FILES = [
      "bin/scst",
      "share/bash-completion/completions/scst",
      "share/fish/vendor_completions.d/scst.fish",
      ...PAGES,
      ...DOCS,
      "share/scst/scst.yaml",
      "share/zsh/site-functions/_scst",
    ];
    const KEPT = ["etc/scst/scst.yaml", "var/lib/scst/disk1.img"];
    const all = [...FILES, ...KEPT].sort();
    assert.deepEqual(await filesBelow(prefix), all);
    const start =
      `${prefix}/bin/scst serve --config ${prefix}/etc/scst/scst.yaml --state ${prefix}/var/lib/scst`;
    assert.ok(first.stdout.endsWith(`\nStart it: ${start}\n`));
    assert.equal(
      await Deno.readTextFile(`${prefix}/share/zsh/site-functions/_scst`),
      "# for zsh\n",
    );
    assert.equal((await Deno.stat(`${prefix}/var/lib/scst/disk1.img`)).size, 2 ** 30);
    const modes = await Promise.all(["bin/scst", "etc/scst/scst.yaml", "var/lib/scst/disk1.img"]
      .map(async (path) => ((await Deno.stat(`${prefix}/${path}`)).mode ?? 0) & 0o777));
    assert.deepEqual(modes, [0o755, 0o640, 0o600]);

    // The administrator's configuration is not touched, and a newer executable takes the old one's place.
    const inode = async () => (await Deno.stat(`${prefix}/bin/scst`)).ino;
    const before = await inode();
    const again = await reallyInstall(dir, ["--prefix", prefix]);
    assert.doesNotMatch(again.stdout, /^installed/m);
    assert.equal(await inode(), before);
    await Deno.writeTextFile(`${prefix}/etc/scst/scst.yaml`, "# mine\n");
    await Deno.writeTextFile(`${dir}/given`, `${BINARY}# newer\n`);
    await reallyInstall(dir, ["--prefix", prefix]);
    assert.notEqual(await inode(), before, "a file that runs is not written into");
    assert.match(await Deno.readTextFile(`${prefix}/bin/scst`), /# newer/);
    assert.equal(await Deno.readTextFile(`${prefix}/etc/scst/scst.yaml`), "# mine\n");

    const { stdout } = await reallyInstall(dir, ["--prefix", prefix, "--uninstall"]);
    assert.match(stdout, /^Kept, with configuration, state and disks: /m);
    assert.deepEqual(await filesBelow(prefix), KEPT);
    const { stdout: left } = await runTool("sh", ["-c", 'cd "$0"; find . -type d | sort', prefix]);
    const DIRS = ["", "/etc", "/etc/scst", "/var", "/var/lib", "/var/lib/scst"];
    assert.deepEqual(left.split("\n").slice(0, -1), DIRS.map((dir) => `.${dir}`));
    await reallyInstall(dir, ["--prefix", prefix, "--uninstall"]);
  }));

toolTest(
  "install.sh on a disk that is full leaves nothing half done, and goes on where there is room",
  [],
  () =>
    inDir(async (dir) => {
      await Deno.writeTextFile(`${dir}/given`, `${BINARY}#${"x".repeat(3 << 20)}\n`, {
        mode: 0o755,
      });
      const script = `mkdir "$0/full" && mount -t tmpfs -o size=2m none "$0/full" || exit 99
        install() { sh ${INSTALL} --binary "$0/given" --prefix "$0/full/own"; }
        install >/dev/null 2>&1 && exit 98
        find "$0/full" -type f
        mount -o remount,size=20m "$0/full" && install >/dev/null && "$0/full/own/bin/scst" version`;
      const { code, stdout, stderr } = await runTool("unshare", ["-m", "sh", "-c", script, dir]);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "scst 9.9.9\n");
    }),
  Deno.uid() === 0 ? undefined : "only root can mount",
);

Deno.test("install.sh takes paths as they come: relative, with blanks, by a link, with slashes too many", () =>
  inDir(async (dir) => {
    const place = `${dir}/a place`;
    await Deno.mkdir(place);
    const root = new URL("../../", import.meta.url).pathname;
    const parts = ["install.sh", "README.md", "docs", "systemd"].map((name) => `${root}${name}`);
    await runTool("cp", ["-R", ...parts, place]);
    await Deno.copyFile(`${dir}/given`, `${place}/scst`);
    await Deno.chmod(`${place}/scst`, 0o755);
    await Deno.symlink("a place/install.sh", `${dir}/link.sh`);
    const scripts: [string, string][] = [
      ["beside it", `sh "a place/install.sh" --prefix="$PWD/one"`],
      ["by a link", `sh link.sh --prefix one//`],
      // What CDPATH leads to is not what is meant, and cd says it on standard output.
      [
        "with CDPATH",
        `mkdir -p b && cp -R "a place" b/c && CDPATH=b:. sh b/../b/c/install.sh --prefix one`,
      ],
      ["relative", `cp given own && PATH=/usr/bin:/bin sh link.sh --binary own --prefix ./one`],
    ];
    for (const [what, script] of scripts) {
      const { code, stdout, stderr } = await runTool("sh", ["-c", `cd "$0" && ${script}`, dir]);
      assert.equal(code, 0, `${what}: ${stderr}`);
      assert.match(
        stdout,
        /\/one\/bin\/scst serve --config \S+\/one\/etc\/scst\/scst\.yaml /,
        what,
      );
      assert.equal(await Deno.readTextFile(`${dir}/one/bin/scst`), BINARY);
      await Deno.remove(`${dir}/one`, { recursive: true });
    }
  }));

Deno.test("install.sh --root makes the tree of a package, with paths as they will be", () =>
  inDir(async (dir) => {
    await reallyInstall(dir, ["--root", `${dir}/tree`, "--prefix", "/usr"]);
    const files = await filesBelow(`${dir}/tree`);
    assert.ok(files.every((path) => path.startsWith("usr/")), files.join(" "));
    const unit = await Deno.readTextFile(`${dir}/tree/usr/lib/systemd/system/scst.service`);
    assert.match(unit, /^ExecStart=\/usr\/bin\/scst serve /m);
    await reallyInstall(dir, ["--root", `${dir}/tree`]);
    const local = await Deno.readTextFile(`${dir}/tree/usr/local/lib/systemd/system/scst.service`);
    assert.doesNotMatch(local, /\/usr\/bin\/scst/);
    assert.match(local, /^ExecReload=\/usr\/local\/bin\/scst reload$/m);
  }));

Deno.test("the README's links lead to pages that are installed with it", async () => {
  const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const links = [...text.matchAll(/\]\((docs\/[^)#]+)\)/g)].map(([, path]) => path!);
  assert.ok(links.length > 10);
  const isThere = (path: string) =>
    DOCS.some((one) => one.startsWith(`share/doc/scst/${path}`)) || path === "docs/man";
  assert.deepEqual(links.filter((path) => !isThere(path)), []);
});
