/**
 * The same changes through the target, by QEMU's own file driver and with plain writes: all three leave
 * the same bytes, in all block sizes, at all offsets and lengths. SCST_EDITS says how many changes there
 * are for each way and block size.
 */
import { backingFile } from "../harness/disk_yaml.ts";
import { type Edit, pwriteEdits, qemuScript, randomEdits } from "../harness/edits.ts";
import { assertGood } from "../harness/block_io.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { inParallel } from "../harness/parallel.ts";
import { withRandom } from "../harness/random.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { QEMU, toolOutput, toolTest } from "../harness/tools.ts";
import * as cdb from "../initiator/cdb.ts";
import { TaskAttribute } from "../initiator/requests.ts";
import type { CommandOptions } from "../initiator/session.ts";

const EDITS = Number(Deno.env.get("SCST_EDITS") ?? 300);
const MIB = 2 ** 20;
const SIZE = 4 * MIB;
const DEPTH = 16;
const UNMAP = 0x08;
const WRITES = [cdb.write10, cdb.write12, cdb.write16];
/** So many commands of one qemu-io: they all stand on its command line. */
const COMMANDS_MOST = 500;

/** Makes the edits with qemu-io on an image. */
async function qemuEdits(image: string, edits: readonly Edit[]): Promise<void> {
  const script = qemuScript(edits);
  for (let at = 0; at < script.length; at += COMMANDS_MOST) {
    const args = script.slice(at, at + COMMANDS_MOST).flatMap((line) => ["-c", line]);
    await toolOutput("qemu-io", ["-f", "raw", "-d", "unmap", ...args, image]);
  }
}

/** Makes the edits with many commands under way, each in its turn (ORDERED): later ones overlap earlier ones. */
async function initiatorEdits(
  server: TestServer,
  blocksize: number,
  edits: readonly Edit[],
): Promise<void> {
  await using session = await openReady(server);
  await inParallel(edits.length, DEPTH, async (index) => {
    const { offset, length, value, zero } = edits[index]!;
    const [lba, blocks] = [offset / blocksize, length / blocksize];
    const ordered: CommandOptions = { attribute: TaskAttribute.Ordered };
    const run = async (bytes: Uint8Array, write: Uint8Array) =>
      assertGood(await session.command(bytes, { ...ordered, write }), zero);
    if (zero === "write") {
      const build = WRITES[index % WRITES.length]!;
      await run(build(lba, blocks), new Uint8Array(length).fill(value));
    } else {
      const flags = zero === "unmap" ? UNMAP : 0;
      await run(cdb.writeSame16(lba, blocks, flags), new Uint8Array(blocksize));
    }
  });
}

for (const blocksize of [512, 1024, 2048, 4096]) {
  const ways = [
    {
      name: "QEMU at any byte",
      unit: 1,
      make: (server: TestServer, edits: readonly Edit[]) => qemuEdits(lunUrl(server), edits),
    },
    {
      name: "an initiator with commands under way",
      unit: blocksize,
      make: (server: TestServer, edits: readonly Edit[]) =>
        initiatorEdits(server, blocksize, edits),
    },
  ];
  for (const { name, unit, make } of ways) {
    const title =
      `${name} leaves what QEMU's file driver and pwrite leave, in blocks of ${blocksize}`;
    toolTest(title, QEMU, () =>
      withRandom(async (random) => {
        await using server = await startTestServer((dir) =>
          diskYaml([{
            filename: backingFile(dir, "disk.img", SIZE),
            blocksize,
            thinProvisioned: true,
          }])
        );
        const edits = randomEdits(random, SIZE, EDITS, { unit, lengthMost: 128 * 1024 });
        const qemu = backingFile(server.dir, "qemu.img", SIZE);
        const plain = backingFile(server.dir, "plain.img", SIZE);
        await make(server, edits);
        await qemuEdits(qemu, edits);
        pwriteEdits(plain, edits);
        const wanted = Deno.readFileSync(plain);
        assertSameBytes(Deno.readFileSync(qemu), wanted, "what QEMU's file driver has written");
        assertSameBytes(Deno.readFileSync(`${server.dir}/disk.img`), wanted, "what the target has");
      }));
  }
}
