/** A running server that is administered with scst.conf and the options of scstadmin, and its initiators. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { makeReady } from "../harness/sessions.ts";
import { startTestServer } from "../harness/server.ts";
import { read10 } from "../initiator/cdb.ts";
import { Session } from "../initiator/session.ts";

const T = "iqn.2026-11.org.example:conf";

Deno.test("what scst admin -config makes, initiators use, and -rem_target takes it from them", async () => {
  await using server = await startTestServer("portals: [127.0.0.1:0]\n");
  const admin = async (line: string) => {
    const env = { SCST_CONTROL: `${server.dir}/control` };
    const result = await runProgram(["admin", "-noprompt", ...line.split(" ")], {
      env,
      cwd: server.dir,
    });
    return { ...result, text: `${result.stdout}${result.stderr}` };
  };
  const image = `${server.dir}/disk.img`;
  await Deno.writeFile(image, new Uint8Array(1024 * 1024).fill(0x5a));
  await Deno.writeTextFile(
    `${server.dir}/scst.conf`,
    [
      "HANDLER vdisk_fileio {",
      "DEVICE disk {",
      `filename ${image}`,
      "}",
      "}",
      "TARGET_DRIVER iscsi {",
      "enabled 1",
      `TARGET ${T} {`,
      "enabled 1",
      "LUN 0 disk",
      "}",
      "}",
      "",
    ].join("\n"),
  );
  const applied = await admin("-config scst.conf");
  assert.match(applied.text, /Done, 4 change\(s\) made/);
  assert.equal(applied.code, 0);
  assert.match((await admin("-config scst.conf -force")).text, /Done, 0 change\(s\) made/);

  await using session = await Session.open(server, { targetName: T });
  await makeReady(session, 0);
  const { status, data } = await session.command(read10(8, 1), { lun: 0, read: 512 });
  assert.equal(status, 0);
  assert.ok(data.every((byte) => byte === 0x5a));

  assert.match((await admin("-list_sessions")).text, /\tSession: iqn\.[^]*\tLUN 0 +disk /);
  assert.match(
    (await admin("-close_dev disk -handler vdisk_fileio")).text,
    /Device 'disk' is in use/,
  );
  const removed = await admin(`-rem_target ${T} -driver iscsi`);
  assert.equal(removed.code, 0, removed.text);
  assert.ok(!(await admin("-list_target")).text.includes(T));
  assert.equal((await admin("-close_dev disk -handler vdisk_fileio")).code, 0);
  const written = await admin("-write_config saved.conf");
  assert.equal(written.code, 0, written.text);
  assert.doesNotMatch(await Deno.readTextFile(`${server.dir}/saved.conf`), /disk|LUN/);
});
