import assert from "node:assert/strict";
import { sendDatagram } from "../../ffi/datagram.ts";
import { Errno } from "../../ffi/errno.ts";
import { monotonicMicroseconds } from "../../ffi/monotonic_clock.ts";
import { receiveDatagrams } from "../harness/datagrams.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("sendDatagram() reaches paths and abstract names", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const name of [`${dir}/socket`, `@scst_${crypto.randomUUID()}`]) {
      await using receiver = await receiveDatagrams(name);
      assert.equal(sendDatagram(name, bytes("one")), 0);
      assert.equal(sendDatagram(name, bytes("two\nlines")), 0);
      await receiver.saw(/^two\|lines$/m);
      assert.deepEqual(receiver.texts(), ["one", "two|lines"]);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("sendDatagram() says that nobody is there, and which names are too long", async () => {
  const dir = await Deno.makeTempDir();
  try {
    assert.equal(sendDatagram(`${dir}/none`, bytes("x")), -Errno.ENOENT);
    assert.equal(sendDatagram(`@scst_${crypto.randomUUID()}`, bytes("x")), -Errno.ECONNREFUSED);
    assert.equal(sendDatagram(`/${"x".repeat(107)}`, bytes("x")), -Errno.ENAMETOOLONG);
    assert.equal(sendDatagram(`@${"x".repeat(108)}`, bytes("x")), -Errno.ENAMETOOLONG);
    assert.equal(sendDatagram(`@${"x".repeat(107)}`, bytes("x")), -Errno.ECONNREFUSED);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("monotonicMicroseconds() is the clock of the system", async () => {
  const begin = monotonicMicroseconds();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const end = monotonicMicroseconds();
  assert.ok(end - begin >= 20_000n && end - begin < 10_000_000n, `${end - begin}`);
  if (Deno.build.os === "linux") {
    // Both begin with the boot; uptime also counts the time of a suspended machine.
    const uptime = Number((await Deno.readTextFile("/proc/uptime")).split(" ")[0]);
    assert.ok(Number(end) / 1e6 <= uptime + 1);
  }
});
