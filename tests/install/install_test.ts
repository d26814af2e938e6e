import assert from "node:assert/strict";
import { runTool, toolTest } from "../harness/tools.ts";
import { type FakeSystem, installOn } from "./place.ts";
import { DOCS, PAGES } from "./shared_files.ts";

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

/** The paths that files were moved to. */
function installed(commands: readonly string[]): string[] {
  return commands.flatMap((line) => /^mv -f \S+\.new (\S+)$/.exec(line)?.[1] ?? []);
}

/** Without what only copies files. */
function others(commands: readonly string[]): string[] {
  return commands.filter((line) => !/^(cp|mv|mkdir -p|chmod \d+ \S+\.new)\b/.test(line));
}

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

toolTest("shellcheck finds nothing in the scripts", ["shellcheck"], async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const scripts = ["install.sh", "systemd/scst.rc", "tests/vm/image/debian.sh"];
  const { code, stdout } = await runTool("shellcheck", scripts.map((name) => `${root}${name}`));
  assert.equal(code, 0, stdout);
});
