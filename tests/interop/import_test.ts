/** A disk of tgt that moves here: initiators find the LUN and the names that they know. */
import assert from "node:assert/strict";
import { inquiry } from "../initiator/cdb.ts";
import { toHex } from "../harness/hex.ts";
import { backingFile } from "../harness/disk_yaml.ts";
import { runProgram } from "../harness/program.ts";
import { startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { toolTest } from "../harness/tools.ts";
import { startTgtd } from "../perf/tgtd.ts";

const NAA = 3;
const T10_VENDOR = 1;

/** The designators of a logical unit that are of a type (SPC-4 7.8.6), in hex. */
function designators(page: Uint8Array, type: number): string[] {
  const found: string[] = [];
  for (let at = 4; at < page.length; at += 4 + page[at + 3]!) {
    const isOfUnit = (page[at + 1]! >> 4 & 3) === 0;
    const designator = page.subarray(at + 4, at + 4 + page[at + 3]!);
    if (isOfUnit && (page[at + 1]! & 15) === type) found.push(toHex(designator));
  }
  return found;
}

async function namesAt(host: string, port: number, targetName: string, lun: number) {
  await using session = await openReady({ host, port }, [lun], { targetName });
  const { data } = await session.command(inquiry(1024, 0x83), { lun, read: 1024 });
  const standard = await session.command(inquiry(36), { lun, read: 36 });
  return {
    naa: designators(data, NAA).find((name) => name.startsWith("6")),
    t10: designators(data, T10_VENDOR)[0]?.replace(/[ 0]+$/, ""), // tgtd fills it up with NULs
    product: new TextDecoder().decode(standard.data.subarray(8, 36)),
  };
}

toolTest(
  "a disk of tgt has its LUN and its names after scst import",
  ["tgtd", "tgtadm"],
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
    try {
      const filename = backingFile(dir, "disk.img", 2 ** 20);
      let before;
      {
        await using peer = await startTgtd(filename);
        const { hostname, port, pathname } = new URL(peer.url.replace(/^iscsi:/, "http:"));
        const [, targetName = "", lun] = pathname.split("/");
        before = {
          targetName,
          names: await namesAt(hostname, Number(port), targetName, Number(lun)),
        };
        assert.equal(lun, "1");
      }
      const { targetName, names } = before;
      const conf = `${dir}/targets.conf`;
      await Deno.writeTextFile(
        conf,
        `<target ${targetName}>\n  backing-store ${filename}\n</target>\n`,
      );
      const { code, stdout, stderr } = await runProgram(["import", conf]);
      assert.deepEqual([code, stderr], [0, ""]);
      await using server = await startTestServer(stdout.replace("0.0.0.0:3260", "127.0.0.1:0"));
      assert.deepEqual(await namesAt(server.host, server.port, targetName, 1), names);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);
