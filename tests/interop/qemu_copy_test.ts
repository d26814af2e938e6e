/** EXTENDED COPY as QEMU asks for it: `qemu-img convert -C` offloads the copy to the target. */
import assert from "node:assert/strict";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { sha256, writeRandomImage } from "../harness/image.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { QEMU, runTool, toolTest } from "../harness/tools.ts";

const SIZE = 64 * 1024 * 1024;
const IMAGES = ["-n", "-f", "raw", "-O", "raw"];

for (const blocksize of [512, 4096]) {
  toolTest(`qemu-img convert -C copies between two LUNs of ${blocksize}`, QEMU, async () => {
    await using server = await startTestServer((dir) =>
      diskYaml(["from.img", "to.img"].map((name) => ({
        filename: backingFile(dir, name, SIZE),
        blocksize,
      })))
    );
    writeRandomImage(`${server.dir}/from.img`, SIZE);
    const args = ["--trace", "enable=iscsi_xcopy", "convert", "-C", ...IMAGES];
    const said = await runTool("qemu-img", [...args, lunUrl(server, 0), lunUrl(server, 1)]);
    assert.equal(said.code, 0, said.stderr);
    // Without EXTENDED COPY it would read and write itself, and say nothing.
    const copied = (said.stdout + said.stderr).matchAll(/iscsi_xcopy .* bytes (\d+) ret 0/g);
    assert.equal([...copied].reduce((sum, [, bytes]) => sum + Number(bytes), 0), SIZE);
    assert.equal(sha256(`${server.dir}/to.img`), sha256(`${server.dir}/from.img`));
  });
}
