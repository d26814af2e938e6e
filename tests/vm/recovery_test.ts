/** kill -9 of the server, and resets, while Linux has I/O under way: nothing is lost. */
import assert from "node:assert/strict";
import { sha256 } from "../harness/image.ts";
import { backingFile, diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { addInterface, GuestSession } from "./open_iscsi.ts";

const MIB = 2 ** 20;
const SIZE = 16 * MIB;
const CHUNK = 32768;
/** Writers at once, each with a part of the disk of its own. */
const WRITERS = 8;
const RECOVERY_S = 150;
const POLL_MS = 20;
const PROGRESS_LIMIT_MS = 60_000;

/** What the initiator says of a connection that is gone, however it notices. */
const LOST = [/^ connection\d+:0: detected conn error/, /^ connection\d+:0: ping timeout/];

/** Waits until the writers have filled `share` of the file. */
async function filled(file: string, share: number): Promise<void> {
  const deadline = performance.now() + PROGRESS_LIMIT_MS;
  while ((Deno.statSync(file).blocks ?? 0) * 512 < share * SIZE) {
    if (performance.now() > deadline) throw new Error(`${file} does not fill`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A script that writes /run/image to the disk, every writer its part, and succeeds if all do. */
function writeAll(disk: string): string {
  const count = SIZE / WRITERS / CHUNK;
  return `
    pids=
    for writer in $(seq 0 ${WRITERS - 1}); do
      dd if=/run/image of=${disk} bs=${CHUNK} count=${count} oflag=direct \\
        skip=$((writer * ${count})) seek=$((writer * ${count})) 2>/dev/null &
      pids="$pids $!"
    done
    for pid in $pids; do wait $pid || exit 1; done`;
}

guestTest("Linux loses nothing when the server dies under it", async (guest, t) => {
  const dir = await Deno.makeTempDir({ prefix: "scst_recovery_" });
  const file = backingFile(dir, "disk.img", SIZE);
  const start = (port: number) => {
    return startTestServer(
      diskYaml([{ filename: file, thinProvisioned: true }], { portals: [`127.0.0.1:${port}`] }),
      { dir },
    );
  };
  let server: TestServer = await start(0);
  const { port } = server;
  const restart = async (signal: Deno.Signal) => {
    await server.stop(signal);
    server = await start(port);
  };
  try {
    await addInterface(guest, "second");
    const session = await GuestSession.login(guest, server);
    const { disk, generic } = await session.device(0);
    /**
     * Fills the empty disk with random data while there is trouble, and compares.
     *
     * @param trouble what is done here meanwhile
     * @param script what is done in the guest meanwhile
     */
    const fill = async (trouble: () => Promise<void>, script = "true") => {
      const sum = await guest.output(`
        blkdiscard ${disk} && head -c ${SIZE} /dev/urandom >/run/image && sha256sum </run/image`);
      const writing = `(${writeAll(disk)}) & (${script}) && wait $!`;
      await Promise.all([guest.output(writing, RECOVERY_S), trouble()]);
      await guest.output("sync");
      assert.equal(sha256(file), sum.slice(0, 64));
      const back = await guest.output(`dd if=${disk} bs=1M iflag=direct | sha256sum`);
      assert.equal(back.slice(0, 64), sum.slice(0, 64));
    };

    await t.step("writes that are under way at kill -9 end well after the restart", async () => {
      await fill(async () => {
        for (const share of [0.2, 0.5, 0.8]) {
          await filled(file, share);
          await restart("SIGKILL");
        }
      });
      assert.deepEqual(await kernelComplaints(guest, LOST), []);
    });

    await t.step("writes that are under way at an orderly stop end well too", async () => {
      await fill(async () => {
        await filled(file, 0.4);
        await restart("SIGTERM");
      });
      assert.deepEqual(await kernelComplaints(guest, LOST), []);
    });

    await t.step("resets under load lose nothing", async () => {
      const resets = `for kind in --device --target --device --target; do
        sleep 0.5
        sg_reset $kind ${generic} || exit 1
      done`;
      await fill(() => Promise.resolve(), resets);
      assert.deepEqual(await kernelComplaints(guest), []);
    });

    await t.step("a reset by another session loses nothing either", async () => {
      const second = await GuestSession.login(guest, server, { iface: "second" });
      const other = await second.device(0);
      // Its commands end without an answer (TAS is 0): their initiator has to miss them.
      await guest.output(`echo 5 >/sys/block/${disk.slice("/dev/".length)}/device/timeout`);
      await fill(() => Promise.resolve(), `sleep 1; sg_reset --device ${other.generic}`);
      await second.logout();
      assert.deepEqual(await kernelComplaints(guest), []);
    });

    await t.step("a reservation with APTPL is there after kill -9", async () => {
      const persist = `sg_persist --no-inquiry`;
      await guest.output(`
        ${persist} --out --register --param-sark=0xa --param-aptpl ${generic} &&
        ${persist} --out --reserve --param-rk=0xa --prout-type=1 ${generic}`);
      await restart("SIGKILL");
      await guest.run(`sg_turs ${generic}`, RECOVERY_S); // takes the unit attention of the new nexus
      const text = await guest.output(`${persist} --in --read-full-status ${generic}`);
      assert.match(text, /Key=0xa\n[^]*<< Reservation holder >>[^]*Write Exclusive\n/);
      const second = await GuestSession.login(guest, server, { iface: "second" });
      const other = await second.device(0);
      const write = (to: string) =>
        guest.run(`dd if=/dev/zero of=${to} bs=4096 count=1 oflag=direct`);
      assert.notEqual((await write(other.disk)).code, 0);
      assert.equal((await write(disk)).code, 0);
      await second.logout();
    });

    await session.logout();
  } finally {
    await server[Symbol.asyncDispose]();
    await Deno.remove(dir, { recursive: true });
  }
});
