/** The package of Debian and its descendants. */
import type { Product } from "./product.ts";
import { run } from "./program.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const SCRIPTS = ["postinst", "prerm", "postrm"];

const MAINTAINER = "The scst project <root@localhost>";

/** Debian's names of machines. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

function control({ version, machine, glibc }: Product, kibibytes: number): string {
  return [
    "Package: scst",
    `Version: ${version}`,
    `Architecture: ${ARCHITECTURES[machine]}`,
    "Section: net",
    "Priority: optional",
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${kibibytes}`,
    `Depends: libc6 (>= ${glibc}), libgcc-s1, init-system-helpers (>= 1.54), systemd`,
    "Recommends: fuse3, libisal2",
    "Description: iSCSI target in user mode",
    " Serves files and block devices as SCSI disks over the network, as an ordinary",
    " process without a kernel module, with the semantics and the administration",
    " of SCST.",
    "",
  ].join("\n");
}

const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2026 The authors of scst
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
`;

/** The changelog that the policy of Debian wants: of this version, of the day of the executable. */
async function changelog({ binary, version }: Product): Promise<string> {
  const { mtime } = await Deno.stat(binary);
  const [day, date, month, year, time] = (mtime ?? new Date(0)).toUTCString().split(/[ ,]+/);
  return `scst (${version}) unstable; urgency=medium\n\n  * Version ${version}.\n\n` +
    ` -- ${MAINTAINER}  ${day}, ${date} ${month} ${year} ${time} +0000\n`;
}

/** As Debian has manual pages and changelogs: without a name or a time in them. */
async function compress(...paths: string[]): Promise<void> {
  await run("gzip", ["-9n", ...paths]);
}

/**
 * Makes `scst_VERSION_ARCHITECTURE.deb` in the directory `output` and gives its path. What is in it is
 * what install.sh installs: the example of the configuration is no conffile, as `scst save` writes the
 * real one, which no upgrade may ask about.
 */
export async function makeDeb(product: Product, output: string): Promise<string> {
  const path = `${output}/scst_${product.version}_${ARCHITECTURES[product.machine]}.deb`;
  const tree = await Deno.makeTempDir({ prefix: "scst_deb_" });
  try {
    await Deno.chmod(tree, 0o755);
    const install = [`${ROOT}install.sh`, "--binary", product.binary];
    await run("sh", [...install, "--root", tree, "--prefix", "/usr"]);
    const doc = `${tree}/usr/share/doc/scst`;
    await Deno.writeTextFile(`${doc}/copyright`, COPYRIGHT);
    await Deno.writeTextFile(`${doc}/changelog`, await changelog(product));
    const pages = ["man5/scst.yaml.5", "man8/scst.8"].map((page) =>
      `${tree}/usr/share/man/${page}`
    );
    await compress(`${doc}/changelog`, ...pages);
    const size = Number((await run("du", ["-ks", tree])).split("\t")[0]);
    const sums = await run("sh", ["-c", 'cd "$0"; find usr -type f | sort | xargs md5sum', tree]);
    await Deno.mkdir(`${tree}/DEBIAN`);
    await Deno.writeTextFile(`${tree}/DEBIAN/control`, control(product, size));
    await Deno.writeTextFile(`${tree}/DEBIAN/md5sums`, sums);
    for (const name of SCRIPTS) {
      await Deno.copyFile(`${ROOT}packaging/debian/${name}`, `${tree}/DEBIAN/${name}`);
      await Deno.chmod(`${tree}/DEBIAN/${name}`, 0o755);
    }
    // Every Debian with the C library that is needed knows zstd, which takes a tenth of the time of xz.
    await run("dpkg-deb", ["--root-owner-group", "-Zzstd", "-z10", "--build", tree, path]);
    return path;
  } finally {
    await Deno.remove(tree, { recursive: true });
  }
}
