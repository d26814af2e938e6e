/**
 * The images that guests boot from, which are built once and kept: in SCST_VM_CACHE, or else where
 * the user's caches are. They are built anew when Debian has other packages or this directory changes.
 */
import { createHash } from "node:crypto";
import { toolOutput } from "../../harness/tools.ts";
import { buildImage, INITRAMFS, KERNEL, kernelPackage } from "./build.ts";
import { buildDebian, debianPackages, DISK } from "./debian.ts";
import { PACKAGES } from "./packages.ts";

export interface GuestImage {
  /** The path of the kernel, an ELF file with a PVH entry. */
  readonly kernel: string;
  /** The path of the initramfs. */
  readonly initramfs: string;
}

function cacheDir(): string {
  const own = Deno.env.get("SCST_VM_CACHE");
  if (own) return own;
  const caches = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? "/tmp"}/.cache`;
  return `${caches}/scst-vm`;
}

/** Names the very packages that apt would fetch now, and the text of everything that builds. */
async function imageKey(packages: string): Promise<string> {
  const hash = createHash("sha256");
  hash.update(packages);
  const here = new URL("./", import.meta.url);
  for (const name of [...Deno.readDirSync(here)].map((entry) => entry.name).sort()) {
    hash.update(await Deno.readFile(new URL(name, here)));
  }
  return hash.digest("hex").slice(0, 16);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes every image of a kind but one, and what builds of it that were killed have left. */
async function keepOnly(cache: string, kind: string, kept: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(cache)) {
    if (!isDirectory || !name.startsWith(`${kind}-`) || name === kept) continue;
    await Deno.remove(`${cache}/${name}`, { recursive: true });
  }
}

/** The directory of an image: the one that is there, or what `build` makes in an empty one. */
async function cached(
  kind: string,
  packages: string,
  build: (dir: string) => Promise<void>,
): Promise<string> {
  const cache = cacheDir();
  const name = `${kind}-${await imageKey(packages)}`;
  const dir = `${cache}/${name}`;
  await Deno.mkdir(cache, { recursive: true });
  using lock = await Deno.open(`${cache}/${kind}.lock`, { create: true, write: true });
  await lock.lock(true);
  if (!exists(dir)) {
    await keepOnly(cache, kind, name);
    const unfinished = await Deno.makeTempDir({ dir: cache, prefix: `${kind}-` });
    await build(unfinished);
    await Deno.rename(unfinished, dir);
  }
  return dir;
}

/**
 * Finds the image or builds it, which takes half a minute and fetches 75 MB.
 *
 * @throws Error with apt's words where Debian's packages are not within reach
 */
export async function guestImage(): Promise<GuestImage> {
  const packages = [await kernelPackage(), ...PACKAGES];
  const uris = await toolOutput("apt-get", ["-q", "download", "--print-uris", ...packages]);
  const dir = await cached("boot", uris, buildImage);
  return { kernel: `${dir}/${KERNEL}`, initramfs: `${dir}/${INITRAMFS}` };
}

/** Finds or builds the disk of a guest with systemd, as root, and gives its path. It is not to be written to. */
export async function debianDisk(): Promise<string> {
  return `${await cached("debian", await debianPackages(), buildDebian)}/${DISK}`;
}
