/** Persistent reservations between two sessions of one machine, which are two I_T nexuses. */
import assert from "node:assert/strict";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { addInterface, GuestSession } from "./open_iscsi.ts";

const SIZE = 64 * 2 ** 20;
/** Exit code of sg3_utils for RESERVATION CONFLICT (sg_lib.h). */
const RESERVATION_CONFLICT = 24;
const Type = { WRITE_EXCLUSIVE: 1, EXCLUSIVE_ACCESS: 3, WRITE_EXCLUSIVE_REGISTRANTS_ONLY: 5 };
/** What the kernel says of a reservation conflict, as it must. */
const CONFLICT = [
  /reservation conflict$/,
  /FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK/,
  /^critical nexus error, dev /,
];
/** What ext4 says when a write of its own fails. */
const EXT4 = [
  /^EXT4-fs/,
  /^JBD2: /,
  /^Aborting journal/,
  /^Buffer I\/O error on dev/,
  /^Call Trace/,
];

guestTest("two sessions share a disk by persistent reservations", async (guest, t) => {
  await using server = await startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "shared.img", SIZE) }])
  );
  await addInterface(guest, "second");
  const first = await GuestSession.login(guest, server);
  const second = await GuestSession.login(guest, server, { iface: "second" });
  const [a, b] = [await first.device(0), await second.device(0)];

  const out = (device: { generic: string }, options: string) =>
    guest.output(`sg_persist --no-inquiry --out ${options} ${device.generic}`);
  const status = () => guest.output(`sg_persist --no-inquiry --in --read-full-status ${a.generic}`);
  const write = (device: { disk: string }) =>
    guest.run(`dd if=/dev/zero of=${device.disk} bs=4096 count=1 seek=2000 oflag=direct`);
  const read = (device: { disk: string }) =>
    guest.run(`dd if=${device.disk} of=/dev/null bs=4096 count=1 iflag=direct`);

  await t.step("both register, and full status names both ports", async () => {
    await out(a, "--register --param-sark=0xa");
    await out(b, "--register --param-sark=0xb");
    const text = await status();
    assert.match(text, /PR generation=0x2\n/);
    const ports = text.match(/iqn\.2026-11\.org\.example\.test:guest,i,0x[0-9a-f]{12}/g) ?? [];
    assert.equal(new Set(ports).size, 2, text);
    assert.doesNotMatch(text, /<< Reservation holder >>/);
  });

  await t.step("registrants write under Registrants Only, and nobody else does", async () => {
    await out(a, `--reserve --param-rk=0xa --prout-type=${Type.WRITE_EXCLUSIVE_REGISTRANTS_ONLY}`);
    assert.equal((await write(a)).code, 0);
    assert.equal((await write(b)).code, 0);
    await out(b, "--register --param-rk=0xb --param-sark=0");
    assert.notEqual((await write(b)).code, 0);
    assert.equal((await read(b)).code, 0);
    const { code } = await guest.run(`sg_dd if=/dev/zero of=${b.generic} bs=512 count=1`);
    assert.notEqual(code, 0);
    await out(b, "--register-ignore --param-sark=0xb");
    assert.equal((await write(b)).code, 0);
  });

  await t.step("PREEMPT takes the reservation and the registration of another", async () => {
    await out(b, `--preempt --param-rk=0xb --param-sark=0xa --prout-type=${Type.EXCLUSIVE_ACCESS}`);
    const attention = await guest.output(`sg_requests ${a.generic} 2>&1`);
    assert.match(attention, /Unit Attention\n.*Registrations preempted/);
    const text = await status();
    assert.match(text, /Key=0xb\n[^]*<< Reservation holder >>[^]*Exclusive Access/);
    assert.doesNotMatch(text, /Key=0xa/);
    assert.notEqual((await write(a)).code, 0);
    assert.notEqual((await read(a)).code, 0);
    const { code } = await guest.run(
      `sg_persist -n --out --reserve --param-rk=0xa --prout-type=1 ${a.generic}`,
    );
    assert.equal(code, RESERVATION_CONFLICT);
    const command = `sg_persist -n --in --report-capabilities ${a.generic}`;
    assert.match(await guest.output(command), /\(PTPL_C\): 1/);
  });

  await t.step("CLEAR and RELEASE let everybody in again", async () => {
    await out(b, "--clear --param-rk=0xb");
    assert.match(await status(), /No full status descriptors/);
    assert.equal((await write(a)).code, 0);
    await out(a, "--register --param-sark=0xa");
    await out(a, `--reserve --param-rk=0xa --prout-type=${Type.WRITE_EXCLUSIVE}`);
    assert.notEqual((await write(b)).code, 0);
    await out(a, `--release --param-rk=0xa --prout-type=${Type.WRITE_EXCLUSIVE}`);
    assert.equal((await write(b)).code, 0);
    await out(a, "--register --param-rk=0xa --param-sark=0");
  });

  await t.step("the kernel says nothing but that there were conflicts", async () => {
    assert.deepEqual(await kernelComplaints(guest, CONFLICT), []);
  });

  await t.step(
    "a host that is fenced off cannot write to the file system it has mounted",
    async () => {
      await guest.output(
        `mkfs.ext4 -q ${a.disk} && mount ${a.disk} /mnt && echo kept >/mnt/before`,
      );
      await guest.output("sync");
      await out(b, "--register --param-sark=0xb");
      await out(b, `--reserve --param-rk=0xb --prout-type=${Type.WRITE_EXCLUSIVE}`);
      const late = await guest.run("dd if=/dev/urandom of=/mnt/after bs=64k count=8 conv=fsync");
      assert.notEqual(late.code, 0, "the write was stopped");
      await guest.run("umount /mnt");
      await out(b, "--clear --param-rk=0xb");
      const repaired = await guest.run(`e2fsck -f -y ${a.disk}`);
      assert(repaired.code <= 1, repaired.stdout);
      await guest.output(`mount ${a.disk} /mnt && cat /mnt/before && umount /mnt`);
    },
  );

  await t.step("the kernel has no other complaint", async () => {
    await second.logout();
    await first.logout();
    assert.deepEqual(await kernelComplaints(guest, [...CONFLICT, ...EXT4]), []);
    assert.doesNotMatch(server.stderr(), /^(warning|error) /m);
  });
});
