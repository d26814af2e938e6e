/**
 * Builds the disk of a guest whose first process is systemd: a minimal Debian of its own packages, as dpkg
 * leaves it, except that their maintainer scripts have not run. Only root can build it, for whom files of
 * root are made.
 */
import { toolOutput } from "../../harness/tools.ts";
import { PROSE, shell } from "./build.ts";
import { DEBIAN_PACKAGES } from "./packages.ts";

export const DISK = "debian.img";
const DISK_SIZE = "1G"; // sparse

/** A system without a package, and a directory for those that are fetched. */
function aptOptions(archives: string): string[] {
  const options = [
    "Dir::State::status=/dev/null",
    `Dir::Cache::archives=${archives}`,
    "APT::Sandbox::User=root",
  ];
  const words = ["install", "-q", "-y", "--no-install-recommends", ...DEBIAN_PACKAGES];
  return [...options.flatMap((option) => ["-o", option]), ...words];
}

/** The addresses and checksums of the packages that apt would fetch now. */
export async function debianUris(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "scst_apt_" });
  try {
    await Deno.mkdir(`${dir}/partial`);
    return await toolOutput("apt-get", ["--print-uris", ...aptOptions(dir)]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Unpacks the packages in `../packages`, and tells dpkg of them. `$PWD` is the root. */
const UNPACK = `
  mkdir -p usr/bin usr/sbin usr/lib usr/lib64 var/lib/dpkg/info var/lib/dpkg/updates
  echo 1 >var/lib/dpkg/info/format
  for dir in bin sbin lib lib64; do ln -s usr/$dir $dir; done
  for package in ../packages/*.deb; do
    dpkg-deb --fsys-tarfile $package | tar --keep-directory-symlink -xf -
    name=$(dpkg-deb -f $package Package)
    [ "$(dpkg-deb -f $package Multi-Arch)" = same ] && name=$name:$(dpkg-deb -f $package Architecture)
    { dpkg-deb -f $package; echo "Status: install ok installed"; echo; } >>var/lib/dpkg/status
    dpkg-deb --fsys-tarfile $package | tar -t | sed 's#^\\.##; s#^/$#/.#; s#\\(.\\)/$#\\1#' \
      >var/lib/dpkg/info/$name.list
  done
  ln -s /run var/run
  ln -s /run/lock var/lock
  cp usr/share/base-passwd/passwd.master etc/passwd
  cp usr/share/base-passwd/group.master etc/group
  sed 's/:.*/:*:19000:0:99999:7:::/' etc/passwd >etc/shadow
  chmod 600 etc/shadow
  : >etc/machine-id`;

/** The agent that runs the scripts of tests, as a service. */
const AGENT = `[Unit]
Description=Scripts of tests

[Service]
ExecStart=/bin/sh /usr/libexec/agent.sh
StandardInput=null
`;

/** Small files, by their path. */
const FILES: Readonly<Record<string, string>> = {
  "etc/hostname": "guest\n",
  "etc/hosts": "127.0.0.1 localhost guest\n",
  "etc/systemd/system/agent.service": AGENT,
};

/** What a guest of QEMU's has no use for, and would wait for. */
const MASKED = [
  "getty.target",
  "systemd-logind.service",
  "systemd-update-utmp.service",
  "systemd-update-utmp-runlevel.service",
  "e2scrub_reap.service",
  "dpkg-db-backup.timer",
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "systemd-networkd-wait-online.service",
  "modprobe@.service",
  "dev-hugepages.mount",
  "dev-mqueue.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "proc-sys-fs-binfmt_misc.automount",
];

/** Builds {@linkcode DISK} in `dir`. Throws an Error with the words of the program that failed. */
export async function buildDebian(dir: string): Promise<void> {
  const root = `${dir}/root`;
  const archives = `${dir}/packages`;
  await Deno.mkdir(`${archives}/partial`, { recursive: true });
  await Deno.mkdir(root, { mode: 0o755 });
  await toolOutput("apt-get", ["--download-only", ...aptOptions(archives)]);
  await shell(root, UNPACK);
  const units = `${root}/etc/systemd/system`;
  await Deno.mkdir(`${units}/multi-user.target.wants`, { recursive: true });
  for (const [path, text] of Object.entries(FILES)) {
    await Deno.writeTextFile(`${root}/${path}`, text);
  }
  await Deno.mkdir(`${root}/usr/libexec`, { recursive: true });
  await Deno.copyFile(new URL("agent.sh", import.meta.url), `${root}/usr/libexec/agent.sh`);
  await Deno.symlink("../agent.service", `${units}/multi-user.target.wants/agent.service`);
  for (const unit of MASKED) await Deno.symlink("/dev/null", `${units}/${unit}`);
  for (const part of PROSE) await Deno.remove(`${root}/${part}`, { recursive: true });
  await shell(dir, `mke2fs -q -t ext4 -O ^has_journal -d root ${DISK} ${DISK_SIZE}`);
  await Deno.remove(root, { recursive: true });
  await Deno.remove(archives, { recursive: true });
}
