/** What the machine and the user have for a server. */
import { CRC32C_BY } from "../../ffi/crc32c.ts";
import { describeErrno } from "../../ffi/errno.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { HELPER } from "../../ffi/fuse_helper.ts";
import { listMounts } from "../../ffi/mount.ts";
import { SYSTEM } from "../../ffi/platform.ts";
import { readSystemFile } from "../../ffi/system_file.ts";
import { installCommand, isThere, osRelease } from "./commands.ts";
import { type Finding, note, ok, type Patient, warning } from "./finding.ts";
import { askAsService, hasServiceUser, nameOf, SERVICE_USER } from "./who.ts";

/** The first Linux whose preadv2() knows RWF_NOWAIT: with older ones every read goes to a worker. */
const NOWAIT_SINCE = [4, 14] as const;

/** Descriptors: as many connections as there may be, and some for everything else. */
const DESCRIPTORS_LEAST = 4096 + 256;

const MEMORY_LEAST = 256 * 2 ** 20;

/** Before this the clock has not been set. */
const CLOCK_LEAST = Date.UTC(2026, 0, 1);

/** What differs from one system to the next. */
const WORDS = {
  linux: {
    setClock: "timedatectl set-ntp true",
    loadFuse: "modprobe fuse && chmod 666 /dev/fuse",
  },
  freebsd: {
    setClock: "sysrc ntpd_enable=YES ntpd_sync_on_start=YES && service ntpd start",
    loadFuse: "kldload fusefs && chmod 666 /dev/fuse",
  },
}[SYSTEM];

export function lookAtSystem(): Finding[] {
  const release = Deno.osRelease();
  if (SYSTEM !== "linux") return [note(`${SYSTEM} ${release}: scst has not been run there yet`)];
  const [major = 0, minor = 0] = release.split(".").map(Number);
  const isNew = major > NOWAIT_SINCE[0] || major === NOWAIT_SINCE[0] && minor >= NOWAIT_SINCE[1];
  if (isNew) return [ok(`Linux ${release}`)];
  const since = NOWAIT_SINCE.join(".");
  const what = `Linux ${release} is older than ${since}: reads from the page cache are slower`;
  return [warning(what, "install a newer kernel of your distribution")];
}

export function lookAtUser({ uid, args, isAboutOther }: Patient): Finding[] {
  if (isAboutOther) {
    const what = `this is ${nameOf(uid)}, and the service is ${SERVICE_USER}`;
    const says = `${what}: what ${nameOf(uid)} may open says nothing of it`;
    return [note(says, `${askAsService(args)}   # as root`)];
  }
  if (uid !== 0) return [ok(`user ${nameOf(uid)}: no privileges are needed`)];
  return hasServiceUser()
    ? [note(
      `this is root, and the service is ${SERVICE_USER}: what root may open says nothing of it`,
      askAsService(args),
    )]
    : [note("this is root: a server needs no privileges, and is safer without them")];
}

export function lookAtDescriptors({ uid }: Patient): Finding[] {
  const limits = readSystemFile("/proc/self/limits");
  const found = typeof limits === "string" && /^Max open files +\S+ +(\S+)/m.exec(limits)?.[1];
  if (!found) return [note("the limit of open files is not known here")];
  if (found === "unlimited" || Number(found) >= DESCRIPTORS_LEAST) {
    return [ok(`${found} files may be open`)];
  }
  // What is found is the hard limit, to which the runtime raises the other: only root gets above it.
  const mend = uid === 0
    ? "ulimit -n 65536   # in the shell that starts the server; the service has a limit of its own"
    : `echo '${
      nameOf(uid)
    } - nofile 65536' >>/etc/security/limits.conf   # as root; from the next login on`;
  const what = `${found} files may be open, and 4096 connections want ${DESCRIPTORS_LEAST}`;
  return [warning(what, mend)];
}

export function lookAtMemory(): Finding[] {
  const text = readSystemFile("/proc/meminfo");
  const free = typeof text === "string" && /^MemAvailable: +(\d+) kB/m.exec(text)?.[1];
  if (!free) return [note("the memory that is left is not known here")];
  const mebibytes = Math.floor(Number(free) / 1024);
  return mebibytes * 2 ** 20 >= MEMORY_LEAST ? [ok(`${mebibytes} MiB of memory are available`)] : [
    warning(
      `only ${mebibytes} MiB of memory are available`,
      "end what takes it: ps aux --sort=-rss",
    ),
  ];
}

export function lookAtClock(): Finding[] {
  const now = new Date();
  if (now.getTime() < CLOCK_LEAST) {
    return [
      warning(`the clock says ${now.toISOString()}: it is not set`, WORDS.setClock),
    ];
  }
  return [ok(`the clock says ${now.toISOString()}`)];
}

export function lookAtDigests(): Finding[] {
  return CRC32C_BY === "libisal"
    ? [ok("digests are computed by libisal")]
    : [note("digests are computed without libisal, which is faster", installIsal(osRelease()))];
}

/** Only of Debian and its descendants is the name of the package known. */
function installIsal(release: string): string {
  const command = installCommand("libisal2", release);
  return command.startsWith("apt-get ") ? command : "install ISA-L, which has libisal.so.2";
}

/** The mount needs /dev/fuse, and a helper where root does not mount it. */
export function lookAtFuse({ uid, treePath, isServing, isOfService }: Patient): Finding[] {
  if (treePath === undefined) return [note("no management tree is to be mounted (SCST_TREE)")];
  const mounts = listMounts();
  const mount = Array.isArray(mounts) && mounts.findLast(({ path }) => path === treePath);
  if (mount && isServing) return [ok(`the management tree is mounted at ${treePath}`)];
  if (mount && mount.type.startsWith("fuse")) {
    return [warning(
      `${treePath} is still mounted, and no server answers: the next one cleans it up`,
      uid === 0 ? `umount -l ${treePath}` : [...HELPER.unmount, treePath].join(" "),
    )];
  }
  const fd = openFile("/dev/fuse", true);
  if (fd < 0) {
    const why = describeErrno(-fd);
    const what = `/dev/fuse cannot be opened (${why}): there will be no mounted tree`;
    return [note(what, WORDS.loadFuse)];
  }
  closeFile(fd);
  const isMountedForOthers = uid !== 0 || isOfService && hasServiceUser();
  if (isMountedForOthers && !isThere(HELPER.program)) {
    const what = `${HELPER.program} is missing, which mounts for users`;
    return [note(what, installCommand("fuse3", osRelease()))];
  }
  return [ok("FUSE can be used")];
}
