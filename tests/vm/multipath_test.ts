/** Two paths to a disk with asymmetric access: scsi_dh_alua and dm-multipath of the kernel. */
import assert from "node:assert/strict";
import { sha256 } from "../harness/image.ts";
import { backingFile, startTestServer } from "../harness/server.ts";
import { kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { type GuestDevice, GuestSession } from "./open_iscsi.ts";

const SIZE = 8 * 2 ** 20;
const CHUNK = 16384;
const [NEAR, AWAY] = ["iqn.2026-11.org.example:near", "iqn.2026-11.org.example:away"];
/** States as sg_stpg takes them (SPC-4 table 307). */
const State = { ACTIVE: 0, STANDBY: 2 } as const;

function configuration(dir: string): string {
  return `
portals: ["127.0.0.1:0"]
devices:
  disk: { handler: vdisk_fileio, filename: ${backingFile(dir, "disk.img", SIZE)}, expl_alua: true }
targets:
  ${NEAR}: { rel_tgt_id: 1, luns: { 0: disk } }
  ${AWAY}: { rel_tgt_id: 2, luns: { 0: disk } }
device_groups:
  group:
    devices: [disk]
    target_groups:
      near: { group_id: 1, preferred: true, targets: [${NEAR}] }
      away: { group_id: 2, state: standby, targets: [${AWAY}] }
`;
}

/** What the kernel says when a path goes into standby, as it must. */
const STANDBY = [
  /FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK/,
  /Sense Key : Not Ready/,
  /Add\. Sense: Logical unit not accessible, target port in standby state$/,
  /^I\/O error, dev sd/,
  /: (Failing|Reinstating) path /,
  /: Asymmetric access state changed$/,
  /unable to read|read failed|^Buffer I\/O error/, // the partition table, through the path in standby
];

guestTest("Linux uses two paths as their access states say", async (guest, t) => {
  await using server = await startTestServer(configuration);
  const near = await GuestSession.login(guest, server, { target: NEAR });
  const away = await GuestSession.login(guest, server, { target: AWAY });
  const [a, b] = [await near.device(0), await away.device(0)];
  const name = ({ disk }: GuestDevice) => disk.slice("/dev/".length);
  const attribute = async (path: string) => {
    const files = [a, b].map((device) => `/sys/block/${name(device)}/device/${path}`);
    return (await guest.output(`cat ${files.join(" ")}`)).trimEnd().split("\n");
  };
  const setStates = (first: number, second: number) =>
    guest.output(`sg_stpg --tp=1,2 --state=${first},${second} ${a.generic}`);

  await t.step("sg_rtpg decodes the target port groups in both formats", async () => {
    for (const format of ["", "--extended"]) {
      const text = await guest.output(`sg_rtpg --decode ${format} ${b.generic}`);
      assert.match(text, /group id : 0x1 , Pref=1.*\n.*state : 0x00 \(active\/optimized\)/);
      assert.match(text, /group id : 0x2 , Pref=0.*\n.*state : 0x02 \(standby\)/);
    }
  });

  await t.step("the kernel finds one disk behind two ports of two groups", async () => {
    const [id, other] = await attribute("wwid");
    assert.match(id!, /^naa\.6/);
    assert.equal(other, id);
    assert.deepEqual(await attribute("dh_state"), ["alua", "alua"]);
    assert.deepEqual(await attribute("access_state"), ["active/optimized", "standby"]);
    assert.deepEqual(await attribute("preferred_path"), ["1", "0"]);
  });

  /**
   * Copies random data to the multipath device, again and again while `change` is made and once more
   * after it, and compares.
   */
  const write = async (change: () => Promise<unknown>): Promise<void> => {
    const dd = `dd if=/run/image of=/dev/dm-0 bs=${CHUNK} oflag=direct`;
    const sum = await guest.output(`
      rm -f /run/changed; head -c ${SIZE} /dev/urandom >/run/image && sha256sum </run/image
      (while ! test -e /run/changed; do ${dd} || exit; done; ${dd}) 2>/run/dd & echo $! >/run/pid`);
    await change();
    await guest.output(`
      touch /run/changed
      while kill -0 $(cat /run/pid) 2>/dev/null; do sleep 0.1; done
      tail -n 3 /run/dd | grep -q "^${SIZE / CHUNK}+0 records out"`);
    assert.equal(sum.slice(0, 64), sha256(`${server.dir}/disk.img`));
  };
  /** What multipathd does when a path is good again. */
  const reinstate = async (device: GuestDevice) => {
    const path = `$(cat /sys/block/${name(device)}/dev)`;
    await guest.output(`dmsetup message paths 0 "reinstate_path ${path}"`);
  };

  await t.step(
    "dm-multipath follows SET TARGET PORT GROUPS under load, there and back",
    async () => {
      const group = (device: GuestDevice) =>
        `round-robin 0 1 1 $(cat /sys/block/${name(device)}/dev) 1`;
      const table = `multipath 1 queue_if_no_path 1 alua 2 1 ${group(a)} ${group(b)}`;
      await guest.output(`
      dmsetup create paths --noudevrules --noudevsync --table "0 ${SIZE / 512} ${table}"`);
      await write(() => setStates(State.STANDBY, State.ACTIVE));
      assert.deepEqual(await attribute("access_state"), ["standby", "active/optimized"]);
      await reinstate(a);
      await write(() => setStates(State.ACTIVE, State.STANDBY));
      await reinstate(b);
    },
  );

  await t.step("dm-multipath makes the other path active when a session is gone", async () => {
    await write(() => near.logout());
    const text = await guest.output(`sg_rtpg --decode ${b.generic}`);
    assert.match(text, /group id : 0x2 , .*\n.*state : 0x00 \(active\/optimized\)/);
  });

  await t.step("the kernel has no other complaint", async () => {
    await guest.output("dmsetup remove paths");
    await away.logout();
    assert.deepEqual(await kernelComplaints(guest, STANDBY), []);
    assert.doesNotMatch(server.stderr(), /^(warning|error) /m);
  });
});
