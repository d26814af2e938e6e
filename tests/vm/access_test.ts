/** Several initiator names on one machine see what their groups have, and follow redirects. */
import assert from "node:assert/strict";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { CONNECTION_CLOSED, kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { addInterface, GuestSession } from "./open_iscsi.ts";

const MIB = 2 ** 20;
const FAMILY = "iqn.2026-11.org.example.test";
const SHARED = "iqn.2026-11.org.example:shared";
const METHODS = ["PERIPHERAL", "FLAT", "LUN"] as const;
const targetOf = (method: string) => `iqn.2026-11.org.example:${method.toLowerCase()}`;

function configuration(dir: string): string {
  return `
portals: ["127.0.0.1:0"]
devices:
  disk1: { handler: vdisk_fileio, filename: ${backingFile(dir, "disk1.img", 16 * MIB)} }
  disk2: { handler: vdisk_fileio, filename: ${backingFile(dir, "disk2.img", 32 * MIB)} }
targets:
  ${SHARED}:
    luns: {}
    ini_groups:
      owners: { initiators: ["${FAMILY}:guest"], luns: { 0: disk1, 1: disk2 } }
      backup:
        initiators: ["${FAMILY}:backup"]
        luns: { 7: { device: disk1, read_only: true } }
${
    METHODS.map((method) =>
      `  ${targetOf(method)}: { addr_method: ${method}, luns: { 0: disk1, 9: disk2 } }`
    ).join("\n")
  }
`;
}

guestTest("initiators see what is meant for them", async (guest, t) => {
  await using server = await startTestServer(configuration);
  for (const name of ["backup", "stranger"]) await addInterface(guest, name, `${FAMILY}:${name}`);
  const login = (target: string, iface = "default") =>
    GuestSession.login(guest, server, { target, iface });

  await t.step("each group has its own LUNs, and one reads only", async () => {
    const owner = await login(SHARED);
    const backup = await login(SHARED, "backup");
    assert.deepEqual(await owner.luns(), [0, 1]);
    assert.deepEqual(await backup.luns(), [7]);
    const [disk, copy] = [(await owner.device(0)).disk, (await backup.device(7)).disk];
    await guest.output(`echo from the owner | dd of=${disk} bs=512 conv=sync,fsync`);
    assert.match(await guest.output(`dd if=${copy} bs=512 count=1`), /^from the owner\n/);
    assert.equal(await guest.output(`cat /sys/block/${copy.slice(5)}/ro`), "1\n");
    assert.notEqual((await guest.run(`dd if=/dev/zero of=${copy} bs=512 count=1`)).code, 0);
    await backup.logout();
    await owner.logout();
  });

  await t.step("who is in no group neither logs in nor discovers the target", async () => {
    await assert.rejects(login(SHARED, "stranger"), /exited with code \d+:/);
    const discovery = `iscsiadm -m discovery -t st -p ${server.host}:${server.port}`;
    assert.doesNotMatch(await guest.output(`${discovery} -I stranger`), /:shared/);
    assert.match(await guest.output(`${discovery} -I backup`), /:shared/);
    await guest.output("iscsiadm -m node -o delete");
  });

  for (const method of METHODS) {
    await t.step(`the kernel takes LUNs in the ${method} addressing method`, async () => {
      const session = await login(targetOf(method));
      const sizes = await guest.output(`
        sleep 1; cat /sys/class/iscsi_session/*/device/target*/*/block/*/size | sort -n`);
      assert.equal(sizes, `${32 * 1024}\n${64 * 1024}\n`);
      await session.logout();
    });
  }

  await t.step("open-iscsi follows a redirect", async () => {
    await using home = await startTestServer((dir) =>
      diskYaml([{ filename: backingFile(dir, "home.img", 8 * MIB) }])
    );
    await using door = await startTestServer((dir) =>
      diskYaml([{ filename: backingFile(dir, "door.img", 16 * MIB) }]) +
      `    redirect: "${home.host}:${home.port} temp"\n`
    );
    const session = await GuestSession.login(guest, door);
    const { disk } = await session.device(0);
    assert.equal(await guest.output(`cat /sys/block/${disk.slice(5)}/size`), `${16 * 1024}\n`);
    const sessions = await guest.output("iscsiadm -m session -P 1");
    assert(sessions.includes(`Current Portal: ${home.host}:${home.port},`), sessions);
    assert(sessions.includes(`Persistent Portal: ${door.host}:${door.port},`), sessions);
    await session.logout();
  });

  await t.step("the kernel has no complaint", async () => {
    assert.deepEqual(await kernelComplaints(guest, [CONNECTION_CLOSED]), []);
  });
});
