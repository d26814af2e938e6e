/** open-iscsi logs in with every combination of digests. */
import assert from "node:assert/strict";
import { sha256 } from "../harness/image.ts";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { GuestSession } from "./open_iscsi.ts";

const MIB = 2 ** 20;

guestTest("digests protect what Linux sends and reads", async (guest, t) => {
  await using server = await startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "disk.img", 16 * MIB) }])
  );

  for (const header of ["None", "CRC32C"]) {
    for (const data of ["None", "CRC32C"]) {
      await t.step(`data arrives with HeaderDigest=${header} and DataDigest=${data}`, async () => {
        const record = "node.conn[0].iscsi";
        const settings = { [`${record}.HeaderDigest`]: header, [`${record}.DataDigest`]: data };
        const session = await GuestSession.login(guest, server, { settings });
        const { disk } = await session.device(0);
        const used = await guest.output(
          "cat /sys/class/iscsi_connection/*/header_digest /sys/class/iscsi_connection/*/data_digest",
        );
        const expected = [header, data].map((digest) => digest === "CRC32C" ? "1\n" : "0\n");
        assert.equal(used, expected.join(""));
        const sum = await guest.output(`
          head -c ${MIB} /dev/urandom >/run/data &&
          dd if=/run/data of=${disk} bs=${MIB} oflag=direct &&
          dd if=${disk} of=/run/back bs=${MIB} count=1 iflag=direct && cmp /run/data /run/back &&
          sha256sum </run/data`);
        assert.equal(sum.slice(0, 64), sha256(`${server.dir}/disk.img`, MIB));
        await session.logout();
      });
    }
  }

  await t.step("the kernel has no complaint", async () => {
    assert.deepEqual(await kernelComplaints(guest), []);
    assert.doesNotMatch(server.stderr(), /^(warning|error) /m);
  });
});
