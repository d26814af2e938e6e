/** The service as its users have it: under systemd as the first process of a Debian without anything else. */
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { makeDeb } from "../../packaging/deb.ts";
import { inspect } from "../../packaging/product.ts";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady } from "../harness/sessions.ts";
import { GUEST, toolOutput, toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry } from "../initiator/cdb.ts";
import { INITIATOR_NAME } from "../initiator/login.ts";
import type { Address } from "../initiator/raw.ts";
import { parseKeys, PrIn, prIn, prList, PrOut, prOut } from "../initiator/reservations.ts";
import { Guest } from "./guest.ts";
import { debianDisk } from "./image/image.ts";
import { SteadyWriter } from "./steady_writer.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const BINARY = Deno.env.get("SCST_BIN") ?? "";
const PORTAL = 3260;
/** Everything that starts the executable takes seconds of an emulated processor. */
const SLOW_S = 300;
const RAW_SIZE = 8 * 2 ** 20;

/** A watchdog that a test has the time to wait for. */
const DROP_IN = `mkdir -p /etc/systemd/system/scst.service.d
  printf '[Service]\\nWatchdogSec=15s\\n' >/etc/systemd/system/scst.service.d/test.conf`;

/** The files that the guest gets, in an archive that is a disk of it. */
async function makePayload(dir: string): Promise<string> {
  const deb = await makeDeb(await inspect(BINARY, manifest.version), dir);
  await Deno.rename(deb, `${dir}/scst.deb`);
  const parts = ["install.sh", "systemd", "docs"];
  await toolOutput("tar", ["-cf", `${dir}/payload`, "-C", dir, "scst.deb", "-C", ROOT, ...parts]);
  return `${dir}/payload`;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** What systemd says of the service. */
async function show(guest: Guest, ...properties: string[]): Promise<string[]> {
  const text = await guest.output(
    `for name in ${properties.join(" ")}; do systemctl show --value -p $name scst; done`,
  );
  return text.split("\n").slice(0, properties.length);
}

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

/** Whether the tree is mounted, and answers as it should. */
async function treeVersion(guest: Guest): Promise<string> {
  return (await guest.output("timeout 50 cat /run/scst/tree/version")).trim();
}

async function lifeOfService(guest: Guest, address: Address, t: Deno.TestContext): Promise<void> {
  // Each step begins where the one before has ended.
  const step = async (name: string, body: () => Promise<void>) => {
    assert.ok(await t.step(name, body), `it ends here: ${name}`);
  };
  await step("dpkg -i makes a running service with a disk", async () => {
    await guest.output(`${DROP_IN}; tar -xf /dev/vdb -C /root; dpkg -i /root/scst.deb`, SLOW_S);
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
    assert.match(await treeVersion(guest), /3\.11\.0/);
    const owners =
      "stat -c '%U:%G %a' /etc/scst /etc/scst/scst.yaml /var/lib/scst /run/scst/control";
    assert.equal(
      await guest.output(owners),
      "root:scst 2770\nroot:scst 640\nscst:scst 750\nscst:scst 660\n",
    );
  });

  await step("reload applies what differs, a block device of the group as well", async () => {
    await guest.output(
      `chgrp scst /dev/vdc && chmod 660 /dev/vdc
      sed -i -e 's/127.0.0.1:3260.*/0.0.0.0:3260/' \\
        -e 's#^targets:#  raw: { handler: vdisk_blockio, filename: /dev/vdc }\\n&#' \\
        -e '$s/$/\\n      1: raw/' /etc/scst/scst.yaml
      systemctl reload scst`,
      SLOW_S,
    );
    await writeAndRead(address, [0, 1], 1);
    assert.match((await show(guest, "StatusText")).join(), / on 0\.0\.0\.0:3260$/);
  });

  await step("reload refuses a mistake, and nothing changes", async () => {
    await guest.output("cp -p /etc/scst/scst.yaml /root; echo 'oops: 1' >>/etc/scst/scst.yaml");
    const { code } = await guest.run("systemctl reload scst", SLOW_S);
    assert.notEqual(code, 0);
    assert.match(await guest.output("journalctl -u scst -p err -o cat"), /scst\.yaml:\d+:.*oops/);
    await guest.output("cat /root/scst.yaml >/etc/scst/scst.yaml");
    await readBack(address, [0, 1], 1);
  });

  await step("the journal has priorities, and knows initiators and targets", async () => {
    const found = `journalctl -o cat INITIATOR=${INITIATOR_NAME}`;
    const lines = await guest.output(`${found} -p info | head -3; journalctl -F TARGET`);
    assert.match(lines, /initiator=/);
    assert.match(lines, /^iqn\.2026-11\.org\.example:disk1$/m);
  });

  await step(
    "an upgrade under load loses nothing and takes less than initiators wait",
    async () => {
      await register(address);
      const before = await whatStays(address);
      assert.deepEqual(before.at(-1), [KEY]);
      const writer = new SteadyWriter(address);
      await writer.progress(20);
      await guest.output("dpkg -i /root/scst.deb", SLOW_S);
      await writer.progress(20);
      assert.equal(writer.logins, 2);
      await writer.stop();
      await readBack(address, [0, 1], 1);
      assert.deepEqual(await whatStays(address), before);
      assert.match(await guest.output("cat /etc/scst/scst.yaml"), /1: raw/);
      assert.match(await treeVersion(guest), /3\.11\.0/);
    },
  );

  await step(
    "a server that does nothing any more is replaced, and its mount with it",
    async () => {
      const [pid] = await show(guest, "MainPID");
      await guest.output(
        `kill -STOP ${pid}
      for i in $(seq 200); do
        [ "$(systemctl show --value -p NRestarts scst)" = 1 ] && systemctl is-active -q scst && exit
        sleep 1
      done; exit 1`,
        SLOW_S,
      );
      assert.match(await guest.output("journalctl -u scst -o cat"), /Watchdog timeout/);
      await readBack(address, [0, 1], 1);
      assert.match(await treeVersion(guest), /3\.11\.0/);
    },
  );

  await step("after a reboot everything is there again", async () => {
    await guest.output("echo 'z /dev/vdc 0660 root scst' >/etc/tmpfiles.d/test.conf");
    await guest.reboot();
    await guest.output("systemctl is-system-running --wait", SLOW_S);
    await readBack(address, [0, 1], 1);
    assert.match(await treeVersion(guest), /3\.11\.0/);
  });

  await step("stop ends in order, and leaves no mount", async () => {
    await guest.output("systemctl stop scst", SLOW_S);
    assert.deepEqual(await show(guest, "Result", "ExecMainStatus"), ["success", "0"]);
    const { stdout } = await guest.run(
      "sleep 1; grep scst_tgt /proc/mounts; systemctl --failed --plain --no-legend",
    );
    assert.equal(stdout, "");
  });

  await step("purging takes everything away but the disks", async () => {
    await guest.output("dpkg -P scst", SLOW_S);
    const { stdout } = await guest.run(`systemctl cat scst 2>&1; ls -d /etc/scst /usr/bin/scst
      ls /var/lib/scst/disk1.img`);
    assert.match(stdout, /No files found for scst\.service/);
    assert.ok(stdout.endsWith("\n/var/lib/scst/disk1.img\n"), stdout);
    assert.doesNotMatch(stdout, /^\/(etc|usr)/m);
  });

  await step("install.sh and one more command do the same, and undo it", async () => {
    await guest.output(
      `cd /root && dpkg-deb --fsys-tarfile scst.deb | tar -x --strip-components=3 ./usr/bin/scst
      sh install.sh && systemctl enable --now scst`,
      SLOW_S,
    );
    assert.deepEqual(await show(guest, "ActiveState", "UnitFileState", "FragmentPath"), [
      "active",
      "enabled",
      "/usr/local/lib/systemd/system/scst.service",
    ]);
    await guest.output("sh /root/install.sh --uninstall", SLOW_S);
    const { stdout } = await guest.run(
      "systemctl cat scst 2>&1; ls /usr/local/bin/scst; ls /etc/scst",
    );
    assert.match(stdout, /No files found for scst\.service/);
    assert.ok(stdout.endsWith("\nscst.yaml\n"), stdout);
  });
}

function whyNot(): string | undefined {
  if (BINARY === "") return "SCST_BIN names no executable: deno task build";
  if (Deno.uid() !== 0) return "only root can make the guest's disk";
  return undefined;
}

toolTest(
  "systemd runs scst: installed, started, reloaded, upgraded, watched, stopped, removed",
  GUEST,
  async (t) => {
    const dir = await Deno.makeTempDir({ prefix: "scst_systemd_" });
    try {
      await Deno.writeFile(`${dir}/raw`, new Uint8Array());
      await Deno.truncate(`${dir}/raw`, RAW_SIZE);
      const port = freePort();
      await using guest = await Guest.start({
        root: await debianDisk(),
        disks: [await makePayload(dir), `${dir}/raw`],
        forward: { [port]: PORTAL },
        memory: 1024,
      });
      await lifeOfService(guest, { host: "127.0.0.1", port }, t);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
  whyNot(),
);
