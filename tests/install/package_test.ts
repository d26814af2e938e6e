/** The package of Debian and the archive, as files; tests/vm/systemd_test.ts installs the package. */
import assert from "node:assert/strict";
import { makeDeb } from "../../packaging/deb.ts";
import { inspect, type Product } from "../../packaging/product.ts";
import { makeTarball } from "../../packaging/tarball.ts";
import { runTool, toolOutput, toolTest } from "../harness/tools.ts";
import { BINARY } from "./place.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A product whose executable is a stand-in. */
async function withProduct(action: (product: Product, dir: string) => Promise<void>) {
  const dir = await Deno.makeTempDir({ prefix: "scst_package_" });
  try {
    await Deno.writeTextFile(`${dir}/scst`, BINARY, { mode: 0o755 });
    const binary = `${dir}/scst`;
    await action({ binary, version: "1.2.3", machine: "x86_64", glibc: "2.35" }, dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

toolTest("the package of Debian has what install.sh installs, and owns no configuration", [
  "dpkg-deb",
], () =>
  withProduct(async (product, dir) => {
    const deb = await makeDeb(product, dir);
    assert.equal(deb, `${dir}/scst_1.2.3_amd64.deb`);
    const fields = await toolOutput("dpkg-deb", ["-f", deb]);
    assert.match(
      fields,
      /^Depends: libc6 \(>= 2\.35\), libgcc-s1, init-system-helpers .*, systemd$/m,
    );
    assert.match(fields, /^Recommends: fuse3, libisal2$/m);
    const listing = (await toolOutput("dpkg-deb", ["-c", deb])).trimEnd().split("\n");
    const modes = new Map(listing.map((line) => {
      const [mode = "", owner = "", , , , path = ""] = line.split(/\s+/);
      return [path, `${mode} ${owner}`];
    }));
    assert.equal(modes.get("./usr/bin/scst"), "-rwxr-xr-x root/root");
    assert.equal(modes.get("./usr/lib/systemd/system/scst.service"), "-rw-r--r-- root/root");
    assert.equal(modes.get("./usr/share/scst/scst.yaml"), "-rw-r--r-- root/root");
    for (const page of ["copyright", "changelog.gz", "README.md", "docs/troubleshooting.md"]) {
      assert.ok(modes.has(`./usr/share/doc/scst/${page}`), page);
    }
    const pages = [...modes.keys()].filter((path) => /\/man\/.*[^/]$/.test(path));
    assert.deepEqual(pages, [
      "./usr/share/man/man5/scst.yaml.5.gz",
      "./usr/share/man/man8/scst.8.gz",
    ]);
    const paths = [...modes.keys()];
    assert.deepEqual(paths.filter((path) => !/^\.\/(usr\/.*)?$/.test(path)), []);
    await toolOutput("dpkg-deb", ["-R", deb, `${dir}/tree`]);
    // `scst save` writes the configuration: as a conffile it would make upgrades ask.
    const own = [...Deno.readDirSync(`${dir}/tree/DEBIAN`)].map(({ name }) => name).sort();
    assert.deepEqual(own, ["control", "md5sums", "postinst", "postrm", "prerm"]);
    const checked = await runTool("sh", [
      "-c",
      'cd "$0" && md5sum -c DEBIAN/md5sums',
      `${dir}/tree`,
    ]);
    assert.equal(checked.code, 0, checked.stdout);
    const log = await toolOutput("zcat", [`${dir}/tree/usr/share/doc/scst/changelog.gz`]);
    assert.match(
      log,
      /^scst \(1\.2\.3\) unstable; urgency=\w+\n\n {2}\* .*\n\n -- [^<]+ <\S+> {2}\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000\n$/,
    );
  }));

toolTest("shellcheck finds nothing in the scripts of the package", ["shellcheck"], async () => {
  const scripts = ["postinst", "prerm", "postrm"].map((name) => `${ROOT}packaging/debian/${name}`);
  const { code, stdout } = await runTool("shellcheck", scripts);
  assert.equal(code, 0, stdout);
});

Deno.test("the archive installs itself where it is unpacked", () =>
  withProduct(async (product, dir) => {
    const archive = await makeTarball(product, dir);
    assert.equal(archive, `${dir}/scst-1.2.3-linux-x86_64.tar.gz`);
    await toolOutput("tar", ["-xzf", archive, "-C", dir]);
    const unpacked = `${dir}/scst-1.2.3-linux-x86_64`;
    await toolOutput("sh", [`${unpacked}/install.sh`, "--prefix", `${dir}/own`]);
    assert.equal(await Deno.readTextFile(`${dir}/own/bin/scst`), BINARY);
    assert.match(await Deno.readTextFile(`${dir}/own/etc/scst/scst.yaml`), /^portals:/m);
  }));

Deno.test(
  "inspect() takes executables of known machines, and says what they need",
  async () => {
    const product = await inspect(Deno.execPath(), "1.2.3");
    assert.ok(["x86_64", "aarch64"].includes(product.machine));
    assert.match(product.glibc, /^2\.\d+$/);
    const script = `${ROOT}install.sh`;
    await assert.rejects(inspect(script, "1"), {
      message: `${script} is no executable of x86_64 or aarch64`,
    });
  },
);

/** What `deno task package` does with an executable. */
async function packInto(dir: string, binary: string, cwd = "/") {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", `${ROOT}packaging/package.ts`, dir],
    env: { SCST_BIN: binary, NO_COLOR: "1" },
    cwd,
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

toolTest(
  "deno task package makes a package, an archive and their checksums",
  ["dpkg-deb"],
  () =>
    withProduct(async (_product, dir) => {
      // A real executable of this machine, whose verbs are scripts in the working directory.
      await Deno.copyFile("/bin/sh", `${dir}/shell`);
      await Deno.writeTextFile(`${dir}/version`, "echo scst 9.9.9\n");
      await Deno.writeTextFile(`${dir}/completion`, "echo '# for' $1\n");
      const { code, stdout, stderr } = await packInto(`${dir}/out`, `${dir}/shell`, dir);
      assert.equal(code, 0, stderr);
      const made = stdout.trimEnd().split("\n");
      assert.match(made[0]!, /\/out\/scst_[\d.]+_(amd64|arm64)\.deb$/);
      assert.match(made[1]!, /\/out\/scst-[\d.]+-linux-(x86_64|aarch64)\.tar\.gz$/);
      assert.equal(made[2], `${dir}/out/SHA256SUMS`);
      const checked = await toolOutput("sh", [
        "-c",
        'cd "$0" && sha256sum -c SHA256SUMS',
        `${dir}/out`,
      ]);
      assert.equal(checked.match(/: OK$/gm)?.length, 2);
    }),
);

Deno.test("deno task package says on standard error what it lacks, and nothing on standard output", async () => {
  assert.deepEqual(await packInto("/nonexistent", "/nonexistent/scst"), {
    code: 1,
    stdout: "",
    stderr: "error there is no /nonexistent/scst: deno task build makes it\n",
  });
});
