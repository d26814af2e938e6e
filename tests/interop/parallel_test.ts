import assert from "node:assert/strict";
import { backingFile } from "../harness/disk_yaml.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { startTestServer } from "../harness/server.ts";
import { QEMU, runTool, toolOutput, toolTest } from "../harness/tools.ts";
import { sha256, writeRandomImage } from "../harness/image.ts";

const MIB = 1024 * 1024;
const SIZE = 32 * MIB;

/** The logical units of the configuration below: target and LUN, with the backing file's name. */
const UNITS = [
  { target: "iqn.2026-11.org.example:first", lun: 0, name: "a" },
  { target: "iqn.2026-11.org.example:first", lun: 5, name: "b" },
  { target: "iqn.2026-11.org.example:second", lun: 0, name: "c" },
  { target: "iqn.2026-11.org.example:second", lun: 255, name: "d" },
] as const;

function fourUnits(dir: string): string {
  const lines = ['portals: ["127.0.0.1:0"]', "devices:"];
  for (const { name } of UNITS) {
    const filename = backingFile(dir, `${name}.img`, SIZE);
    const blocksize = name === "b" ? 4096 : 512;
    lines.push(
      `  ${name}: { handler: vdisk_fileio, filename: ${filename}, blocksize: ${blocksize} }`,
    );
  }
  lines.push("targets:");
  for (const target of new Set(UNITS.map((unit) => unit.target))) {
    lines.push(`  ${target}:`, "    luns:");
    for (const unit of UNITS) {
      if (unit.target === target) lines.push(`      ${unit.lun}: ${unit.name}`);
    }
  }
  return lines.join("\n") + "\n";
}

toolTest("four initiators copy images to four logical units at once", QEMU, async () => {
  await using server = await startTestServer(fourUnits);
  const convert = ["convert", "-n", "-f", "raw", "-O", "raw"];
  await Promise.all(UNITS.map(async ({ target, lun, name }) => {
    const image = `${server.dir}/${name}.raw`;
    const back = backingFile(server.dir, `${name}.back`, SIZE);
    writeRandomImage(image, SIZE);
    await toolOutput("qemu-img", [...convert, image, lunUrl(server, lun, target)]);
    await toolOutput("qemu-img", [...convert, lunUrl(server, lun, target), back]);
    assert.equal(sha256(back), sha256(image), `${name} read back`);
    assert.equal(sha256(`${server.dir}/${name}.img`), sha256(image), `${name} in its file`);
  }));
});

toolTest("eight sessions on one logical unit write their own ranges", QEMU, async () => {
  await using server = await startTestServer(fourUnits);
  const url = lunUrl(server, UNITS[0].lun, UNITS[0].target);
  const sessions = Array.from({ length: 8 }, (_, index) => index);
  await Promise.all(sessions.map(async (session) => {
    const commands = [];
    for (let round = 1; round <= 4; round++) {
      const pattern = session * 8 + round;
      const range = `${session * 4}M 4M`;
      commands.push("-c", `write -P ${pattern} ${range}`, "-c", `read -P ${pattern} ${range}`);
    }
    await toolOutput("qemu-io", ["-f", "raw", ...commands, url]);
  }));
  const bytes = Deno.readFileSync(`${server.dir}/a.img`);
  for (const session of sessions) {
    const range = bytes.subarray(session * 4 * MIB, (session + 1) * 4 * MIB);
    assert.ok(range.every((byte) => byte === session * 8 + 4), `range of session ${session}`);
  }
});

toolTest("an initiator that is killed disturbs no other", QEMU, async () => {
  await using server = await startTestServer(fourUnits);
  const [victim, bystander] = UNITS;
  const image = `${server.dir}/image.raw`;
  writeRandomImage(image, SIZE);
  const convert = ["convert", "-n", "-f", "raw", "-O", "raw"];
  const load = [
    "bench",
    "-f",
    "raw",
    "-t",
    "none",
    "-c",
    "10000000",
    "-d",
    "64",
    "-s",
    "65536",
    "-w",
  ];
  const [killed] = await Promise.all([
    runTool("qemu-img", [...load, lunUrl(server, victim.lun, victim.target)], 1500),
    (async () => {
      for (let round = 0; round < 3; round++) {
        const url = lunUrl(server, bystander.lun, bystander.target);
        await toolOutput("qemu-img", [...convert, image, url]);
        assert.equal(sha256(`${server.dir}/${bystander.name}.img`), sha256(image));
      }
    })(),
  ]);
  assert.ok(killed.timedOut, `the load ended by itself: ${killed.stderr}`);
  await toolOutput("qemu-io", [
    "-f",
    "raw",
    "-c",
    "write -P 1 0 1M",
    "-c",
    "read -P 1 0 1M",
    lunUrl(server, victim.lun, victim.target),
  ]);
});

toolTest(
  "SIGTERM under load ends the server in under 5 s with the data written",
  QEMU,
  async () => {
    await using server = await startTestServer(fourUnits);
    const [unit] = UNITS;
    const url = lunUrl(server, unit.lun, unit.target);
    const load = ["bench", "-f", "raw", "-t", "none", "-c", "10000000", "-d", "32", "-s", "4096"];
    const running = runTool("qemu-img", [...load, "-w", "--pattern=0x3c", url], 4000);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const before = performance.now();
    const status = await server.stop("SIGTERM");
    const seconds = (performance.now() - before) / 1000;
    await running;
    assert.equal(status.code, 0, server.stderr());
    assert.ok(seconds < 5, `it took ${seconds.toFixed(1)} s`);
    assert.equal(Deno.readFileSync(`${server.dir}/${unit.name}.img`)[0], 0x3c);
  },
);
