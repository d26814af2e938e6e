/** Builds what a guest boots from: a kernel and an initramfs of Debian's packages. */
import { toolOutput } from "../../harness/tools.ts";
import { foreignLibraries } from "./libraries.ts";
import { moduleLoadOrder } from "./modules.ts";
import { KERNEL_PACKAGE, MODULES, PACKAGES } from "./packages.ts";
import { kernelPayload } from "./vmlinux.ts";

export const KERNEL = "vmlinux";
export const INITRAMFS = "initramfs.cpio";

/** What a package brings and a guest does not read. */
const PROSE = ["usr/share/doc", "usr/share/locale", "usr/share/man"];
const PROGRAM_DIRS = ["bin", "sbin", "usr/bin", "usr/sbin"];
/** Small files, by their path. iscsid obeys nobody whose name it does not find. */
const FILES: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "etc/iscsi/initiatorname.iscsi": "InitiatorName=iqn.2026-11.org.example.test:guest\n",
};

/** The package of the newest kernel. */
export async function kernelPackage(): Promise<string> {
  const text = await toolOutput("apt-cache", ["depends", KERNEL_PACKAGE]);
  const name = /^\s*Depends: (linux-image-\S+)$/m.exec(text)?.[1];
  if (name === undefined) throw new Error(`${KERNEL_PACKAGE} depends on no kernel:\n${text}`);
  return name;
}

/** Runs a shell script in a directory; `$1` and so on are the arguments. */
export async function shell(dir: string, script: string, ...args: string[]): Promise<string> {
  return await toolOutput("sh", ["-euc", `cd "$0"; ${script}`, dir, ...args]);
}

async function unpackInto(dir: string, root: string, packages: readonly string[]): Promise<void> {
  await Deno.mkdir(dir);
  await Deno.mkdir(root);
  await shell(dir, 'apt-get -q download "$@"', ...packages);
  await shell(dir, 'for package in *.deb; do dpkg-deb -x "$package" "$1"; done', root);
}

function programsOf(root: string): string[] {
  return PROGRAM_DIRS.flatMap((dir) => {
    return [...Deno.readDirSync(`${root}/${dir}`)]
      .filter((entry) => entry.isFile)
      .map((entry) => `${root}/${dir}/${entry.name}`);
  });
}

/** Puts the libraries of this machine that the guest's programs need where the loader finds them. */
async function addLibraries(root: string): Promise<void> {
  await Deno.mkdir(`${root}/lib64`, { recursive: true });
  for (const library of await foreignLibraries(root, programsOf(root))) {
    const dir = library.startsWith("/lib64/") ? "lib64" : "lib/x86_64-linux-gnu";
    await Deno.copyFile(library, `${root}/${dir}/${library.slice(library.lastIndexOf("/") + 1)}`);
  }
}

/** Puts the modules, and their names in the order of their loading, into `/modules`. */
async function addModules(root: string, modulesDir: string): Promise<void> {
  await Deno.mkdir(`${root}/modules`);
  const names: string[] = [];
  for (const file of moduleLoadOrder(modulesDir, MODULES)) {
    const name = file.slice(file.lastIndexOf("/") + 1);
    await Deno.copyFile(file, `${root}/modules/${name}`);
    names.push(name);
  }
  await Deno.writeTextFile(`${root}/modules/order`, names.join("\n") + "\n");
}

async function addInit(root: string): Promise<void> {
  for (const dir of ["dev", "mnt", "proc", "run", "sys", "tmp", "usr/libexec/busybox"]) {
    await Deno.mkdir(`${root}/${dir}`, { recursive: true });
  }
  await Deno.symlink("busybox", `${root}/bin/sh`);
  await Deno.copyFile(new URL("init.sh", import.meta.url), `${root}/init`);
  await Deno.copyFile(new URL("agent.sh", import.meta.url), `${root}/agent.sh`);
  await Deno.chmod(`${root}/init`, 0o755);
  for (const [path, text] of Object.entries(FILES)) {
    await Deno.writeTextFile(`${root}/${path}`, text);
  }
}

/**
 * Builds {@linkcode KERNEL} and {@linkcode INITRAMFS} in `dir`, which is empty.
 *
 * @throws Error with the words of the program that failed, as a rule apt-get without a network
 */
export async function buildImage(dir: string): Promise<void> {
  const [root, boot] = [`${dir}/root`, `${dir}/boot`];
  await unpackInto(`${dir}/packages`, root, PACKAGES);
  await unpackInto(`${dir}/kernel_package`, boot, [await kernelPackage()]);

  const [release] = [...Deno.readDirSync(`${boot}/lib/modules`)].map((entry) => entry.name);
  const packed = kernelPayload(await Deno.readFile(`${boot}/boot/vmlinuz-${release}`));
  await Deno.writeFile(`${dir}/vmlinux.xz`, packed);
  await shell(dir, `root/usr/bin/xz -dc vmlinux.xz >${KERNEL}`);

  await addModules(root, `${boot}/lib/modules/${release}`);
  await addLibraries(root);
  await addInit(root);
  for (const part of PROSE) await Deno.remove(`${root}/${part}`, { recursive: true });
  // Not packed: the emulated processor would take longer to unpack it than QEMU does to copy it.
  const archive = `find . | bin/busybox cpio -o -H newc -R 0:0 >../${INITRAMFS}`;
  await shell(root, archive);
  for (const part of ["packages", "kernel_package", "root", "boot", "vmlinux.xz"]) {
    await Deno.remove(`${dir}/${part}`, { recursive: true });
  }
}
