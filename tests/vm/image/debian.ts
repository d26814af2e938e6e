/**
 * Builds the disk of a guest whose first process is systemd: a Debian that debootstrap makes, so that the
 * scripts of its packages have run, and dpkg and apt know what is there. Only root can build it.
 */
import { createHash } from "node:crypto";
import { toolOutput } from "../../harness/tools.ts";
import { shell } from "./build.ts";
import { DEBIAN_PACKAGES, RECOMMENDED_PACKAGES } from "./packages.ts";

export const DISK = "debian.img";
const SIZE = "2G"; // sparse
const BUILD_LIMIT_MS = 600_000;

/** What debootstrap makes a system of: the release itself, as its updates are other archives. */
interface Release {
  readonly codename: string;
  readonly mirror: string;
  /** The path of apt's list of its packages. */
  readonly index: string;
}

/** The release of Debian that apt fetches from on this machine. */
async function release(): Promise<Release> {
  const format = "$(ORIGIN) $(LABEL) $(COMPONENT) $(CODENAME) $(REPO_URI) $(FILENAME)";
  const text = await toolOutput("apt-get", [
    ...["indextargets", "--format", format],
    "Created-By: Packages",
  ]);
  const [, codename, mirror, index] = /^Debian Debian main ([a-z]+) (\S+) (\S+)$/m.exec(text) ?? [];
  if (codename === undefined || mirror === undefined || index === undefined) {
    throw new Error(`apt has no list of a Debian's packages (apt-get update): it has\n${text}`);
  }
  return { codename, mirror, index };
}

/** Names the very packages that the release has, as far as apt knows, with their checksums. */
export async function debianPackages(): Promise<string> {
  const { index } = await release();
  return createHash("sha256").update(await Deno.readFile(index)).digest("hex");
}

/** The agent that runs the scripts of tests, as a service. */
const AGENT = `[Unit]
Description=Scripts of tests

[Service]
ExecStart=/bin/sh /usr/libexec/agent.sh
StandardInput=null
`;

/** Files that debootstrap knows nothing of, by their path. */
const FILES: Readonly<Record<string, string>> = {
  "etc/hostname": "guest\n",
  "etc/hosts": "127.0.0.1 localhost guest\n",
  "etc/systemd/system/agent.service": AGENT,
};

/** Builds {@linkcode DISK} in `dir`. Throws an Error with the words of the program that failed. */
export async function buildDebian(dir: string): Promise<void> {
  const own = `${dir}/own`;
  const { codename, mirror } = await release();
  const wants = `${own}/etc/systemd/system/multi-user.target.wants`;
  await shell(dir, 'umask 022; mkdir -p "$@"', wants, `${own}/usr/libexec`);
  for (const [path, text] of Object.entries(FILES)) {
    await Deno.writeTextFile(`${own}/${path}`, text);
  }
  await Deno.copyFile(new URL("agent.sh", import.meta.url), `${own}/usr/libexec/agent.sh`);
  await Deno.symlink("../agent.service", `${wants}/agent.service`);

  const script = new URL("debian.sh", import.meta.url).pathname;
  const args = [
    codename,
    mirror,
    DEBIAN_PACKAGES.join(","),
    RECOMMENDED_PACKAGES.join(" "),
    DISK,
    SIZE,
  ];
  const inDir = ["-euc", 'cd "$0"; exec unshare --mount sh "$@"', dir, script, ...args];
  await toolOutput("sh", inDir, BUILD_LIMIT_MS);
  for (const part of ["own", "root"]) await Deno.remove(`${dir}/${part}`, { recursive: true });
}
