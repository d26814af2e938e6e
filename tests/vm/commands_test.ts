/** sg3_utils' and ddpt's commands through the kernel's SCSI generic driver, checked in the files. */
import assert from "node:assert/strict";
import { readAt } from "../harness/image.ts";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { GuestSession } from "./open_iscsi.ts";

const MIB = 2 ** 20;
const BLOCK = 512;
/** Exit codes of sg3_utils (sg_lib.h). */
const Exit = { NOT_READY: 2, MISCOMPARE: 14 } as const;

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

guestTest("sg3_utils' commands do to the medium what they say", async (guest, t) => {
  await using server = await startTestServer((dir) =>
    diskYaml([
      { filename: backingFile(dir, "a.img", 64 * MIB), thinProvisioned: true },
      { filename: backingFile(dir, "b.img", 64 * MIB), removable: true },
    ])
  );
  const [fileA, fileB] = [`${server.dir}/a.img`, `${server.dir}/b.img`];
  const session = await GuestSession.login(guest, server);
  const { generic: a } = await session.device(0);
  const { generic: b } = await session.device(1);
  /** Blocks of the file behind `a`. */
  const blocks = (first: number, count: number) => readAt(fileA, first * BLOCK, count * BLOCK);

  /** Writes random bytes to `path` in the guest and returns them. */
  const random = async (path: string, count: number): Promise<Uint8Array> => {
    const size = count * BLOCK;
    const text = await guest.output(`head -c ${size} /dev/urandom >${path}; base64 ${path}`);
    return Uint8Array.from(atob(text.replaceAll("\n", "")), (char) => char.charCodeAt(0));
  };
  const block = await random("/run/block", 1);
  const data = await random("/run/data", 64);
  /** Writes the 64 random blocks from a block of `a` on. */
  const fill = (first: number) => guest.output(`sg_dd if=/run/data of=${a} bs=512 seek=${first}`);

  await t.step("READ and WRITE of every length of CDB move the same blocks", async () => {
    for (const [index, size] of [6, 10, 12, 16].entries()) {
      const first = index * 64;
      await guest.output(`
        sg_dd if=/run/data of=${a} bs=512 seek=${first} cdbsz=${size} &&
        sg_dd if=${a} of=/run/back bs=512 skip=${first} count=64 cdbsz=${size} &&
        cmp /run/data /run/back`);
      assert.deepEqual(blocks(first, 64), data, `cdbsz=${size}`);
    }
  });

  await t.step("WRITE SAME repeats a block, or zeros without one", async () => {
    await guest.output(`
      sg_write_same --10 --lba=0 --num=64 --in=/run/block ${a} &&
      sg_write_same --16 --lba=64 --num=64 --in=/run/block ${a} &&
      sg_write_same --16 --ndob --lba=32 --num=64 ${a}`);
    for (const index of [0, 31, 96, 127]) assert.deepEqual(blocks(index, 1), block);
    assert(isZero(blocks(32, 64)));
  });

  await t.step("WRITE ATOMIC writes all of its blocks", async () => {
    await guest.output(`sg_write_x --16 --atomic=0 --lba=512 --num=64 --in=/run/data ${a}`);
    assert.deepEqual(blocks(512, 64), data);
  });

  await t.step("UNMAP deallocates blocks, and GET LBA STATUS says which", async () => {
    await fill(1024);
    await guest.output(`sg_unmap --force --lba=1032 --num=16 ${a}`);
    const status = (first: number) => guest.output(`sg_get_lba_status --lba=${first} ${a}`);
    assert.match(await status(1024), /LBA: 0x0*400 +blocks: +8 +mapped/);
    assert.match(await status(1032), /LBA: 0x0*408 +blocks: +16 +deallocated/);
    assert(isZero(blocks(1032, 16)));
    assert.deepEqual(blocks(1048, 40), data.subarray(24 * BLOCK));
  });

  await t.step("WRITE SAME with UNMAP deallocates blocks too", async () => {
    await guest.output(`
      head -c 512 /dev/zero >/run/zero
      sg_write_same --16 --unmap --lba=1048 --num=16 --in=/run/zero ${a}`);
    const text = await guest.output(`sg_get_lba_status --lba=1032 ${a}`);
    assert.match(text, /LBA: 0x0*408 +blocks: +32 +deallocated/);
  });

  await t.step(
    "COMPARE AND WRITE writes after a match and names the first difference",
    async () => {
      await fill(2048);
      const swap = `cat /run/old /run/block >/run/pair &&
      sg_compare_and_write --lba=2049 --num=1 --in=/run/pair ${a}`;
      const old = "dd if=/run/data of=/run/old bs=512 count=1";
      const { code, stderr } = await guest.run(`${old} && ${swap}`);
      assert.equal(code, Exit.MISCOMPARE, stderr);
      assert.match(stderr, /Miscompare at byte offset: 0 /);
      assert.deepEqual(blocks(2048, 64), data);
      await guest.output(`${old} skip=1 && ${swap}`);
      assert.deepEqual(blocks(2049, 1), block);
      assert.deepEqual(blocks(2050, 62), data.subarray(2 * BLOCK));
    },
  );

  await t.step("ORWRITE sets bits and clears none", async () => {
    await fill(3072);
    await guest.output(`sg_write_x --or --lba=3073 --num=1 --in=/run/block ${a}`);
    const before = data.subarray(BLOCK, 2 * BLOCK);
    assert.deepEqual(blocks(3073, 1), block.map((byte, index) => byte | before[index]!));
    assert.deepEqual(blocks(3074, 62), data.subarray(2 * BLOCK));
  });

  await t.step("VERIFY compares, and WRITE AND VERIFY writes", async () => {
    await guest.output(`sg_write_verify --16 --lba=4096 --num=64 --in=/run/data ${a}`);
    assert.deepEqual(blocks(4096, 64), data);
    const verify = `sg_verify --16 --ndo=32768 --lba=4096 --count=64 --in=/run/data ${a}`;
    await guest.output(verify);
    await guest.output(`sg_dd if=/run/block of=${a} bs=512 seek=4100`);
    const { code, stdout, stderr } = await guest.run(verify);
    assert.equal(code, Exit.MISCOMPARE, stdout + stderr);
  });

  await t.step("EXTENDED COPY copies from one logical unit to the other", async () => {
    await fill(5120);
    await guest.output(`sg_xcopy if=${a} of=${b} bs=512 skip=5120 seek=8 count=64`);
    assert.deepEqual(readAt(fileB, 8 * BLOCK, 64 * BLOCK), data);
    await guest.output(`ddpt if=${a} of=${b} bs=512 iflag=xcopy skip=5121 seek=4096 count=63`);
    assert.deepEqual(readAt(fileB, 4096 * BLOCK, 63 * BLOCK), data.subarray(BLOCK));
  });

  await t.step("SYNCHRONIZE CACHE, identification and clock take what they are given", async () => {
    await guest.output(`sg_sync ${a} && sg_sync --16 --lba=0 --count=64 ${a}`);
    await guest.output(`echo -n rack-7 | sg_ident --set ${a}`);
    assert.equal(await guest.output(`sg_ident --ascii ${a}`), "rack-7\n");
    await guest.output(`sg_timestamp --milliseconds=1000000 ${a}`);
    const now = Number(await guest.output(`sg_timestamp ${a}`));
    assert(now >= 1000000 && now < 1060000, String(now));
  });

  await t.step("a removable medium is ejected and loaded, unless that is prevented", async () => {
    await guest.output(`sg_start --eject ${b}`);
    const { code } = await guest.run(`sg_turs ${b}`);
    assert.equal(code, Exit.NOT_READY);
    await guest.output(`sg_start --load ${b}; sg_turs ${b}; sg_turs ${b}`);
    await guest.output(`sg_prevent --prevent=1 ${b}`);
    assert.notEqual((await guest.run(`sg_start --eject ${b}`)).code, 0);
    await guest.output(`sg_prevent --allow ${b} && sg_turs ${b}`);
  });

  await t.step("SANITIZE leaves nothing behind, and FORMAT UNIT ends well", async () => {
    for (const options of ["--block", "--overwrite --zero"]) {
      await fill(8192);
      await guest.output(`sg_sanitize ${options} --quick --wait ${a}`);
      assert(isZero(blocks(8192, 64)), options);
    }
    await guest.output(`sg_format --format --quick --wait ${a}`);
  });

  await t.step("the kernel has no complaint", async () => {
    await session.logout();
    assert.deepEqual(await kernelComplaints(guest), []);
    assert.doesNotMatch(server.stderr(), /^(warning|error) /m);
  });
});
