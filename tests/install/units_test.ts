/** The units of systemd, and the script of FreeBSD's rc.d. */
import assert from "node:assert/strict";
import { PLACES_OF } from "../../ffi/places.ts";
import { BINARY, INSTALL } from "./place.ts";
import { spawnProgram } from "../harness/program.ts";
import { runTool, toolTest } from "../harness/tools.ts";

const SYSTEMD = new URL("../../systemd/", import.meta.url).pathname;
/** What `systemd-analyze security` may find at most: the sum of what is open to the service. */
const EXPOSURE_MOST = 2;

/** The units as they are installed, with a stand-in of the executable that exists. */
async function withUnits(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "scst_units_" });
  try {
    await Deno.writeTextFile(`${dir}/given`, BINARY, { mode: 0o755 });
    const args = [INSTALL, "--binary", `${dir}/given`, "--root", `${dir}/tree`, "--prefix", "/usr"];
    const { code, stderr } = await runTool("sh", args);
    assert.equal(code, 0, stderr);
    const units = `${dir}/tree/usr/lib/systemd/system`;
    const service = await Deno.readTextFile(`${units}/scst.service`);
    await Deno.writeTextFile(
      `${units}/scst.service`,
      service.replaceAll("/usr/bin/scst", `${dir}/given`),
    );
    await action(units);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

toolTest("systemd understands the units", ["systemd-analyze"], () =>
  withUnits(async (units) => {
    const files = ["scst.service", "scst-mount.socket", "scst-mount@.service"]
      .map((name) => `${units}/${name}`);
    const { code, stderr } = await runTool("systemd-analyze", ["verify", "--man=no", ...files]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
  }));

toolTest(
  `the service is open to no more than ${EXPOSURE_MOST} of systemd's ten points`,
  ["systemd-analyze"],
  () =>
    withUnits(async (units) => {
      const { stdout } = await runTool("systemd-analyze", [
        "security",
        "--offline=true",
        "--no-pager",
        `${units}/scst.service`,
      ]);
      const exposure = /Overall exposure level for scst\.service: ([\d.]+)/.exec(stdout)?.[1];
      assert.ok(exposure !== undefined && Number(exposure) <= EXPOSURE_MOST, stdout);
    }),
);

toolTest(
  "sysusers makes the user and tmpfiles the directories that the units name",
  ["systemd-analyze"],
  async () => {
    const root = await Deno.makeTempDir({ prefix: "scst_units_" });
    try {
      await Deno.mkdir(`${root}/etc`);
      await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0::/root:/bin/sh\n");
      await Deno.writeTextFile(`${root}/etc/group`, "root:x:0:\n");
      const at = `--root=${root}`;
      const users = await runTool("systemd-sysusers", [at, `${SYSTEMD}scst.sysusers`]);
      assert.equal(users.code, 0, users.stderr);
      const passwd = await Deno.readTextFile(`${root}/etc/passwd`);
      const [, uid, gid] = /^scst:x:(\d+):(\d+):scst iSCSI target:\/var\/lib\/scst:.*nologin$/m
        .exec(passwd) ?? [];
      assert.ok(uid, passwd);
      const files = await runTool("systemd-tmpfiles", [
        at,
        "--create",
        `${SYSTEMD}scst.tmpfiles`,
      ]);
      assert.equal(files.code, 0, files.stderr);
      const owner = async (path: string) => {
        const info = await Deno.stat(`${root}${path}`);
        return [info.uid, info.gid, (info.mode ?? 0) & 0o7777];
      };
      // The server may make files there, but not put another directory in the mount point's place.
      assert.deepEqual(await owner("/run/scst"), [0, Number(gid), 0o1775]);
      assert.deepEqual(await owner("/run/scst/tree"), [0, 0, 0o555]);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
  Deno.uid() === 0 ? undefined : "only root can give files away",
);

/**
 * What of FreeBSD's rc.subr the script uses: its variables, and the commands of run_rc_command. On a real
 * FreeBSD it has not been run.
 */
const RC_SUBR = `
load_rc_config() { :; }
run_rc_command() {
  case $1 in
    start) [ -f "$required_files" ] || { echo "no $required_files"; exit 1; }
      $start_precmd || exit 1
      echo "$command" $command_args ;;
    reload) $reload_cmd ;;
    check) $check_cmd ;;
    *) echo "$extra_commands $rcvar $pidfile" ;;
  esac
}`;

interface RcPlace {
  readonly dir: string;
  run(command: string): Promise<{ code: number; stdout: string; commands: string[] }>;
}

async function withRc(action: (place: RcPlace) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "scst_rc_" });
  try {
    await Deno.mkdir(`${dir}/bin`);
    await Deno.writeTextFile(`${dir}/rc.subr`, RC_SUBR);
    const text = await Deno.readTextFile(`${SYSTEMD}scst.rc`);
    const script = text.replace(". /etc/rc.subr", `. ${dir}/rc.subr`)
      .replace('scst_program="/usr/bin/scst"', `scst_program="${dir}/bin/scst"`)
      .replaceAll("/var/run/scst", `${dir}/run`);
    await Deno.writeTextFile(`${dir}/scst`, script);
    for (const name of ["install", "kldload"]) {
      const stub = `#!/bin/sh\necho "${name} $*" >>${dir}/record\n`;
      await Deno.writeTextFile(`${dir}/bin/${name}`, stub, { mode: 0o755 });
    }
    const check = `#!/bin/sh\necho "$@"\n! grep -qs wrong "$2"\n`;
    await Deno.writeTextFile(`${dir}/bin/scst`, check, { mode: 0o755 });
    await Deno.writeTextFile(`${dir}/scst.yaml`, "right\n");
    await action({
      dir,
      async run(command) {
        await Deno.writeTextFile(`${dir}/record`, "");
        const env = {
          PATH: `${dir}/bin:${Deno.env.get("PATH")}`,
          scst_config: `${dir}/scst.yaml`,
        };
        await using program = spawnProgram([], { env }, ["sh", [`${dir}/scst`, command]]);
        const { code, stdout } = await program.result;
        const record = (await Deno.readTextFile(`${dir}/record`)).split("\n").slice(0, -1);
        const tidy = (line: string) => line.replaceAll(dir, "DIR");
        return { code, stdout: tidy(stdout), commands: record.map(tidy) };
      },
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the rc.d script has daemon(8) run the server as its user, after a check", () =>
  withRc(async ({ dir, run }) => {
    const { code, stdout, commands } = await run("start");
    assert.equal(code, 0);
    assert.deepEqual(commands, [
      "install -d -o scst -g scst -m 755 DIR/run",
      "install -d -o scst -g scst -m 750 /var/db/scst",
    ]);
    const server = "DIR/bin/scst serve --config DIR/scst.yaml --state /var/db/scst " +
      "--control DIR/run/control --tree none --stop-within 60";
    const supervisor = "/usr/sbin/daemon -r -R 1 -S -T scst -P DIR/run.pid -p DIR/run/child.pid";
    assert.equal(stdout, `check DIR/scst.yaml\n${supervisor} -u scst ${server}\n`);
    await Deno.writeTextFile(`${dir}/scst.yaml`, "wrong\n");
    const wrong = await run("start");
    assert.equal(wrong.code, 1);
    assert.deepEqual(wrong.commands, []);
    assert.equal(wrong.stdout, "check DIR/scst.yaml\n");
  }));

Deno.test("the rc.d script has the server reload and check", () =>
  withRc(async ({ run }) => {
    assert.equal((await run("reload")).stdout, "reload --socket DIR/run/control\n");
    assert.equal((await run("check")).stdout, "check DIR/scst.yaml\n");
    assert.equal((await run("other")).stdout, "reload check scst_enable DIR/run.pid\n");
  }));

Deno.test("the other commands look for an installed server where its script and its unit have it", async () => {
  const { linux, freebsd } = PLACES_OF;
  const unit = await Deno.readTextFile(`${SYSTEMD}scst.service`);
  assert.match(unit, new RegExp(`^ExecStart=.* --config ${linux.config} `, "m"));
  assert.match(unit, new RegExp(`^Environment=SCST_CONTROL=${linux.control} `, "m"));
  const rc = await Deno.readTextFile(`${SYSTEMD}scst.rc`);
  for (const line of [`scst_config:=${freebsd.config}}`, `scst_state:=${freebsd.state}}`]) {
    assert.ok(rc.includes(line), line);
  }
  const run = /^scst_run="(.*)"$/m.exec(rc)?.[1];
  assert.equal(freebsd.control, `${run}/control`);
  assert.ok(rc.includes("--control $scst_run/control"));
});
