/** install.sh on systems that are not here: their commands are stand-ins that write down what they are told. */
import { spawnProgram } from "../harness/program.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What the script may really do: read, compare, and write below TMPDIR. */
const REAL = [
  ...["basename", "cat", "cmp", "dash", "dirname", "grep", "ls", "mktemp", "od", "readlink"],
  ...["sed", "sh", "tr"],
];

/** What every system has and a test must not let be done. */
const RECORDED = ["chmod", "chown", "cp", "mkdir", "mv", "rm", "rmdir", "truncate"];

export interface FakeSystem {
  /** What `uname -m` says; x86_64 by default. */
  readonly machine?: string;
  /** What `uname -s` says. */
  readonly name: "Linux" | "FreeBSD" | "Darwin";
  /** /etc/os-release. */
  readonly release?: string;
  /** Its own commands: what each does after it is written down, as a line of sh. */
  readonly commands?: Readonly<Record<string, string>>;
  /** Executables, which `args` name as DIR/NAME. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Who runs the script; root by default. */
  readonly uid?: number;
}

export interface Installed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The commands that change something, in their order, with the place of the test left out. */
  readonly commands: readonly string[];
}

/** The script as this repository has it. */
export const INSTALL = `${ROOT}install.sh`;

/** A stand-in of the executable. */
export const BINARY = `#!/bin/sh
case $1 in
  version) echo "scst 9.9.9" ;;
  completion) echo "# for $2" ;;
  *) exit 1 ;;
esac
`;

function stub(name: string, body: string): string {
  return `#!/bin/sh\necho "${name} $*" >>"$RECORD"\n${body}\n`;
}

async function which(command: string): Promise<string> {
  for (const dir of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      return await Deno.realPath(`${dir}/${command}`);
    } catch { /* somewhere else */ }
  }
  throw new Error(`There is no ${command}`);
}

/** Runs install.sh with `args` on `system`; `shell` is the shell that it is run by. */
export async function installOn(
  system: FakeSystem,
  args: readonly string[],
  shell = "dash",
): Promise<Installed> {
  const dir = await Deno.makeTempDir({ prefix: "scst_install_" });
  try {
    await Deno.mkdir(`${dir}/bin`);
    await Deno.mkdir(`${dir}/tmp`);
    for (const name of REAL) await Deno.symlink(await which(name), `${dir}/bin/${name}`);
    const programs = {
      uname: `[ "$1" = -m ] && echo ${system.machine ?? "x86_64"} || echo ${system.name}`,
      id: `[ "$*" = "-u" ] && echo ${system.uid ?? 0}`,
      ...Object.fromEntries(RECORDED.map((name) => [name, ""])),
      ...system.commands,
    };
    for (const [name, body] of Object.entries(programs)) {
      await Deno.writeTextFile(`${dir}/bin/${name}`, stub(name, body), { mode: 0o755 });
    }
    await Deno.writeTextFile(`${dir}/scst`, BINARY, { mode: 0o755 });
    await Deno.writeTextFile(`${dir}/release`, system.release ?? "");
    await Deno.writeTextFile(`${dir}/record`, "");
    const env = {
      PATH: `${dir}/bin`,
      TMPDIR: `${dir}/tmp`,
      RECORD: `${dir}/record`,
      SCST_OS_RELEASE: `${dir}/release`,
    };
    for (const [name, bytes] of Object.entries(system.files ?? {})) {
      await Deno.writeFile(`${dir}/${name}`, bytes, { mode: 0o755 });
    }
    const words = args.map((word) => word.replace("BINARY", `${dir}/scst`).replace(/^DIR/, dir));
    const command: [string, string[]] = [`${dir}/bin/${shell}`, [INSTALL, ...words]];
    await using program = spawnProgram([], { env }, command);
    const { code, stdout, stderr } = await program.result;
    const record = await Deno.readTextFile(`${dir}/record`);
    const tidy = (text: string) =>
      text.replaceAll(/\S*scst_install\.\w+/g, "WORK").replaceAll(dir, "DIR");
    const commands = tidy(record).split("\n").slice(0, -1)
      .filter((line) => !/^(uname|id|rm -rf WORK|systemctl is-)/.test(line));
    return { code, stdout: tidy(stdout), stderr: tidy(stderr), commands };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
