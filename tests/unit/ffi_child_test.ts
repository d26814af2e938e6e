/** Helper programs, and descriptors that go through Unix sockets. */
import assert from "node:assert/strict";
import { startChild } from "../../ffi/child.ts";
import { receiveDescriptor, socketPair } from "../../ffi/descriptor_passing.ts";
import { Errno } from "../../ffi/errno.ts";
import { closeFile } from "../../ffi/file.ts";
import { awaitDescriptor } from "../../ffi/fuse_helper.ts";
import { takeLock } from "../../ffi/lock_file.ts";

function pair(): [number, number] {
  const made = socketPair();
  assert(typeof made !== "number", `-errno ${made}`);
  return made;
}

async function run(script: string, options?: Parameters<typeof startChild>[2]) {
  const child = startChild("sh", ["-c", script], options);
  assert(typeof child !== "number", `-errno ${child}`);
  return await child.ended();
}

Deno.test("startChild() gives a child its environment, /dev/null, and says how it ended", async () => {
  const env = { SCST_WORD: "a b" };
  const said = await run('cat; echo lost; echo "$SCST_WORD $HOME" >&2; exit 7', { env });
  assert.deepEqual(said, { code: 7, stderr: "a b" });
  assert.equal((await run("kill -9 $$")).code, 137);
  const long = await run("head -c 100000 /dev/zero | tr '\\0' x >&2");
  assert.equal(long.stderr.length, 4096);
});

Deno.test("startChild() names a program that is not there", () => {
  assert.equal(startChild("scst_no_such_program", []), -Errno.ENOENT);
});

Deno.test("startChild() gives a child one descriptor, as 3, and no other of ours", async () => {
  const [ours, theirs] = pair();
  using _file = await Deno.open("/etc/hostname");
  try {
    const { stderr } = await run("ls -l /proc/self/fd >&2; echo x >&3", { descriptor: theirs });
    assert.match(stderr, / 0 -> \/dev\/null\n[^]* 3 -> socket:/);
    assert.equal(stderr.match(/socket:/g)?.length, 1);
    assert.doesNotMatch(stderr, /hostname/);
    assert.equal(receiveDescriptor(ours), -Errno.EIO, "a byte without a descriptor");
  } finally {
    closeFile(ours);
    closeFile(theirs);
  }
});

const SEND = `use Socket; open(S, "+<&=3"); open(F, "<", "/etc/hostname") or die;
  my $c = pack("QllL", 20, 1, 1, fileno(F));
  my $b = "x"; my $iov = pack("PQ", $b, 1); my $m = pack("QQPQPQQ", 0, 0, $iov, 1, $c, 24, 0);
  syscall(46, 3, $m, 0) == 1 or die "sendmsg: $!";`;

Deno.test({
  name: "awaitDescriptor() receives what another process sends, closed on exec",
  ignore: Deno.build.os !== "linux" || Deno.build.arch !== "x86_64",
  async fn() {
    const [ours, theirs] = pair();
    const child = startChild("perl", ["-e", SEND], { descriptor: theirs });
    closeFile(theirs);
    try {
      assert(typeof child !== "number", `-errno ${child}`);
      const fd = await awaitDescriptor(ours, "perl");
      assert.deepEqual(await child.ended(), { code: 0, stderr: "" });
      assert(typeof fd === "number", String(fd));
      assert.equal(Deno.readLinkSync(`/proc/self/fd/${fd}`), "/etc/hostname");
      const info = Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`);
      assert.match(info, /flags:\s*02\d{6}\b/, "O_CLOEXEC");
      closeFile(fd);
      assert.equal(await awaitDescriptor(ours, "perl"), "perl gave no descriptor");
    } finally {
      closeFile(ours);
    }
  },
});

Deno.test("takeLock() gives a lock to one at a time, and keeps nobody's file", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_lock_" });
  try {
    const first = takeLock(`${dir}/lock`);
    assert(first >= 0);
    assert.equal(takeLock(`${dir}/lock`), -Errno.EBUSY);
    closeFile(first);
    const second = takeLock(`${dir}/lock`);
    assert(second >= 0);
    closeFile(second);
    assert.equal(takeLock(`${dir}/none/lock`), -Errno.ENOENT);
    await Deno.symlink(`${dir}/lock`, `${dir}/link`);
    assert.equal(takeLock(`${dir}/link`), -Errno.ELOOP);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
