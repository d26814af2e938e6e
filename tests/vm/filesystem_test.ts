/** A file system on a disk: what most disks are for. */
import assert from "node:assert/strict";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { GuestSession } from "./open_iscsi.ts";

const MIB = 2 ** 20;
const SIZE = 64 * MIB;
/** What is copied: some 8 MB in 100 files. */
const TREE = "/usr/bin";

/** Bytes that a file takes of its file system. */
function allocated(path: string): number {
  return (Deno.statSync(path).blocks ?? 0) * 512;
}

guestTest("ext4 keeps its files and gives back their space", async (guest, t) => {
  await using server = await startTestServer((dir) =>
    diskYaml([
      { filename: backingFile(dir, "thin.img", SIZE), thinProvisioned: true },
      { filename: backingFile(dir, "thick.img", SIZE), blocksize: 4096, writeThrough: true },
    ])
  );
  const session = await GuestSession.login(guest, server);

  for (const [lun, file] of [[0, "thin.img"], [1, "thick.img"]] as const) {
    const { disk } = await session.device(lun);
    await t.step(`ext4 on ${file} survives an unmount and passes e2fsck`, async () => {
      await guest.output(`mkfs.ext4 -q -E lazy_itable_init=0 ${disk} && mount ${disk} /mnt`);
      await guest.output(`cp -a ${TREE} /mnt/tree && umount /mnt && e2fsck -f -n ${disk}`);
      await guest.output(`
        echo 3 >/proc/sys/vm/drop_caches && mount ${disk} /mnt && diff -r ${TREE} /mnt/tree &&
        umount /mnt`);
      assert(allocated(`${server.dir}/${file}`) > 2 * MIB);
    });
  }

  await t.step("fstrim and blkdiscard give space back", async () => {
    const { disk } = await session.device(0);
    const file = `${server.dir}/thin.img`;
    const full = allocated(file);
    await guest.output(
      `mount ${disk} /mnt && rm -r /mnt/tree && sync && fstrim /mnt && umount /mnt`,
    );
    const trimmed = allocated(file);
    assert(trimmed < full - 2 * MIB, `${full} bytes before and ${trimmed} after fstrim`);
    await guest.output(`e2fsck -f -n ${disk} && blkdiscard ${disk}`);
    assert.equal(allocated(file), 0);
    assert(Deno.readFileSync(file).every((byte) => byte === 0));
  });

  await t.step("the kernel has no complaint", async () => {
    await session.logout();
    assert.deepEqual(await kernelComplaints(guest), []);
    assert.doesNotMatch(server.stderr(), /^(warning|error) /m);
  });
});
