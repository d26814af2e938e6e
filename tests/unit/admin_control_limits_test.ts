/** The control socket against clients that are slow, many, or not clients at all. */
import assert from "node:assert/strict";
import { type ControlRig, controlRig, RawClient } from "../harness/control_rig.ts";
import { Random } from "../harness/random.ts";

const GET = "GET /tree/version HTTP/1.1\r\nHost: x\r\n\r\n";
const SHORT = { idle: 300, request: 300, answer: 300 };

/** Whether somebody who comes now is served. */
async function assertServes({ path }: ControlRig): Promise<void> {
  using client = await RawClient.connect(path);
  await client.send(GET);
  assert.match(await client.received(/3\.9\.0\n$/), /^HTTP\/1\.1 200 /);
}

Deno.test("a client of the control socket has one request after the other, pipelined or not", async () => {
  await using rig = await controlRig();
  using client = await RawClient.connect(rig.path);
  for (let round = 0; round < 3; round++) {
    await client.send(GET);
    assert.match(await client.received(/3\.9\.0\n$/), /^HTTP\/1\.1 200 /);
  }
  const put = "PUT /tree/suspend HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n";
  await client.send(`${put}1${put}2${GET.replace("Host", "Connection: close\r\nHost")}`);
  const text = await client.received();
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), [
    "HTTP/1.1 204",
    "HTTP/1.1 204",
    "HTTP/1.1 200",
  ]);
  assert.deepEqual(rig.tree.written, ["suspend 1", "suspend 2"]);
});

Deno.test("the control socket answers what is not HTTP, and serves others", async () => {
  await using rig = await controlRig();
  const table: [string | Uint8Array, RegExp][] = [
    ["hello\n", /^HTTP\/1\.1 400 .*"errno":"EINVAL"/s],
    ["GET / HTTP/3.0\r\n\r\n", /^HTTP\/1\.1 505 /],
    [`GET / HTTP/1.1\r\nA: ${"x".repeat(100_000)}`, /^HTTP\/1\.1 431 .*"errno":"E2BIG"/s],
    ["x".repeat(5_000_000), /^(HTTP\/1\.1 431 .*)?$/s],
    [`GET / HTTP/1.1\r\n${"A: x\r\n".repeat(50_000)}`, /^HTTP\/1\.1 431 /],
    ["GET /tree/version HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 200 .*3\.9\.0\n$/s],
  ];
  for (const [bytes, answer] of table) {
    using client = await RawClient.connect(rig.path);
    const text = await client.exchange(bytes).catch(() => "");
    assert.match(text, answer, String(bytes).slice(0, 60));
    await assertServes(rig);
  }
  const random = new Random(5);
  for (let round = 0; round < 200; round++) {
    using client = await RawClient.connect(rig.path);
    await client.send(random.bytes(random.below(400) + 1));
  }
  await assertServes(rig);
});

Deno.test("the control socket gives a slow request up, and a silent client", async () => {
  await using rig = await controlRig(SHORT);
  using silent = await RawClient.connect(rig.path);
  using slowHead = await RawClient.connect(rig.path);
  using slowBody = await RawClient.connect(rig.path);
  await slowHead.send("GET /tree/ver");
  await slowBody.send("PUT /tree/suspend HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n1");
  // Bytes that trickle in do not prolong the time.
  const trickle = setInterval(() => void slowBody.send("1").catch(() => {}), 100);
  const started = Date.now();
  const [none, head, body] = await Promise.all([
    silent.received(),
    slowHead.received(),
    slowBody.received(),
  ]);
  clearInterval(trickle);
  assert.equal(none, "");
  for (const text of [head, body]) assert.match(text, /^HTTP\/1\.1 408 .*within 0\.3 s/s);
  assert.ok(Date.now() - started < 5_000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(rig.tree.written, []);
  await assertServes(rig);
});

Deno.test("the control socket does not wait for a client that takes no answer", async () => {
  await using rig = await controlRig(SHORT);
  using client = await RawClient.connect(rig.path);
  // Requests whose answers fill the socket's buffers several times over.
  const request = "GET /tree?depth=all&contents HTTP/1.1\r\nHost: x\r\n\r\n";
  const sending = client.send(request.repeat(2_000)).catch(() => "gone");
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await assertServes(rig);
  assert.ok((await client.received()).length < 2_000 * 5_000);
  await sending;
});

Deno.test("the control socket takes as long for a command as the command needs", async () => {
  await using rig = await controlRig(SHORT);
  using client = await RawClient.connect(rig.path);
  const answer = client.exchange(
    "PUT /tree/slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1",
  );
  await rig.tree.slowBegan(1);
  await new Promise((resolve) => setTimeout(resolve, 700));
  rig.tree.release();
  assert.match(await answer, /^HTTP\/1\.1 204 /);
});

Deno.test("1000 clients that say nothing keep nobody from the control socket", async () => {
  await using rig = await controlRig();
  const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = descriptors();
  const clients: RawClient[] = [];
  try {
    for (let count = 0; count < 1000; count++) clients.push(await RawClient.connect(rig.path));
    await assertServes(rig);
    // One of each of ours, and one of each that the server keeps.
    assert.ok(descriptors() - before <= 1000 + 64 + 8, `${descriptors() - before}`);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

Deno.test("whoever comes while 64 requests are under way is told so", async () => {
  await using rig = await controlRig();
  const clients: RawClient[] = [];
  try {
    for (let count = 0; count < 64; count++) {
      const client = await RawClient.connect(rig.path);
      clients.push(client);
      await client.send("PUT /tree/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1");
    }
    await rig.tree.slowBegan(64);
    using late = await RawClient.connect(rig.path);
    assert.match(await late.exchange(GET), /^HTTP\/1\.1 503 .*"errno":"EAGAIN"/s);
    rig.tree.release();
    for (const client of clients) assert.match(await client.received(/\r\n\r\n/), / 204 /);
    await assertServes(rig);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

Deno.test("closing the control socket lets what is under way be answered", async () => {
  await using rig = await controlRig();
  using busy = await RawClient.connect(rig.path);
  using idle = await RawClient.connect(rig.path);
  const put = "PUT /tree/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1";
  const answer = busy.exchange(put);
  await rig.tree.slowBegan(1);
  const closed = rig.door.close();
  assert.equal(await idle.received(), "");
  await assert.rejects(RawClient.connect(rig.path), Deno.errors.NotFound);
  rig.tree.release();
  assert.match(await answer, /^HTTP\/1\.1 204 [^]*Connection: close/);
  await closed;
});

Deno.test("closing the control socket does not wait for a command without end", async () => {
  await using rig = await controlRig();
  using busy = await RawClient.connect(rig.path);
  const answer = busy.exchange(
    "PUT /tree/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1",
  );
  await rig.tree.slowBegan(1);
  await rig.door.close();
  assert.equal(await answer, "");
});
