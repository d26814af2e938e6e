/**
 * The foreign programs that tests drive. A test that needs one which is not installed is reported
 * as ignored, with the program's name and its Debian package; with SCST_REQUIRE_TOOLS=1 it fails.
 */
import { openIsal } from "../../ffi/isal.ts";

/** The Debian package of each program. */
const PACKAGES = {
  "apt-get": "apt",
  "bash": "bash",
  "chromium": "chromium",
  "curl": "curl",
  "debootstrap": "debootstrap",
  "dpkg-deb": "dpkg",
  "fio": "fio",
  "fish": "fish",
  "fusermount3": "fuse3",
  "iscsi-inq": "libiscsi-bin",
  "iscsi-ls": "libiscsi-bin",
  "iscsi-perf": "libiscsi-bin",
  "iscsi-readcapacity16": "libiscsi-bin",
  "iscsi-swp": "libiscsi-bin",
  "iscsi-test-cu": "libiscsi-bin",
  "isnsadm": "open-isns-utils",
  "isnsd": "open-isns-server",
  /** A library that the program itself opens. */
  "libisal": "libisal2",
  "losetup": "mount",
  "perf": "linux-perf",
  "perl": "perl",
  "promtool": "prometheus",
  "qemu-img": "qemu-utils",
  "qemu-storage-daemon": "qemu-utils",
  "qemu-io": "qemu-utils",
  "qemu-system-x86_64": "qemu-system-x86",
  /** QEMU's iSCSI driver: a module that qemu-img and qemu-io load. */
  "qemu-block-iscsi": "qemu-block-extra",
  /** Gives a program a terminal. */
  "script": "bsdutils",
  "sg_get_lba_status": "sg3-utils",
  "sg_logs": "sg3-utils",
  "sg_vpd": "sg3-utils",
  "shellcheck": "shellcheck",
  "systemd-analyze": "systemd",
  "tgtadm": "tgt",
  "tgtd": "tgt",
  "xorriso": "xorriso",
  "zsh": "zsh",
} as const;

export type Tool = keyof typeof PACKAGES;

/** The tools that every test with QEMU as the initiator needs. */
export const QEMU: readonly Tool[] = ["qemu-img", "qemu-io", "qemu-block-iscsi"];

/** What a guest (tests/vm) is built with and runs on. */
export const GUEST: readonly Tool[] = ["qemu-system-x86_64", "apt-get", "dpkg-deb"];

/** The same for one with a Debian of its own. */
export const DEBIAN_GUEST: readonly Tool[] = [...GUEST, "debootstrap"];

const TOOL_LIMIT_MS = 120_000;

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function isOnPath(command: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((dir) => isFile(`${dir}/${command}`));
}

/** QEMU names the protocols that it lacks before it tries to connect; nobody listens on port 1. */
function hasQemuIscsi(): boolean {
  if (!isOnPath("qemu-img")) return false;
  const args = ["info", "iscsi://127.0.0.1:1/iqn.2026-11.org.example:none/0"];
  const { stderr } = new Deno.Command("qemu-img", { args, stdout: "null", stderr: "piped" })
    .outputSync();
  return !/Unknown (protocol|driver)|module/.test(new TextDecoder().decode(stderr));
}

function isInstalled(tool: Tool): boolean {
  if (tool === "libisal") return openIsal() !== undefined;
  return tool === "qemu-block-iscsi" ? hasQemuIscsi() : isOnPath(tool);
}

/** One sentence about the tools that are not installed; undefined if all are. */
export function missingTools(tools: readonly Tool[]): string | undefined {
  const missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((tool) => PACKAGES[tool]))];
  return `${missing.join(", ")} missing: apt-get install ${packages.join(" ")}`;
}

/**
 * Registers a test that drives foreign programs. `absent` is a sentence about what else is not there,
 * and cannot be installed: then the test is ignored in any case.
 */
export function toolTest(
  name: string,
  tools: readonly Tool[],
  body: (t: Deno.TestContext) => Promise<void>,
  absent?: string,
): void {
  const missing = missingTools(tools);
  if (missing !== undefined && Deno.env.get("SCST_REQUIRE_TOOLS") === "1") {
    Deno.test(name, () => {
      throw new Error(missing);
    });
    return;
  }
  const why = missing ?? absent;
  if (why === undefined) Deno.test(name, body);
  else Deno.test({ name: `${name} [${why}]`, ignore: true, fn: body });
}

export interface ToolResult {
  /** The exit code; 128 and the signal's number if a signal ended the program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The program did not end in time and was killed. */
  readonly timedOut: boolean;
}

/** Runs a program to its end, or kills it after `limitMs` milliseconds. */
export async function runTool(
  command: string,
  args: readonly string[],
  limitMs = TOOL_LIMIT_MS,
): Promise<ToolResult> {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, limitMs);
  try {
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), timedOut };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a program that must succeed and returns what it wrote to standard output.
 *
 * @throws Error with the command and all its output if it fails or does not end in time
 */
export async function toolOutput(
  command: string,
  args: readonly string[],
  limitMs = TOOL_LIMIT_MS,
): Promise<string> {
  const { code, stdout, stderr, timedOut } = await runTool(command, args, limitMs);
  if (code !== 0) {
    const how = timedOut ? `did not end within ${limitMs} ms` : `exited with code ${code}`;
    throw new Error(`${command} ${args.join(" ")} ${how}:\n${stdout}${stderr}`);
  }
  return stdout;
}
