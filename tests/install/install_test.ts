import assert from "node:assert/strict";
import { runTool, toolTest } from "../harness/tools.ts";
import { BINARY, type FakeSystem, INSTALL, installOn } from "./place.ts";

const SYSTEMD = {
  systemctl: `[ "$1" = is-system-running ] && echo running; [ "$1" != is-active ]`,
};
const DEBIAN: FakeSystem = {
  name: "Linux",
  release: "ID=debian\n",
  commands: { ...SYSTEMD, "systemd-sysusers": "", "systemd-tmpfiles": "", fusermount3: "" },
};
const FREEBSD: FakeSystem = {
  name: "FreeBSD",
  commands: { pw: `case $1 in *show) exit 67 ;; esac`, service: `[ "$1" != -l ] || echo scst` },
};
const GIVEN = ["--binary", "BINARY"];

/** The manual pages of this repository, below `share`. */
const PAGES = [...Deno.readDirSync(new URL("../../docs/man/", import.meta.url))]
  .map(({ name }) => name).sort().map((name) => `share/man/man${name.at(-1)}/${name}`);

/** The README and what it leads to, below `share/doc/scst`. */
const DOCS = new TextDecoder().decode(
  new Deno.Command("sh", {
    args: [
      "-c",
      'for f in README.md docs/* docs/performance/*; do [ ! -f "$f" ] || echo "$f"; done',
    ],
    cwd: new URL("../../", import.meta.url),
  }).outputSync().stdout,
).trimEnd().split("\n").map((name) => `share/doc/scst/${name}`);

/** The paths that files were moved to. */
function installed(commands: readonly string[]): string[] {
  return commands.flatMap((line) => /^mv -f \S+\.new (\S+)$/.exec(line)?.[1] ?? []);
}

/** Without what only copies files. */
function others(commands: readonly string[]): string[] {
  return commands.filter((line) => !/^(cp|mv|mkdir -p|chmod \d+ \S+\.new)\b/.test(line));
}

Deno.test("the README's links lead to pages that are installed with it", async () => {
  const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const links = [...text.matchAll(/\]\((docs\/[^)#]+)\)/g)].map(([, path]) => path!);
  assert.ok(links.length > 10);
  const isThere = (path: string) =>
    DOCS.some((one) => one.startsWith(`share/doc/scst/${path}`)) || path === "docs/man";
  assert.deepEqual(links.filter((path) => !isThere(path)), []);
});

Deno.test("install.sh makes a service of systemd, and does what it says in that order", async () => {
  for (const shell of ["dash", "sh"]) {
    const { code, stdout, stderr, commands } = await installOn(DEBIAN, GIVEN, shell);
    assert.equal(code, 0, stderr);
    assert.deepEqual(installed(commands), [
      "/usr/local/bin/scst",
      "/usr/local/share/scst/scst.yaml",
      "/usr/local/share/bash-completion/completions/scst",
      "/usr/local/share/zsh/site-functions/_scst",
      "/usr/local/share/fish/vendor_completions.d/scst.fish",
      ...[...PAGES, ...DOCS].map((page) => `/usr/local/${page}`),
      "/usr/local/lib/systemd/system/scst.service",
      "/usr/local/lib/systemd/system/scst-mount.socket",
      "/usr/local/lib/systemd/system/scst-mount@.service",
      "/usr/local/lib/sysusers.d/scst.conf",
      "/usr/local/lib/tmpfiles.d/scst.conf",
      "/etc/scst/scst.yaml",
    ]);
    assert.deepEqual(others(commands), [
      "systemd-sysusers /usr/local/lib/sysusers.d/scst.conf",
      "chown root:scst /etc/scst.new",
      "chown scst:scst /var/lib/scst.new",
      "truncate -s 1073741824 /var/lib/scst/disk1.img.new",
      "chown scst:scst /var/lib/scst/disk1.img.new",
      "chown root:scst /etc/scst/scst.yaml.new",
      "systemd-tmpfiles --create /usr/local/lib/tmpfiles.d/scst.conf",
      "systemctl daemon-reload",
    ]);
    assert.match(stdout, /^Start it, now and at every boot: systemctl enable --now scst$/m);
    assert.ok(commands.includes("chmod 755 /usr/local/bin/scst.new"));
    assert.ok(commands.includes("chmod 640 /etc/scst/scst.yaml.new"));
    // What was cut short has no name yet that a second run would take for whole.
    for (
      const [mode, path] of [
        [2770, "/etc/scst"],
        [750, "/var/lib/scst"],
        [600, "/var/lib/scst/disk1.img"],
      ]
    ) {
      const [chmod, mv] = [`chmod ${mode} ${path}.new`, `mv ${path}.new ${path}`]
        .map((line) => commands.indexOf(line));
      assert.ok(chmod! > 0 && chmod! < mv!, `${path}`);
    }
  }
});

Deno.test("install.sh --uninstall leaves a service alone that it has not installed", async () => {
  const { code, stderr, commands } = await installOn(DEBIAN, ["--uninstall"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(commands, ["systemctl daemon-reload"]);
});

Deno.test("install.sh says that a running service has to be restarted", async () => {
  const running = {
    ...DEBIAN.commands,
    systemctl: `[ "$1" != is-system-running ] || echo degraded`,
  };
  const { stdout } = await installOn({ ...DEBIAN, commands: running }, GIVEN);
  assert.match(stdout, /^The new version runs from the next restart on: systemctl restart scst$/m);
});

Deno.test("install.sh makes the user with what the distribution has, and says what is missing", async () => {
  const useradd = { useradd: "", groupadd: "", getent: "exit 2" };
  const table: [FakeSystem, string[], RegExp][] = [
    [
      {
        name: "Linux",
        release: 'ID=fedora\nNAME="Fedora"\n',
        commands: { ...SYSTEMD, ...useradd, "systemd-tmpfiles": "" },
      },
      [
        "groupadd --system scst",
        "useradd --system --gid scst --home-dir /var/lib/scst --no-create-home " +
        "--shell /usr/sbin/nologin --comment scst iSCSI target scst",
      ],
      /^missing: fusermount3, so the management tree .*: dnf install fuse3$/m,
    ],
    [
      { name: "Linux", release: "ID=arch\n", commands: { ...DEBIAN.commands, fusermount3: "" } },
      ["systemd-sysusers /usr/local/lib/sysusers.d/scst.conf"],
      /^Start it, now and at every boot: systemctl enable --now scst$/m,
    ],
    [
      {
        name: "Linux",
        release: "ID=ubuntu\nID_LIKE=debian\n",
        commands: { ...SYSTEMD, "systemd-sysusers": "", "systemd-tmpfiles": "" },
      },
      ["systemd-sysusers /usr/local/lib/sysusers.d/scst.conf"],
      /^missing: fusermount3, .*: apt-get install fuse3$/m,
    ],
    [
      {
        name: "Linux",
        release: "ID=alpine\n",
        commands: { adduser: "", addgroup: "", getent: "exit 2" },
      },
      [
        "addgroup -S scst",
        "adduser -S -D -H -h /var/lib/scst -s /sbin/nologin -G scst -g scst iSCSI target scst",
      ],
      /^missing: fusermount3, .*: apk add fuse3\nmissing: systemd does not run here, .*\n {2}install -d -o scst .* \/run\/scst\n {2}su -s \/bin\/sh scst -c '\/usr\/local\/bin\/scst serve --config \/etc\/scst\/scst\.yaml --state \/var\/lib\/scst --control \/run\/scst\/control'\n/m,
    ],
  ];
  for (const [system, users, said] of table) {
    const { code, stdout, stderr, commands } = await installOn(system, GIVEN);
    assert.equal(code, 0, stderr);
    const made = commands.filter((line) =>
      /^(systemd-sysusers|\w*(add|user|group)\w*) /.test(line)
    );
    assert.deepEqual(made.filter((line) => !line.startsWith("getent")), users, system.release);
    assert.match(stdout, said);
  }
  const halfMade = { ...SYSTEMD, ...useradd, "systemd-tmpfiles": "", id: "echo 0" };
  const half = await installOn({ name: "Linux", commands: halfMade }, GIVEN);
  assert.equal(half.code, 0, half.stderr);
  assert.deepEqual(half.commands.filter((line) => /^\w+add /.test(line)), [
    "groupadd --system scst",
  ], "of a user without its group only that is missing");
  const nobody = { ...SYSTEMD, getent: "exit 2" };
  const { code, stderr, commands } = await installOn({ name: "Linux", commands: nobody }, GIVEN);
  assert.equal(code, 1);
  assert.deepEqual(commands, []);
  assert.match(stderr, /there is no systemd-sysusers, useradd or adduser/);
});

Deno.test("install.sh makes a service of rc.d on FreeBSD", async () => {
  const { code, stdout, stderr, commands } = await installOn(FREEBSD, GIVEN);
  assert.equal(code, 0, stderr);
  assert.deepEqual(installed(commands).filter((path) => !path.includes("/share/")), [
    "/usr/local/bin/scst",
    "/usr/local/etc/rc.d/scst",
    "/usr/local/etc/scst/scst.yaml",
  ]);
  assert.ok(commands.includes("chmod 555 /usr/local/etc/rc.d/scst.new"));
  assert.deepEqual(others(commands).filter((line) => line.startsWith("pw ")), [
    "pw groupshow scst",
    "pw groupadd scst",
    "pw usershow scst",
    "pw useradd scst -g scst -d /var/db/scst -s /usr/sbin/nologin -c scst iSCSI target",
  ]);
  assert.ok(commands.includes("truncate -s 1073741824 /var/db/scst/disk1.img.new"));
  assert.match(
    stdout,
    /^Start it, now and at every boot: sysrc scst_enable=YES && service scst start$/m,
  );
  const gone = await installOn(FREEBSD, ["--uninstall"]);
  assert.equal(gone.code, 0, gone.stderr);
  assert.deepEqual(gone.commands.filter((line) => line.startsWith("service ")), [
    "service -l",
    "service scst onestop",
  ]);
  const never = await installOn(
    { ...FREEBSD, commands: { service: "echo sshd; echo myscst" } },
    ["--uninstall"],
  );
  assert.equal(never.code, 0, never.stderr);
  assert.deepEqual(never.commands, ["service -l"], "what is not there is not stopped");
  const again = await installOn({ ...FREEBSD, commands: { pw: "", service: "" } }, GIVEN);
  assert.deepEqual(again.commands.filter((line) => /^pw \w+add/.test(line)), []);
});

Deno.test("install.sh --dry-run changes nothing", async () => {
  for (const system of [DEBIAN, FREEBSD, { ...DEBIAN, uid: 1000 }]) {
    for (const args of [GIVEN, ["--uninstall"]]) {
      const { code, stdout, stderr, commands } = await installOn(system, [...args, "--dry-run"]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(commands.filter((line) => !/^(pw \w+show|service -l$)/.test(line)), []);
      if (args === GIVEN) {
        assert.match(stdout, /^would install \/usr\/local\/bin\/scst$/m);
        assert.match(stdout, /^would run: chown scst:scst \/var\/(lib|db)\/scst\.new$/m);
      }
    }
  }
});

/** An executable of a machine (e_machine), as far as its header. */
function elf(machine: number): Uint8Array {
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.set([2, 0, machine, 0], 16);
  return header;
}

Deno.test("install.sh says of an executable that is none of this machine, or not whole, what it is", async () => {
  const script = (text: string) => new TextEncoder().encode(`#!/bin/sh\n${text}\n`);
  const table: [FakeSystem["machine"], Uint8Array, RegExp][] = [
    ["x86_64", elf(0xb7), / does not run: it is for aarch64, and this machine is x86_64: /],
    ["aarch64", elf(0x3e), / does not run: it is for x86_64, and this machine is aarch64: /],
    ["amd64", elf(0x3e), / does not run: \S/],
    ["x86_64", script("kill -SEGV $$"), /it is damaged or not whole \(.*\): it ends with 139$/],
    ["x86_64", script("echo Could not find standalone binary section; exit 1"), /damaged or not/],
    ["x86_64", new Uint8Array(), /is not scst: /],
    ["x86_64", script("echo version"), /is not scst: /],
  ];
  for (const [machine, bytes, why] of table) {
    const system: FakeSystem = { ...DEBIAN, machine: machine!, files: { given: bytes } };
    const { code, stderr, commands } = await installOn(system, ["--binary", "DIR/given"]);
    assert.equal(code, 1);
    assert.match(stderr.trimEnd(), why);
    assert.match(stderr, /^install\.sh: [^\n]*\n$/);
    assert.deepEqual(commands, []);
  }
});

Deno.test("install.sh refuses what it cannot do, in one sentence, before it changes anything", async () => {
  const table: [FakeSystem, string[], RegExp][] = [
    [DEBIAN, ["--fast"], /unknown argument --fast: see sh install\.sh --help/],
    [DEBIAN, ["--prefix"], /--prefix wants a value/],
    [DEBIAN, ["--prefix", "/a b"], /--prefix may have letters, digits .*: \/a b/],
    [DEBIAN, ["--prefix", "/a#b"], /--prefix may have letters/],
    [DEBIAN, ["--prefix", "/"], /--prefix must be a directory below \//],
    [DEBIAN, ["--root", "/"], /--root must be a directory below \//],
    [DEBIAN, ["--prefix", "//"], /--prefix must be a directory below \//],
    [DEBIAN, ["--prefix="], /--prefix wants a value/],
    [DEBIAN, ["--prefix=/a b"], /--prefix may have letters/],
    [DEBIAN, ["--binary", "/none"], /there is no file \/none/],
    [DEBIAN, ["--binary", "/none", "--dry-run"], /there is no file \/none/],
    [DEBIAN, ["--binary", "/etc/passwd"], /is no executable yet: chmod \+x \/etc\/passwd/],
    [DEBIAN, ["--binary", "/bin/false"], /\/bin\/false does not run/],
    [{ name: "Darwin" }, GIVEN, /scst runs on Linux and FreeBSD, not on Darwin/],
    [{ ...DEBIAN, uid: 1000 }, GIVEN, /run it as root, or name a directory of yours with --prefix/],
    [FREEBSD, ["--binary", "/bin/false"], /Deno makes no executables for FreeBSD/],
  ];
  for (const [system, args, why] of table) {
    const { code, stderr, commands } = await installOn(system, args);
    assert.equal(code, 1, args.join(" "));
    assert.match(stderr, /^install\.sh: [^\n]*\n$/);
    assert.match(stderr, why);
    assert.deepEqual(commands, []);
  }
});

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

toolTest("shellcheck finds nothing in the scripts", ["shellcheck"], async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const scripts = ["install.sh", "systemd/scst.rc", "tests/vm/image/debian.sh"];
  const { code, stdout } = await runTool("shellcheck", scripts.map((name) => `${root}${name}`));
  assert.equal(code, 0, stdout);
});
