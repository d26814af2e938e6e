/** What Linux makes of a drive for CDs: its own driver mounts, locks, ejects and loads, and sees changes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { diskYaml } from "../harness/disk_yaml.ts";
import { reload } from "../harness/reload.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { toolOutput } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { GuestSession } from "./open_iscsi.ts";

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Makes `N.iso` in `dir`, with one file of pseudo-random bytes. */
async function makeImage(dir: string, number: number): Promise<void> {
  const root = `${dir}/root${number}`;
  await Deno.mkdir(root);
  await Deno.writeFile(`${root}/data`, patternBytes(number * 2 ** 20, number));
  await toolOutput("xorriso", [
    ...["-as", "mkisofs", "-quiet", "-r", "-V", `CD${number}`],
    ...["-o", `${dir}/${number}.iso`, root],
  ]);
}

const driveYaml = (dir: string, number: number) =>
  diskYaml([{ name: "cd", handler: "vcdrom", filename: `${dir}/${number}.iso` }]);

/** The content of the image, and the file in it, in hexadecimal. */
function expectedHashes({ dir }: TestServer, number: number): string[] {
  return [`${dir}/${number}.iso`, `${dir}/root${number}/data`]
    .map((path) => sha256(Deno.readFileSync(path)));
}

guestTest("Linux uses a drive for CDs", async (guest, t) => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    for (const number of [1, 2]) await makeImage(dir, number);
    await using server = await startTestServer(driveYaml(dir, 1), { dir });
    const session = await GuestSession.login(guest, server);
    const { disk, generic } = await session.device(0);
    const hashes = async () => {
      const text = await guest.output(`
        mkdir -p /cd && mount -t iso9660 -o ro ${disk} /cd || exit
        sha256sum ${disk} /cd/data
        umount /cd`);
      return text.trim().split("\n").map((line) => line.slice(0, 64));
    };

    await t.step("it is a CD-ROM that reads DVDs, and not a disk", async () => {
      assert.equal(disk, "/dev/sr0");
      const info = await guest.output("cat /proc/sys/dev/cdrom/info");
      assert.match(info, /^Can (open tray|lock tray|read DVD):\s+1$/m);
      assert.doesNotMatch(info, /^Can write .*:\s+1$/m);
      assert.match(await guest.output(`sg_inq ${generic}`), /PDT=5 .*RMB=1/);
      assert.match(await guest.output(`sg_get_config ${generic}`), /^Current profile: CD-ROM$/m);
      await guest.output(`sg_vpd -a ${generic} && sg_modes -a ${generic} && sg_opcodes ${generic}`);
    });

    await t.step("its file system is that of the image", async () => {
      assert.deepEqual(await hashes(), expectedHashes(server, 1));
    });

    await t.step(
      "a mounted medium is locked: neither guest nor operator takes it out",
      async () => {
        await guest.output(`mount -t iso9660 -o ro ${disk} /cd`);
        assert.notEqual((await guest.run(`sg_start --eject ${generic}`)).code, 0);
        await reload(server, driveYaml(dir, 2), /^error cannot change device cd: /);
        const events = await guest.output(
          `sg_raw -r 8 ${generic} 4a 01 00 00 10 00 00 00 08 00 2>&1`,
        );
        assert.match(events, /00 06 04 56 01 02/, "eject request, medium present");
        await guest.output("umount /cd");
      },
    );

    await t.step("another medium is another file system", async () => {
      await reload(server, driveYaml(dir, 2), /^info done: change device cd$/);
      assert.deepEqual(await hashes(), expectedHashes(server, 2));
    });

    await t.step("it ejects and loads", async () => {
      await guest.output(`sg_start --eject ${generic}`);
      const ready = await guest.run(`sg_turs -v ${generic}`);
      assert.notEqual(ready.code, 0);
      assert.match(ready.stdout + ready.stderr, /medium not present/i);
      await guest.output(`sg_start --load ${generic}`);
      assert.deepEqual(await hashes(), expectedHashes(server, 2));
    });

    await t.step("the kernel has nothing to complain of", async () => {
      assert.deepEqual(await kernelComplaints(guest), []);
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["xorriso"]);
