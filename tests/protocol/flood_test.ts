/** Garbage, and random PDUs in sessions: the server lives, others get what they ask for. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Bystander } from "../harness/bystander.ts";
import { fileDisks } from "../harness/disks.ts";
import { assertNoBug, warningsWith } from "../harness/log.ts";
import { residentBytes } from "../harness/memory.ts";
import { inParallel } from "../harness/parallel.ts";
import { type Random, withRandom } from "../harness/random.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { Field, Opcode, Pdu } from "../initiator/pdu.ts";
import { RawConnection } from "../initiator/raw.ts";
import { textRequest } from "../initiator/requests.ts";
import { SteeredSession } from "../initiator/steered.ts";
import { encodeText } from "../initiator/text.ts";

const YAML = fileDisks(1 << 20, [{}, {}]);
const MEMORY_LIMIT = 256 << 20;
/** Task management functions that reach no further than LUN 0. */
const HARMLESS_FUNCTIONS = [0, 1, 2, 3, 4, 5, 8, 9, 0x33, 0x7f];

/** Sends bytes as long as they are taken. */
async function sendAsLongAsTaken(raw: RawConnection, bytes: Uint8Array): Promise<boolean> {
  try {
    await raw.send(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A PDU whose framing is right and whose fields are often plausible, for LUN 0. */
function randomPdu(random: Random, session: SteeredSession): Pdu {
  const data = random.bytes(random.pick([0, 0, 0, 1, 48, 512, 1000]));
  const pdu = new Pdu(random.bytes(48), data, random.bytes(random.pick([0, 0, 0, 4, 20])));
  const opcodes = Object.values(Opcode).filter((code) => code < 0x20);
  const opcode = random.below(8) === 0 ? random.below(64) : random.pick(opcodes);
  pdu.put8(Field.opcode, opcode | random.below(2) << 6);
  pdu.put32(Field.lun, 0).put32(Field.lun + 4, 0);
  if (random.below(3) > 0) pdu.put32(Field.itt, random.below(6));
  if (random.below(4) > 0) pdu.put32(Field.cmdSn, session.cmdSn + random.below(4));
  if (random.below(2) > 0) pdu.put32(Field.expectedLength, random.below(70_000));
  if (random.below(2) > 0) pdu.put32(Field.bufferOffset, random.below(4096));
  if (opcode === Opcode.ScsiCommand && random.below(4) > 0) {
    const cdb = new Uint8Array(16);
    cdb[0] = random.pick([0x00, 0x03, 0x12, 0x1a, 0x28, 0x2a, 0x2f, 0x41, 0x88, 0x8a, 0xa0]);
    for (let byte = 1; byte < 9; byte++) cdb[byte] = random.below(8) === 0 ? random.below(256) : 0;
    pdu.putBytes(Field.cdb, cdb);
  }
  if (opcode === Opcode.TaskManagementRequest) {
    pdu.put8(Field.flags, 0x80 | random.pick(HARMLESS_FUNCTIONS));
  }
  return pdu;
}

/** One session of random PDUs; it ends when the server has had enough. */
async function babble(server: TestServer, random: Random): Promise<void> {
  using session = await openSteered(server);
  // What comes back is taken off the wire, or the server would have to stop receiving.
  const drain = session.raw.receiveUntilClosed(60_000).catch(() => []);
  for (let i = 0; i < 60; i++) {
    if (!await sendAsLongAsTaken(session.raw, randomPdu(random, session).encode())) break;
    if (random.below(2) === 0) session.cmdSn += 1;
  }
  session.close();
  await drain;
}

Deno.test("connections full of garbage are closed, and nobody else notices", async () => {
  await withRandom(async (random) => {
    await using server = await startTestServer(YAML);
    await using bystander = await Bystander.start(server, 1);
    await inParallel(48, 8, async (index) => {
      using raw = await RawConnection.connect(server);
      const garbage = random.bytes(48 + random.below(65_536));
      if (index % 3 === 0) garbage[0] = 0x43;
      const drain = raw.receiveUntilClosed().catch(() => "silent" as const);
      const taken = await sendAsLongAsTaken(raw, garbage);
      if (taken) await raw.closeWrite().catch(() => {});
      assert.notEqual(await drain, "silent", "the server must end the connection");
    });
    await bystander.finish();
    await using _session = await openReady(server);
    assertNoBug(server);
  });
});

Deno.test("random PDUs in sessions crash nothing and leave other LUNs alone", async () => {
  await withRandom(async (random) => {
    await using server = await startTestServer(YAML);
    await using bystander = await Bystander.start(server, 1);
    await inParallel(120, 4, () => babble(server, random));
    await bystander.finish();
    await using _session = await openReady(server);
    assert(await residentBytes(server.pid) < MEMORY_LIMIT * 2, "memory after the babble");
    assertNoBug(server);
  });
});

/** Connects from an address of this machine. */
async function connectFrom(localAddress: string, { host, port }: TestServer): Promise<Socket> {
  const socket = connect({ host, port, localAddress });
  socket.on("error", () => {}); // a reset is what some of them are to get
  await once(socket, "connect");
  return socket;
}

Deno.test("discovery sessions do not keep others out", async () => {
  await using server = await startTestServer(YAML);
  using stack = new DisposableStack();
  const sessions: SteeredSession[] = [];
  for (let count = 0; count < 140; count++) {
    sessions.push(stack.use(await SteeredSession.open(server, {})));
  }
  await Promise.all(sessions.slice(0, 12).map(({ raw }) => raw.receiveUntilClosed()));
  const last = sessions[12]!;
  const text = encodeText([["SendTargets", "All"]]);
  await last.send(textRequest({ ...last.numbers(), text }));
  await last.expect(Opcode.TextResponse);
  assertNoBug(server);
});

Deno.test("connections of many addresses that fill all places do not keep others out", async () => {
  await using server = await startTestServer(YAML);
  await using bystander = await Bystander.start(server, 1);
  const sockets: Socket[] = [];
  await inParallel(4200, 64, async (index) => {
    sockets.push(await connectFrom(`127.0.1.${1 + index % 40}`, server));
  });
  await using _session = await openReady(server);
  await warningsWith(server, "there are 4096 connections, and it does not log in");
  for (const socket of sockets) socket.destroy();
  await bystander.finish();
  assertNoBug(server);
});

Deno.test("connections that take all descriptors keep nobody out, and end nothing", async () => {
  await using server = await startTestServer(YAML, { openFiles: 512 });
  const sockets: Socket[] = [];
  await inParallel(600, 16, async (index) => {
    sockets.push(await connectFrom(`127.0.1.${1 + index % 6}`, server));
  });
  await using bystander = await Bystander.start(server, 1);
  await warningsWith(server, "connections, and it does not log in");
  for (const socket of sockets) socket.destroy();
  await bystander.finish();
  assertNoBug(server);
});

Deno.test("connections that say nothing do not keep others out", async () => {
  await using server = await startTestServer(YAML);
  using stack = new DisposableStack();
  const silent: RawConnection[] = [];
  for (let i = 0; i < 200; i++) silent.push(stack.use(await RawConnection.connect(server)));
  await using bystander = await Bystander.start(server, 1);
  await using _session = await openReady(server);
  // 128 of one address may be without a login: the oldest had to go.
  await Promise.all(silent.slice(0, 70).map((raw) => raw.receiveUntilClosed(5000)));
  await warningsWith(server, "too many connections from there that do not log in");
  await bystander.finish();
});
