/** Sockets: whose descriptor listens where, and how addresses are written (RFC 5952). */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { closeFile } from "../../ffi/file.ts";
import { IoVector } from "../../ffi/iovec.ts";
import { Memory } from "../../ffi/memory.ts";
import {
  acceptSocket,
  closeSocket,
  findListener,
  localAddress,
  receive,
  receiveVector,
  remoteAddress,
  send,
  sendVector,
  shutdownSend,
  tuneSocket,
} from "../../ffi/socket.ts";
import { createWake, Wake } from "../../ffi/wake.ts";

function listen(hostname: string, port = 0): Deno.TcpListener | undefined {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    if (hostname.includes(":") && error instanceof Error) return undefined; // no IPv6 here
    throw error;
  }
}

const HOSTS = ["127.0.0.1", "0.0.0.0", "127.1.2.3", "::1", "::"];

Deno.test("findListener() finds the descriptor by address and port, among several", () => {
  const listeners = HOSTS.flatMap((hostname) =>
    [listen(hostname) ?? [], listen(hostname) ?? []].flat()
  );
  assert(listeners.length >= 6);
  const found = listeners.map((listener) => {
    const { hostname, port } = listener.addr;
    const fd = findListener({ hostname, port });
    assert(fd !== undefined, `${hostname} ${port}`);
    assert.deepEqual(localAddress(fd), { hostname, port });
    return fd;
  });
  assert.equal(new Set(found).size, found.length);
  const { port } = listeners[0]!.addr;
  assert.equal(findListener({ hostname: "127.0.0.2", port }), undefined);
  for (const listener of listeners) listener.close();
  assert.equal(findListener({ hostname: "127.0.0.1", port }), undefined);
});

Deno.test("findListener() tells listeners on one port of several addresses apart", () => {
  using one = listen("127.0.0.1")!;
  const { port } = one.addr;
  using two = listen("127.0.0.2", port)!;
  const fds = ["127.0.0.1", "127.0.0.2"].map((hostname) => findListener({ hostname, port })!);
  assert.deepEqual(fds.map((fd) => localAddress(fd)?.hostname), ["127.0.0.1", "127.0.0.2"]);
  assert.notEqual(fds[0], fds[1]);
  assert.equal(two.addr.port, port);
});

Deno.test("findListener() takes no connected socket for a listener", async () => {
  using listener = listen("127.0.0.1")!;
  using client = await Deno.connect({ port: listener.addr.port, hostname: "127.0.0.1" });
  using server = await listener.accept();
  const { hostname, port } = client.localAddr as Deno.NetAddr;
  assert.equal(findListener({ hostname, port }), undefined);
  const fd = findListener(listener.addr)!;
  assert.deepEqual(localAddress(fd), { hostname: "127.0.0.1", port: listener.addr.port });
  assert.equal(remoteAddress(fd), undefined, "it is not connected");
  assert.equal((server.localAddr as Deno.NetAddr).port, listener.addr.port);
});

function socketsOfProcess(): Set<number> {
  const isSocket = (fd: string) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false; // that was the directory itself
    }
  };
  const fds = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name);
  return new Set(fds.filter(isSocket).map(Number));
}

Deno.test("localAddress() is undefined for what is no socket of the internet", () => {
  const wake = createWake();
  assert.equal(localAddress(wake.readFd), undefined);
  assert.equal(localAddress(-1), undefined);
  new Wake(wake).close();
  const path = Deno.makeTempFileSync({ prefix: "scst_socket_" });
  Deno.removeSync(path);
  const before = socketsOfProcess();
  using _unix = Deno.listen({ transport: "unix", path });
  const added = [...socketsOfProcess().difference(before)];
  assert(added.length > 0);
  for (const fd of added) assert.equal(localAddress(fd), undefined);
  Deno.removeSync(path);
});

/** Connects to a listener of ours, and accepts through FFI. */
async function connected(hostname: string) {
  const listener = listen(hostname);
  if (listener === undefined) return undefined;
  const fd = findListener(listener.addr)!;
  assert.equal(acceptSocket(fd), -Errno.EAGAIN, "nobody has come yet");
  const { port } = listener.addr;
  const client = await Deno.connect({ hostname, port });
  const accepted = acceptSocket(fd);
  assert(accepted >= 0);
  return { listener, client, accepted };
}

Deno.test("acceptSocket() accepts without waiting, and both ends agree on their addresses", async () => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    const pair = await connected(hostname);
    if (pair === undefined) continue;
    const { listener, client, accepted } = pair;
    const far = client.localAddr as Deno.NetAddr;
    assert.deepEqual(remoteAddress(accepted), { hostname: far.hostname, port: far.port });
    assert.deepEqual(localAddress(accepted), { hostname, port: listener.addr.port });
    closeSocket(accepted);
    client.close();
    listener.close();
  }
});

Deno.test({
  name: "tuneSocket() has a silent peer asked after a minute",
  ignore: Deno.build.os !== "linux", // only Linux shows the timers of its sockets
  async fn() {
    const { listener, client, accepted } = (await connected("127.0.0.1"))!;
    tuneSocket(accepted);
    const { port } = client.localAddr as Deno.NetAddr;
    const ends = (line: string) => line.trim().split(/ +/).slice(1, 3).map((end) => end.slice(-4));
    const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
    const wanted = [hex(listener.addr.port), hex(port)];
    const sockets = Deno.readTextFileSync("/proc/net/tcp").split("\n");
    const line = sockets.find((line) => ends(line).join() === wanted.join())!;
    const [timer, jiffies = ""] = line.trim().split(/ +/)[5]!.split(":");
    assert.equal(timer, "02"); // that of keepalive
    const seconds = parseInt(jiffies, 16) / 100;
    assert(seconds > 50 && seconds <= 60, `${seconds} s`);
    closeSocket(accepted);
    client.close();
    listener.close();
  },
});

Deno.test("send() and receive() carry bytes, in one piece or in several", async () => {
  const { listener, client, accepted } = (await connected("127.0.0.1"))!;
  tuneSocket(accepted);
  const memory = new Memory(64);
  const iov = new IoVector();
  const pieces = () => {
    iov.clear();
    for (const [at, length] of [[40, 3], [0, 2], [20, 5]] as const) {
      iov.push(memory.address + at, length);
    }
    return iov;
  };
  assert.equal(receive(accepted, memory.address, 64), -Errno.EAGAIN);
  memory.bytes.set(
    new TextEncoder().encode("cd...............   efghi              abX").subarray(0, 64),
  );
  memory.bytes.set([0x78, 0x79, 0x7a], 40);
  assert.equal(sendVector(accepted, pieces()), 10);
  assert.equal(send(accepted, memory.address + 40, 2), 2);
  const sent = new Uint8Array(12);
  for (let at = 0; at < 12;) at += (await client.read(sent.subarray(at)))!;
  assert.equal(new TextDecoder().decode(sent), "xyzcdefghixy");

  await client.write(sent);
  memory.bytes.fill(0);
  while (receive(accepted, memory.address, 2) === -Errno.EAGAIN) {
    await new Promise((r) => setTimeout(r, 1));
  }
  assert.equal(receiveVector(accepted, pieces()), 10);
  const text = (from: number, to: number) =>
    new TextDecoder().decode(memory.bytes.subarray(from, to));
  assert.deepEqual([text(40, 43), text(0, 2), text(20, 25)], ["zcd", "ef", "ghixy"]);

  shutdownSend(accepted);
  assert.equal(await client.read(sent), null, "the end of the stream");
  client.close();
  while (receive(accepted, memory.address, 64) === -Errno.EAGAIN) {
    await new Promise((r) => setTimeout(r, 1));
  }
  assert.equal(receive(accepted, memory.address, 64), 0);
  assert.equal(send(accepted, memory.address, 1), -Errno.EPIPE, "and no signal");
  assert.equal(closeFile(accepted), 0);
  listener.close();
});

Deno.test("findListener() finds a listener on an IPv4-mapped address", () => {
  using listener = Deno.listen({ hostname: "::ffff:127.0.0.1", port: 0 });
  assert.notEqual(findListener(listener.addr), undefined);
});
