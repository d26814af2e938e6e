/** What `scst doctor` finds out by itself, and whether the commands that it names do what they are to. */
import assert from "node:assert/strict";
import { judge } from "../harness/doctor.ts";
import { lookAtStateDir } from "../../lib/doctor/files.ts";
import type { Patient } from "../../lib/doctor/finding.ts";
import { lookAtUser } from "../../lib/doctor/machine.ts";
import { installCommand } from "../../lib/doctor/commands.ts";
import { openPorts } from "../../lib/doctor/network.ts";
import { judgeFile, type Sandbox, sandboxOf } from "../../lib/doctor/service.ts";
import { usersOf } from "../../lib/doctor/who.ts";
import { shellWord } from "../../lib/doctor/shell_word.ts";
import { runTool } from "../harness/tools.ts";

const UNIT = await Deno.readTextFile(new URL("../../systemd/scst.service", import.meta.url));

/** Somebody else. */
const STRANGER = 54321;

Deno.test("judgeFile() finds the places that the unit of the service shuts", () => {
  const says = (sandbox: Sandbox, path: string, readOnly = false) =>
    judgeFile(sandbox, "d", path, readOnly).map(({ says, mend }) => `${says} -> ${mend}`);
  const own = sandboxOf([UNIT]);
  for (const path of ["/srv/d.img", "/mnt/a/d.img", "/media/d", "/var/lib/scst/disk1.img"]) {
    assert.deepEqual(says(own, path), [], path);
  }
  for (const path of ["/home/joe/d.img", "/root/d.img", "/tmp/d.img", "/var/tmp/d"]) {
    for (const readOnly of [false, true]) {
      assert.match(
        says(own, path, readOnly).join(),
        /^device d: the service does not see \/.* -> mv /,
      );
    }
  }
  const [shut] = says(own, "/tank/a b/d.img");
  assert.match(shut!, /^device d: the service may not write to \/tank\/a b, with /);
  assert.match(
    shut!,
    /printf '\[Service\]\\nReadWritePaths=%s\\n' '\/tank\/a b' >>\/etc\/systemd\//,
  );
  assert.deepEqual(says(own, "/tank/d.img", true), []);
  assert.equal(says(own, "/srvx/d.img").length, 1);
  // What the command writes, and what administrators write besides.
  const granted = sandboxOf([UNIT, "[Service]\nReadWritePaths=/tank\n"]);
  assert.deepEqual(says(granted, "/tank/d.img"), []);
  assert.deepEqual(says(granted, "/srv/d.img"), []);
  const emptied = sandboxOf([UNIT, "[Service]\nReadWritePaths=\nReadWritePaths=-/a +/b\n"]);
  assert.deepEqual(emptied.writable, ["/a", "/b"]);
  const open = sandboxOf([UNIT, "ProtectHome=no\nPrivateTmp=no\nProtectSystem=full\n"]);
  assert.deepEqual(open, { writable: undefined, hidden: [] });
});

Deno.test("installCommand() knows the package managers of distributions and their descendants", () => {
  const table: [string, string][] = [
    ["ID=debian\n", "apt-get install fuse3"],
    ['NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', "apt-get install fuse3"],
    ["ID=fedora\n", "dnf install fuse3"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install fuse3"],
    ["ID=arch\n", "pacman -S fuse3"],
    ["ID=alpine\n", "apk add fuse3"],
    ['ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "zypper install fuse3"],
    ["", "install fuse3"],
  ];
  for (const [release, command] of table) {
    assert.equal(installCommand("fuse3", release), command, release);
  }
});

Deno.test("openPorts() names a command of the packet filter that is there", () => {
  const table: [string[], string][] = [
    [["nft", "iptables", "ufw"], "ufw allow 3260/tcp && ufw allow 860/tcp"],
    [
      ["firewall-cmd"],
      "firewall-cmd --permanent --add-port=3260/tcp && firewall-cmd --reload && " +
      "firewall-cmd --permanent --add-port=860/tcp && firewall-cmd --reload",
    ],
    [
      ["iptables"],
      "iptables -I INPUT -p tcp --dport 3260 -j ACCEPT && " +
      "iptables -I INPUT -p tcp --dport 860 -j ACCEPT",
    ],
    [[], "nft list ruleset"],
  ];
  for (const [programs, command] of table) {
    assert.equal(openPorts([3260, 860], (one) => programs.includes(one)), command);
  }
  const nft = openPorts([1, 2], (one) => one === "nft");
  assert.match(nft, /^nft insert .* dport 1 accept && nft insert .* dport 2 accept {3}# /);
});

Deno.test("usersOf() reads passwd(5), and shellWord() keeps what a shell would take apart", async () => {
  assert.deepEqual(usersOf("root:x:0:0::/:/bin/sh\nbad\nscst:x:995:995::/:\n+::x\n"), [
    { name: "root", uid: 0 },
    { name: "scst", uid: 995 },
  ]);
  for (const text of ["/srv/d.img", "/a b", "it's", "$HOME", "a;b"]) {
    assert.equal((await runTool("sh", ["-c", `printf %s ${shellWord(text)}`])).stdout, text);
  }
});

Deno.test("scst doctor has nobody take away what is the service's", () => {
  const patient: Patient = {
    uid: STRANGER,
    owner: "scst",
    config: "/etc/scst/scst.yaml",
    isOfService: true,
    isAboutOther: true,
    args: " --json",
    wants: undefined,
    stateDir: "/proc/1/fd", // which nobody may write to
    treePath: undefined,
    isServing: true,
  };
  const [user] = lookAtUser(patient);
  assert.equal(user!.level, "note");
  assert.match(user!.mend!, /\bscst doctor --json\b.* {3}# as root$/);
  assert.deepEqual(lookAtStateDir(patient).map(({ level, mend }) => [level, mend]), [
    ["note", undefined],
  ]);
  assert.equal(lookAtStateDir({ ...patient, isAboutOther: false })[0]!.level, "error");
});

/** Something wrong with a file or a directory, and what is wrong of. */
interface Illness {
  readonly name: string;
  readonly check: "devices" | "state";
  readonly filename?: string;
  readonly state?: string;
  readonly before: string;
}

const ILLNESSES: readonly Illness[] = [
  { name: "no file", check: "devices", before: "" },
  { name: "no directory", check: "devices", filename: "deep/er/it's", before: "" },
  { name: "empty file", check: "devices", before: ": >d.img" },
  { name: "odd file", check: "devices", before: "truncate -s 5000 d.img" },
  { name: "shut file", check: "devices", before: "truncate -s 1M d.img; chmod 0 d.img" },
  {
    name: "file of somebody else",
    check: "devices",
    before: `truncate -s 1M d.img; chmod 600 d.img; chown ${STRANGER} d.img`,
  },
  {
    name: "shut directory",
    check: "devices",
    filename: "shut/in/d.img",
    before:
      `mkdir -p shut/in; truncate -s 1M shut/in/d.img; chmod 700 shut; chown ${STRANGER} shut`,
  },
  {
    name: "state of somebody else",
    check: "state",
    before: `mkdir state; chown ${STRANGER} state`,
  },
  { name: "shut state", check: "state", before: "mkdir state; chmod 500 state" },
  {
    name: "state behind a shut directory",
    check: "state",
    state: "far/state",
    before: `mkdir -p far/state; chmod 700 far; chown ${STRANGER} far`,
  },
  {
    name: "state that cannot be made",
    check: "state",
    state: "far/state",
    before: `mkdir far; chown ${STRANGER} far`,
  },
];

Deno.test({
  name: "The command that scst doctor names for a file or a directory mends it",
  ignore: Deno.uid() !== 0, // only root can give files away, and run what is named
  fn: async (t) => {
    for (const { name, check, filename = "d.img", state = "state", before } of ILLNESSES) {
      await t.step(name, async () => {
        const dir = await Deno.makeTempDir({ prefix: "scst_doctor_" });
        try {
          await Deno.chmod(dir, 0o755);
          const set = await runTool("sh", ["-c", `cd "$0"; ${before}`, dir]);
          assert.equal(set.code, 0, set.stderr);
          const ask = () => judge(dir, `${dir}/${filename}`, `${dir}/${state}`, check);
          const { level, mend } = await ask();
          assert.notEqual(level, "ok");
          const mended = await runTool("sh", ["-c", mend ?? "false"]);
          assert.equal(mended.code, 0, `${mend}: ${mended.stderr}`);
          const after = await ask();
          assert.equal(after.level, "ok", `${mend}: ${after.says}`);
        } finally {
          await Deno.remove(dir, { recursive: true });
        }
      });
    }
  },
});
