/** The service as its users have it: under systemd as the first process of a Debian, from the package. */
import assert from "node:assert/strict";
import { makeDeb } from "../../packaging/deb.ts";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady } from "../harness/sessions.ts";
import { DATA_THREAD, STOP_THREAD } from "../harness/stop_thread.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, testUnitReady } from "../initiator/cdb.ts";
import { INITIATOR_NAME } from "../initiator/login.ts";
import type { Address } from "../initiator/raw.ts";
import { parseKeys, PrIn, prIn, prList, PrOut, prOut } from "../initiator/reservations.ts";
import { assertTree, type ServiceScene, serviceTest, show, SLOW_S } from "./service.ts";
import { SteadyWriter } from "./steady_writer.ts";
import { Transcript } from "./transcript.ts";

const TARGET = "iqn.2026-11.org.example:disk1";

/** A watchdog that a test has the time to wait for. */
const DROP_IN = `mkdir -p /etc/systemd/system/scst.service.d
  printf '[Service]\\nWatchdogSec=15s\\n' >/etc/systemd/system/scst.service.d/test.conf`;

/** Stops the thread of the data loop, and no other one, until the server that has it is gone. */
const STOP_DATA_LOOP = `for thread in /proc/$(systemctl show --value -p MainPID scst)/task/*; do
    if [ "$(cat $thread/comm)" = ${DATA_THREAD} ]; then exec perl - \${thread##*/} <<'END'
${STOP_THREAD}
END
    fi
  done; exit 1`;

async function writeAndRead(address: Address, luns: readonly number[], seed: number) {
  await using session = await openReady(address, luns);
  for (const lun of luns) {
    const data = patternBytes(65536, seed + lun);
    await writeBlocks(session, 100, data, { lun });
    assertSameBytes(await readBlocks(session, 100, 128, { lun }), data);
  }
  await session.logout();
}

async function readBack(address: Address, luns: readonly number[], seed: number) {
  await using session = await openReady(address, luns);
  for (const lun of luns) {
    assertSameBytes(await readBlocks(session, 100, 128, { lun }), patternBytes(65536, seed + lun));
  }
  await session.logout();
}

const KEY = 0x5c57n;

/** Registers at a disk for longer than a server lives. */
async function register(address: Address): Promise<void> {
  await using session = await openReady(address);
  const write = prList({ actionKey: KEY, aptpl: true });
  const cdb = prOut(PrOut.REGISTER_AND_IGNORE, 0, write.length);
  assert.equal((await session.command(cdb, { write })).status, 0);
  await session.logout();
}

/** What initiators know a disk by, and what they have reserved: its serial number, ids and keys. */
async function whatStays(address: Address): Promise<(Uint8Array | readonly bigint[])[]> {
  await using session = await openReady(address);
  const pages = [];
  for (const page of [0x80, 0x83]) {
    pages.push((await session.command(inquiry(255, page), { read: 255 })).data);
  }
  const { data } = await session.command(prIn(PrIn.READ_KEYS, 64), { read: 64 });
  await session.logout();
  return [...pages, parseKeys(data).keys];
}

async function lifeOfService(scene: ServiceScene): Promise<void> {
  const { guest, address, delivered, step } = scene;
  const deb = `/root/${delivered}`;

  await step("apt makes of the package a running service with a disk and the tree", async () => {
    await guest.output(DROP_IN);
    const transcript = new Transcript(guest, "With the package of Debian");
    await transcript.run("apt install -y ./scst_*.deb");
    assert.match(await transcript.run("scst status"), new RegExp(TARGET));
    transcript.keep();
    assert.deepEqual(await show(guest, "ActiveState", "SubState", "UnitFileState", "User"), [
      "active",
      "running",
      "enabled",
      "scst",
    ]);
    assert.match(
      (await show(guest, "StatusText")).join(),
      /^Serving 0 sessions on 127\.0\.0\.1:3260$/,
    );
    await assertTree(guest);
    const owners =
      "stat -c '%U:%G %a' /etc/scst /etc/scst/scst.yaml /var/lib/scst /run/scst/control";
    assert.equal(
      await guest.output(owners),
      "root:scst 2770\nroot:scst 640\nscst:scst 750\nscst:scst 660\n",
    );
  });

  await step(
    "reload applies what differs, and fails for a block device that is another group's",
    async () => {
      await guest.output(
        `sed -i -e 's/127.0.0.1:3260.*/0.0.0.0:3260/' \\
        -e 's#^targets:#  raw: { handler: vdisk_blockio, filename: /dev/vdc }\\n&#' \\
        -e '$s/$/\\n      1: raw/' /etc/scst/scst.yaml`,
      );
      const { code } = await guest.run("systemctl reload scst", SLOW_S);
      assert.notEqual(code, 0);
      assert.match(
        await guest.output("journalctl -u scst -o cat"),
        /cannot add device raw: .*'\/dev\/vdc'.*EACCES/,
      );
      assert.match((await show(guest, "StatusText")).join(), / on 0\.0\.0\.0:3260$/);
      await writeAndRead(address, [0], 1);
    },
  );

  await step("a rule of udev gives it to the group, and it is there", async () => {
    await guest.output(
      `echo 'KERNEL=="vdc", GROUP="scst"' >/etc/udev/rules.d/70-scst.rules
      udevadm control --reload; udevadm trigger --settle /dev/vdc; systemctl reload scst`,
      SLOW_S,
    );
    assert.equal(await guest.output("stat -c '%U:%G %a' /dev/vdc"), "root:scst 660\n");
    await writeAndRead(address, [0, 1], 1);
  });

  await step("reload refuses a mistake, and nothing changes", async () => {
    await guest.output("cp -p /etc/scst/scst.yaml /root; echo 'oops: 1' >>/etc/scst/scst.yaml");
    const { code } = await guest.run("systemctl reload scst", SLOW_S);
    assert.notEqual(code, 0);
    assert.match(await guest.output("journalctl -u scst -p err -o cat"), /scst\.yaml:\d+:.*oops/);
    await guest.output("cat /root/scst.yaml >/etc/scst/scst.yaml");
    await readBack(address, [0, 1], 1);
  });

  await step("the journal has priorities, and knows initiators, targets and LUNs", async () => {
    {
      // A warning about a command: nothing that a LUN has can be both read and written.
      await using session = await openReady(address);
      await session.command(testUnitReady(), { read: 512, write: new Uint8Array(512) });
      await session.logout();
    }
    const find = async (...matches: string[]) => {
      const words = `journalctl -o json ${matches.join(" ")}`;
      const lines = (await guest.output(words)).trimEnd().split("\n");
      return lines.map((line) => JSON.parse(line));
    };
    const initiator = `INITIATOR=${INITIATOR_NAME}`;
    const ofLun = await find(initiator, `TARGET=${TARGET}`, "LUN=0", "PRIORITY=4");
    assert.match(ofLun[0].MESSAGE, / lun=0 /);
    assert.equal(ofLun[0]._SYSTEMD_UNIT, "scst.service");
    for (const { MESSAGE } of await find(initiator, "PRIORITY=6")) {
      assert.ok(MESSAGE.includes(`initiator=${INITIATOR_NAME}`), MESSAGE);
    }
    const errors = await guest.output("journalctl -u scst -p err -o json --output-fields=PRIORITY");
    assert.match(errors, /"PRIORITY":"3"/);
  });

  await step(
    "an upgrade under load loses nothing and takes less than initiators wait",
    async () => {
      await register(address);
      const before = await whatStays(address);
      assert.deepEqual(before.at(-1), [KEY]);
      const writer = new SteadyWriter(address);
      await writer.progress(20);
      await guest.output(`dpkg -i ${deb}`, SLOW_S);
      await writer.progress(20);
      assert.equal(writer.logins, 2);
      await writer.stop();
      await readBack(address, [0, 1], 1);
      assert.deepEqual(await whatStays(address), before);
      assert.match(await guest.output("cat /etc/scst/scst.yaml"), /1: raw/);
      await assertTree(guest);
    },
  );

  await step("a server whose data loop is stuck is replaced, and its mount with it", async () => {
    const [pid] = await show(guest, "MainPID");
    assert.equal(await guest.output(STOP_DATA_LOOP, SLOW_S), "stopped\n");
    await guest.output(
      `for i in $(seq 200); do
        [ "$(systemctl show --value -p NRestarts scst)" = 1 ] && systemctl is-active -q scst && exit
        sleep 1
      done; exit 1`,
      SLOW_S,
    );
    const log = await guest.output("journalctl -u scst -o cat");
    assert.match(log, /^The data loop is stuck: /m);
    assert.match(log, /Watchdog timeout/);
    assert.notEqual((await show(guest, "MainPID"))[0], pid);
    await readBack(address, [0, 1], 1);
    await assertTree(guest);
  });

  await step("after a reboot everything is there again", async () => {
    await guest.reboot();
    await guest.output("systemctl is-system-running --wait", SLOW_S);
    await readBack(address, [0, 1], 1);
    await assertTree(guest);
  });

  await step("stop ends in order, and leaves no mount", async () => {
    await guest.output("systemctl stop scst", SLOW_S);
    assert.deepEqual(await show(guest, "Result", "ExecMainStatus"), ["success", "0"]);
    const { stdout } = await guest.run(
      "sleep 1; grep scst_tgt /proc/mounts; systemctl --failed --plain --no-legend",
    );
    assert.equal(stdout, "");
  });

  await step(
    "what is removed leaves configuration and disks, and comes back with them",
    async () => {
      await guest.output("apt-get -q -y remove scst", SLOW_S);
      const { stdout } = await guest.run(`systemctl is-enabled scst; systemctl is-active scst
      systemctl --failed --plain --no-legend
      ls -d /usr/bin/scst /etc/scst/scst.yaml /var/lib/scst/disk1.img`);
      assert.equal(stdout, "masked\ninactive\n/etc/scst/scst.yaml\n/var/lib/scst/disk1.img\n");
      await guest.output(`dpkg -i ${deb}`, SLOW_S);
      assert.deepEqual(await show(guest, "ActiveState", "UnitFileState"), ["active", "enabled"]);
      await readBack(address, [0, 1], 1);
    },
  );

  await step("purging takes everything away but the disks", async () => {
    await guest.output("apt-get -q -y purge scst", SLOW_S);
    const { stdout } = await guest.run(`systemctl cat scst 2>&1; ls -d /etc/scst /usr/bin/scst
      systemctl --failed --plain --no-legend; ls /var/lib/scst/disk1.img`);
    assert.match(stdout, /^No files found for scst\.service\.\n\/var\/lib\/scst\/disk1\.img\n$/);
  });
}

serviceTest(
  "systemd runs scst: installed, started, reloaded, upgraded, watched, stopped, removed",
  makeDeb,
  lifeOfService,
);
