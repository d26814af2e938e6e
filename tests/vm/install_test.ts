/** The way of the README from an empty Debian to a disk that Linux uses, with install.sh, and back again. */
import assert from "node:assert/strict";
import { makeTarball } from "../../packaging/tarball.ts";
import type { Guest } from "./guest.ts";
import { assertTree, serviceTest, show, SLOW_S } from "./service.ts";
import { installationIn, Transcript } from "./transcript.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
const TARGET = "iqn.2026-11.org.example:disk1";
const TREE = "/run/scst/tree";
/** What `systemd-analyze security` may find at most: the sum of what is open to the service. */
const EXPOSURE_MOST = 2;

/** What /root/data has, and the first bytes of the disk. */
const SAME_DATA = "cmp -n 1048576 /root/data /var/lib/scst/disk1.img";

/** The names of the disks that the kernel has from scst, in the order of their LUNs. */
async function disks(guest: Guest): Promise<string[]> {
  const text = await guest.output(`iscsiadm -m session --rescan >&2; udevadm settle
    lsblk -n -d -o HCTL,NAME,VENDOR | sort | sed -n 's/^\\S* *\\(\\S*\\) *SCST_FIO *$/\\1/p'`);
  return text.trim().split("\n");
}

/** Runs a command as somebody, and gives its exit code and what it says. */
async function as(guest: Guest, user: string, command: string): Promise<[number, string]> {
  const script = `su -s /bin/sh ${user} <<'END' 2>&1\n${command}\nEND`;
  const { code, stdout } = await guest.run(script, SLOW_S);
  return [code, stdout];
}

async function linuxFindsTheDisk(guest: Guest, transcript: Transcript): Promise<void> {
  await transcript.run("iscsiadm -m discovery -t sendtargets -p 127.0.0.1:3260");
  await transcript.run(`iscsiadm -m node -T ${TARGET} -p 127.0.0.1:3260 --login`);
  await guest.output("udevadm settle");
  await transcript.run("lsblk -S");
  const [disk] = await disks(guest);
  await guest.output(`dd if=/dev/urandom of=/root/data bs=64k count=16 status=none
    dd if=/root/data of=/dev/${disk} bs=64k conv=fsync status=none; ${SAME_DATA}`);
}

/** What systemd says of the units, and the kernel of the process. */
async function littleIsOpen(guest: Guest): Promise<void> {
  const units = "scst.service scst-mount.socket scst-mount@.service";
  const { code, stdout, stderr } = await guest.run(`systemd-analyze verify ${units}`, SLOW_S);
  assert.deepEqual([code, stdout, stderr], [0, "", ""]);
  const report = await guest.output("systemd-analyze security --no-pager scst", SLOW_S);
  const exposure = /Overall exposure level for scst\.service: ([\d.]+)/.exec(report)?.[1];
  assert.ok(exposure !== undefined && Number(exposure) <= EXPOSURE_MOST, report);
  const [pid] = await show(guest, "MainPID");
  const status = await guest.output(`cat /proc/${pid}/status`);
  const uid = (await guest.output("id -u scst")).trim();
  assert.notEqual(uid, "0");
  assert.match(status, new RegExp(`^Uid:(\\t${uid}){4}$`, "m"));
  for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"]) {
    assert.match(status, new RegExp(`^Cap${set}:\\t0+$`, "m"));
  }
}

/** Has the guest write the data over and over, past its cache, until there is /run/enough. */
function writeOver(disk: string): string {
  return `(until [ -e /run/enough ]; do
      dd if=/root/data of=/dev/${disk} bs=64k oflag=direct status=none && echo >>/run/rounds
    done; touch /run/written) >/run/failed 2>&1 </dev/null &`;
}

/** Waits for so many more rounds of that. */
function rounds(count: number): string {
  return `touch /run/rounds; wanted=$(($(wc -l </run/rounds) + ${count}))
    until [ $(wc -l </run/rounds) -ge $wanted ]; do sleep 0.2; done`;
}

/** The server is restarted while the guest writes, since it can mount the tree from then on. */
async function restartUnderLoad(guest: Guest): Promise<void> {
  assert.equal((await guest.run(`ls ${TREE}`)).stdout, "");
  await guest.output("dpkg -i /var/cache/apt/archives/*fuse3*.deb", SLOW_S);
  const [disk] = await disks(guest);
  await guest.output(`${writeOver(disk!)}\n${rounds(2)}`, SLOW_S);
  const [before] = await show(guest, "MainPID");
  await guest.output(`systemctl restart scst; ${rounds(3)}`, SLOW_S);
  assert.notEqual((await show(guest, "MainPID"))[0], before);
  await guest.output(`touch /run/enough; until [ -e /run/written ]; do sleep 0.2; done`);
  assert.equal(await guest.output("cat /run/failed"), "");
  await guest.output(SAME_DATA);
  await assertTree(guest);
  assert.match(await guest.output("cat /proc/mounts"), / \/run\/scst\/tree fuse\.scst_tgt /);
}

/** The tree is for root and the server's user, the socket for its group as well, none for others. */
async function whoAdministers(guest: Guest): Promise<void> {
  await guest.output(`useradd -G scst ann && useradd bob
    for disk in 2 3; do install -o scst -g scst -m 600 /dev/null /srv/disk$disk.img; done
    truncate -s 16M /srv/disk2.img /srv/disk3.img`);
  const byTree = `cd ${TREE}; echo "add_device disk2 filename=/srv/disk2.img" \\
      >handlers/vdisk_fileio/mgmt && echo "add disk2 1" >targets/iscsi/${TARGET}/luns/mgmt`;
  const bySocket = "SCST_CONTROL=/run/scst/control scst device add disk3 filename=/srv/disk3.img";
  for (const [user, door] of [["bob", byTree], ["bob", bySocket], ["ann", byTree]] as const) {
    const [code, said] = await as(guest, user, door);
    assert.notEqual(code, 0);
    assert.match(said, /permission/i);
  }
  // SCST's modes are 0644 and 0444, so that everybody sees how things are.
  assert.deepEqual(await as(guest, "ann", `ls ${TREE}/devices`), [0, "disk1\n"]);
  for (const [user, door] of [["scst", byTree], ["ann", bySocket]] as const) {
    const [code, said] = await as(guest, user, door);
    assert.equal(code, 0, said);
  }
  assert.equal(await guest.output(`ls ${TREE}/devices`), "disk1\ndisk2\ndisk3\n");
  const [, disk2, ...more] = await disks(guest);
  assert.deepEqual(more, []);
  assert.equal(await guest.output(`blockdev --getsize64 /dev/${disk2}`), `${16 * 2 ** 20}\n`);
}

serviceTest(
  "two commands make of an empty Debian a service with a disk; install.sh takes it away again",
  makeTarball,
  async ({ guest, delivered, step }) => {
    const dir = delivered.replace(/\.tar\.gz$/, "");
    await guest.output(`cd /root && tar -xzf ${delivered}`, SLOW_S);
    const transcript = new Transcript(guest, "With install.sh", dir);

    await step("the Debian is empty, and whole", async () => {
      await transcript.run('. /etc/os-release; echo "$PRETTY_NAME"');
      await transcript.run("systemctl is-system-running --wait");
      await transcript.run("systemctl cat scst.service", 1);
      const wrong = "dpkg --audit; command -v scst fusermount3; ls -d /etc/scst";
      assert.equal((await guest.run(wrong, SLOW_S)).stdout, "");
    });

    await step("two commands make a service with a disk", async () => {
      for (const command of installationIn(README)) await transcript.run(command);
      assert.deepEqual(await show(guest, "ActiveState", "UnitFileState", "FragmentPath", "User"), [
        "active",
        "enabled",
        "/usr/local/lib/systemd/system/scst.service",
        "scst",
      ]);
      assert.match(await transcript.run("scst status"), new RegExp(TARGET));
    });

    await step(
      "Linux finds the disk, and what it writes is in the file",
      () => linuxFindsTheDisk(guest, transcript),
    );
    await step(
      "systemd has nothing to say against the units, and little is open",
      () => littleIsOpen(guest),
    );
    await step(
      "a restart loses nothing that Linux writes, and brings the tree once there is fuse3",
      () => restartUnderLoad(guest),
    );
    await step("only those administer who may, by each door", () => whoAdministers(guest));

    await step("install.sh takes everything away but configuration and disks", async () => {
      await guest.output(`iscsiadm -m node -T ${TARGET} --logout`);
      await transcript.run("sh install.sh --uninstall");
      const { stdout } = await guest.run(
        `systemctl cat scst 2>&1; systemctl --failed --plain --no-legend
        find /usr/local -name '*scst*'; ls /var/lib/scst/disk1.img /etc/scst`,
      );
      const kept = "/var/lib/scst/disk1.img\n\n/etc/scst:\nscst.yaml\n";
      assert.equal(stdout, `No files found for scst.service.\n${kept}`);
      transcript.keep();
    });
  },
);
