/** vcdrom as a user has it: images in a configuration that is changed while initiators read. */
import assert from "node:assert/strict";
import { reload } from "../harness/reload.ts";
import { type DiskOptions, diskYaml } from "../harness/disk_yaml.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  inquiry,
  modeSense10,
  preventRemoval,
  read10,
  readCapacity10,
  startStopUnit,
  testUnitReady,
} from "../initiator/cdb.ts";
import { getConfiguration, getEventStatus, readToc } from "../initiator/mmc.ts";
import { senseText } from "../initiator/sense.ts";
import type { Session } from "../initiator/session.ts";

const BLOCK = 2048;
const BLOCKS = 512;
const MEDIA = 1 << 4;

const startOf = (bytes: Uint8Array) => bytes.subarray(0, 8).join(" ");
const imageOf = (seed: number) => patternBytes(BLOCKS * BLOCK, seed);

function cdYaml(filename: string | undefined, others: readonly DiskOptions[] = []): string {
  const drive = { name: "cd", handler: "vcdrom", ...(filename === undefined ? {} : { filename }) };
  return diskYaml([drive as DiskOptions, ...others]);
}

/** A server with a drive, and images /1.iso and /2.iso in its directory; the first one is in. */
function startDrive(): Promise<TestServer> {
  return startTestServer((dir) => {
    for (const seed of [1, 2]) Deno.writeFileSync(`${dir}/${seed}.iso`, imageOf(seed));
    return cdYaml(`${dir}/1.iso`);
  });
}

async function good(session: Session, cdb: Uint8Array, read: number): Promise<Uint8Array> {
  const { status, sense, data } = await session.command(cdb, { read });
  assert.equal(status, 0, senseText(sense));
  return data;
}

async function refused(session: Session, cdb: Uint8Array, wanted: string, read = 0): Promise<void> {
  const { sense } = await session.command(cdb, { read });
  assert.equal(senseText(sense), wanted);
}

async function readAll(session: Session): Promise<Uint8Array> {
  return await good(session, read10(0, BLOCKS), BLOCKS * BLOCK);
}

Deno.test("a drive serves an image, read-only, as a CD-ROM", async () => {
  await using server = await startDrive();
  await using session = await openReady(server);
  assert.equal((await good(session, inquiry(36), 36))[0], 0x05);
  assert.deepEqual([...await good(session, readCapacity10(), 8)], [0, 0, 1, 0xff, 0, 0, 8, 0]);
  assert.equal((await good(session, getConfiguration(8), 8))[7], 0x08);
  assert.equal((await good(session, readToc(20), 20)).length, 20);
  assert.equal((await good(session, modeSense10(0x2a, 64), 64))[8], 0x2a);
  assertSameBytes(await readAll(session), imageOf(1));
});

Deno.test("SIGHUP changes, removes and inserts the medium, and every initiator hears of it", async () => {
  await using server = await startDrive();
  await using one = await openReady(server);
  await using other = await openReady(server);
  await reload(
    server,
    cdYaml(`${server.dir}/2.iso`),
    /^info done: change device cd$/,
  );
  for (const session of [one, other]) {
    assert.equal((await good(session, getEventStatus(8, MEDIA), 8))[4], 2, "new media");
    await refused(session, testUnitReady(), "06/28/00");
    assertSameBytes(await readAll(session), imageOf(2));
  }
  await reload(server, cdYaml(undefined), /^info done: change device cd$/);
  for (const session of [one, other]) await refused(session, testUnitReady(), "02/3A/00");
  await reload(server, cdYaml(undefined), /^info the configuration has not changed$/);
  await reload(server, cdYaml(`${server.dir}/1.iso`), /^info done: change device cd$/);
  for (const session of [one, other]) {
    await refused(session, testUnitReady(), "06/28/00");
    assertSameBytes(await readAll(session), imageOf(1));
  }
});

Deno.test("SIGHUP does not change a medium that an initiator holds, and asks for it", async () => {
  await using server = await startDrive();
  await using session = await openReady(server);
  await good(session, preventRemoval(1), 0);
  const yaml = cdYaml(`${server.dir}/2.iso`);
  const line = await reload(server, yaml, /^error cannot change device cd: /);
  assert.match(line, /Cannot change the medium: iqn\.\S+,i,0x[0-9a-f]{12} prevents its removal$/);
  const [, , , , event, status] = await good(session, getEventStatus(8, MEDIA), 8);
  assert.deepEqual([event, status], [1, 2], "eject request");
  assertSameBytes(await readAll(session), imageOf(1));
  await good(session, preventRemoval(0), 0);
  await good(session, startStopUnit({ loadOrEject: true }), 0);
  await refused(session, testUnitReady(), "02/3A/00");
  await reload(server, yaml, /^info done: change device cd$/);
  await refused(session, testUnitReady(), "06/28/00");
  assertSameBytes(await readAll(session), imageOf(2));
});

Deno.test("SIGHUP with an image that cannot be had leaves the medium in", async () => {
  await using server = await startDrive();
  await using session = await openReady(server);
  Deno.writeFileSync(`${server.dir}/odd.iso`, new Uint8Array(BLOCK + 1));
  const table: [string, RegExp][] = [
    ["none.iso", /none\.iso.*no such file or directory/],
    ["odd.iso", /odd\.iso.*not a multiple of the block size 2048$/],
    [".", /it is a directory/],
  ];
  for (const [name, why] of table) {
    const yaml = cdYaml(`${server.dir}/${name}`);
    assert.match(await reload(server, yaml, /^error cannot change device cd: /), why);
    assertSameBytes(await readAll(session), imageOf(1));
  }
});

Deno.test("SIGHUP with a broken configuration changes nothing, and says file and line", async () => {
  await using server = await startDrive();
  await using session = await openReady(server);
  const broken = cdYaml(`${server.dir}/2.iso`) + "colour: red\n";
  await reload(server, broken, /^error \S+\/scst\.yaml:\d+:1: colour is not a known key/);
  await reload(
    server,
    broken,
    /^warning the configuration is not applied: everything stays as it is$/,
  );
  assertSameBytes(await readAll(session), imageOf(1));
  await reload(server, cdYaml(`${server.dir}/2.iso`), /^info done: change device cd$/);
  await refused(session, testUnitReady(), "06/28/00");
});

Deno.test("SIGHUP brings devices and LUNs, and takes those away that it brought", async () => {
  await using server = await startDrive();
  await using session = await openReady(server);
  const disk = { name: "scratch", handler: "vdisk_nullio", size: "1MiB" } as const;
  const from = server.stderr().length;
  await reload(server, cdYaml(`${server.dir}/2.iso`, [disk]), /^info done: change target /);
  assert.match(
    server.stderr().slice(from),
    /^info done: change device cd\ninfo done: add device scratch$/m,
  );
  await refused(session, testUnitReady(), "06/28/00");
  await refused(session, testUnitReady(), "06/3F/0E");
  assertSameBytes(await readAll(session), imageOf(2));
  const ofDisk = async () => senseText((await session.command(testUnitReady(), { lun: 1 })).sense);
  assert.deepEqual([await ofDisk(), await ofDisk()], ["06/29/00", "none"]);
  await reload(server, cdYaml(`${server.dir}/2.iso`), /^info done: remove device scratch$/);
  await refused(session, testUnitReady(), "06/3F/0E");
  assert.equal(await ofDisk(), "05/25/00");
});

Deno.test("a drive that starts empty, and one whose image is missing and comes later", async () => {
  await using server = await startTestServer(() => cdYaml(undefined));
  await using session = await openReady(server, []);
  await refused(session, testUnitReady(), "06/29/00");
  await refused(session, testUnitReady(), "02/3A/00");
  await using other = await startTestServer((dir) => cdYaml(`${dir}/1.iso`));
  assert.match(
    other.stderr(),
    /^error device 'cd' is not served: Cannot open .*1\.iso' for reading/m,
  );
  await using late = await openReady(other, []);
  await refused(late, testUnitReady(), "06/29/00");
  await refused(late, testUnitReady(), "02/3A/00");
  Deno.writeFileSync(`${other.dir}/1.iso`, imageOf(1));
  await reload(other, cdYaml(`${other.dir}/1.iso`), /^info done: change device cd$/);
  await refused(late, testUnitReady(), "06/28/00");
  assertSameBytes(await readAll(late), imageOf(1));
});

Deno.test("images that are changed under heavy reading never mix", async () => {
  await using server = await startDrive();
  const images = [imageOf(1), imageOf(2)];
  const ended = { data: 0, sense: 0 };
  let stop = false;
  const readOn = async () => {
    await using session = await openReady(server);
    for (let turn = 0; !stop; turn++) {
      const lba = turn * 37 % (BLOCKS - 64);
      const { status, sense, data } = await session.command(read10(lba, 64), { read: 64 * BLOCK });
      if (status !== 0) {
        assert.match(senseText(sense), /^(06\/28\/00|02\/3A\/00)$/);
        ended.sense++;
        continue;
      }
      const parts = images.map((image) => image.subarray(lba * BLOCK, (lba + 64) * BLOCK));
      const part = parts.find((bytes) => startOf(bytes) === startOf(data));
      assert(part !== undefined, `block ${lba} is of no image`);
      assertSameBytes(data, part, `block ${lba}`);
      ended.data++;
    }
  };
  const readers = [readOn(), readOn(), readOn()];
  for (let change = 0; change < 20; change++) {
    const name = change % 2 === 0 ? "2.iso" : "1.iso";
    await reload(server, cdYaml(`${server.dir}/${name}`), /^info done: change device cd$/);
  }
  stop = true;
  await Promise.all(readers);
  assert(ended.data > 20 && ended.sense > 20, JSON.stringify(ended));
});
