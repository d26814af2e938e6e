/** The client of an iSNS server: what it registers, asks and answers, and what a bad server gets of it. */
import assert from "node:assert/strict";
import type { ListeningPortal } from "../../lib/iscsi/portal_address.ts";
import { address, empty, numberOf, text, textOf, uint32 } from "../../lib/isns/attribute.ts";
import { IsnsClient } from "../../lib/isns/client.ts";
import { INITIATORS_MOST } from "../../lib/isns/domains.ts";
import { FunctionId, IsnsStatus, nameOfFunction } from "../../lib/isns/function_id.ts";
import { encodeMessage, type Message, MessageReader } from "../../lib/isns/message.ts";
import { NodeType } from "../../lib/isns/registration.ts";
import { Tag } from "../../lib/isns/tag.ts";
import {
  type Behaviour,
  IsnsStandIn,
  obliging,
  response,
  sendAll,
  serverPdu,
} from "../harness/isns_stand_in.ts";

const PORTALS: ListeningPortal[] = [{ hostname: "127.0.0.1", port: 3260, takesIPv4: false }];
const node = (name: string) => ({ name: `iqn.x:${name}`, alias: undefined });
const ENTITY = "iqn-host";

interface Told {
  readonly target: string;
  readonly initiators: readonly string[];
}

/** A client of `server` that registers one target, until the end of `body`. */
async function withClient(
  server: IsnsStandIn,
  body: (client: IsnsClient, told: Told[]) => Promise<void>,
): Promise<void> {
  const told: Told[] = [];
  const client = new IsnsClient({
    server: { hostname: "127.0.0.1", port: server.port },
    entity: ENTITY,
    onDomain: (target, initiators) => told.push({ target, initiators }),
  });
  try {
    client.registration({ portals: PORTALS, nodes: [node("a")] });
    await body(client, told);
  } finally {
    const before = performance.now();
    await client.stop();
    assert(performance.now() - before < 2500, "the end takes too long");
  }
}

const count = ({ requests }: IsnsStandIn, functionId: number) =>
  requests.filter((one) => one.functionId === functionId).length;

/** Answers a question for initiators with these, and agrees to the rest. */
function telling(initiators: () => readonly string[]): Behaviour {
  return (request, conn) => {
    const [, key] = request.attributes;
    const isQuery = request.functionId === FunctionId.DevAttrQry &&
      key?.tag === Tag.ISCSINodeType && numberOf(key) === NodeType.INITIATOR;
    if (!isQuery) return obliging(request, conn);
    const type = uint32(Tag.ISCSINodeType, NodeType.INITIATOR);
    const found = initiators().flatMap((name) => [text(Tag.ISCSIName, name), type]);
    return sendAll(conn, response(request, 0, [type, empty(Tag.Delimiter), ...found]));
  };
}

Deno.test("IsnsClient registers, tells differences, and takes all out at the end", async () => {
  await using server = new IsnsStandIn();
  await withClient(server, async (client) => {
    await server.until(() => count(server, FunctionId.DevAttrQry) >= 3);
    assert.equal(count(server, FunctionId.DevAttrReg), 1);
    client.registration({ portals: PORTALS, nodes: [node("a"), node("b")] });
    await server.until(() => count(server, FunctionId.DevAttrReg) === 2);
    client.registration({ portals: PORTALS, nodes: [node("b")] });
    await server.until(() => count(server, FunctionId.DevDereg) === 1);
    const gone = server.requests.find((one) => one.functionId === FunctionId.DevDereg)!;
    assert.deepEqual(gone.attributes.map(textOf), ["iqn.x:b", undefined, "iqn.x:a"]);
  });
  const last = server.requests.at(-1)!;
  assert.equal(nameOfFunction(last.functionId), "DevDereg (0004)");
  assert.deepEqual(last.attributes.map(textOf), ["iqn.x:b", undefined, ENTITY]);
  assert.equal(server.connected.length, 1);
});

Deno.test("IsnsClient with nothing to register does not even connect", async () => {
  await using server = new IsnsStandIn();
  await withClient(server, async (client) => {
    await server.until(() => count(server, FunctionId.DevAttrQry) >= 3);
    client.registration({ portals: PORTALS, nodes: [] });
    await server.until(() => count(server, FunctionId.DevDereg) === 1);
    client.registration({ portals: [], nodes: [] });
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  assert.equal(count(server, FunctionId.DevDereg), 1);
  assert.equal(server.connected.length, 1);
});

Deno.test("IsnsClient says who shares a domain when that changes, and keeps it when nobody answers", async () => {
  let initiators = ["iqn.x:ONE"];
  await using server = new IsnsStandIn(telling(() => initiators));
  await withClient(server, async (_, told) => {
    await server.until(() => told.length === 1);
    assert.deepEqual(told[0], { target: "iqn.x:a", initiators: ["iqn.x:one"] });
    initiators = ["iqn.x:one", "iqn.x:two"];
    const bitmap = uint32(Tag.ISCSISCNBitmap, 8);
    const attributes = [text(Tag.ISCSIName, "iqn.x:a"), bitmap, text(Tag.ISCSIName, "iqn.x:two")];
    await server.tell(
      serverPdu({ functionId: FunctionId.SCN, transactionId: 77, status: undefined, attributes }),
    );
    await server.until(() => told.length === 2);
    assert.deepEqual(told[1]!.initiators, ["iqn.x:one", "iqn.x:two"]);
    const answer = server.requests.find(({ functionId }) => functionId === 0x8008)!;
    assert.deepEqual([answer.transactionId, answer.status], [77, 0]);
    assert.deepEqual(answer.attributes.map(textOf), ["iqn.x:a"]);
    server.behaviour = (request, conn) => sendAll(conn, response(request, IsnsStatus.BUSY));
    const before = server.requests.length;
    server.drop();
    await server.until(() => server.requests.length > before);
    server.behaviour = telling(() => initiators);
    await server.until(() => server.requests.length >= before + 4);
    assert.equal(told.length, 2, "nothing has changed");
  });
});

Deno.test("IsnsClient takes no more initiators than are allowed for one target", async () => {
  const names = Array.from({ length: INITIATORS_MOST + 100 }, (_, at) => `iqn.x:${at}`);
  await using server = new IsnsStandIn(async (request, conn) => {
    const [, key] = request.attributes;
    if (key?.tag !== Tag.ISCSINodeType || numberOf(key) !== NodeType.INITIATOR) {
      return await obliging(request, conn);
    }
    // More than a PDU holds.
    const type = uint32(Tag.ISCSINodeType, NodeType.INITIATOR);
    const pairs = names.flatMap((name) => [text(Tag.ISCSIName, name), type]);
    for (let at = 0, sequence = 0; at < pairs.length; at += 2000, sequence++) {
      const part = { ...request, functionId: 0x8002, attributes: pairs.slice(at, at + 2000) };
      const bytes = serverPdu({ ...part, status: sequence === 0 ? 0 : undefined });
      const view = new DataView(bytes.buffer);
      const isLast = at + 2000 >= pairs.length;
      view.setUint16(6, 0x4000 | (sequence === 0 ? 0x0400 : 0) | (isLast ? 0x0800 : 0));
      view.setUint16(10, sequence);
      await sendAll(conn, bytes);
    }
  });
  await withClient(server, async (_, told) => {
    await server.until(() => told.length === 1);
    assert.equal(told[0]!.initiators.length, INITIATORS_MOST);
  });
});

Deno.test("IsnsClient comes back after a server was away, and does not register what is kept", async () => {
  const first = new IsnsStandIn();
  const { port } = first;
  const client = new IsnsClient({ server: { hostname: "127.0.0.1", port }, entity: ENTITY });
  try {
    client.registration({ portals: PORTALS, nodes: [node("a")] });
    await first.until(() => count(first, FunctionId.DevAttrQry) >= 1);
    await new Promise((resolve) => setTimeout(resolve, 100)); // it has the answer
    await first[Symbol.asyncDispose]();
    await using second = new IsnsStandIn(obliging, port);
    await second.until(() => count(second, FunctionId.DevAttrQry) >= 1);
    assert.equal(count(second, FunctionId.DevAttrReg), 0);
    await client.stop();
    assert.equal(count(second, FunctionId.DevDereg), 1);
  } finally {
    await client.stop();
  }
});

Deno.test("IsnsClient registers again with a server that has lost it", async () => {
  await using server = new IsnsStandIn();
  await withClient(server, async (client) => {
    await server.until(() => count(server, FunctionId.DevAttrQry) >= 3);
    server.behaviour = (request, conn) => {
      if (request.functionId !== FunctionId.DevAttrQry) return obliging(request, conn);
      if (count(server, FunctionId.DevAttrReg) > 1) server.behaviour = obliging;
      return sendAll(conn, response(request, IsnsStatus.SOURCE_UNKNOWN));
    };
    client.registration({ portals: PORTALS, nodes: [node("a")] });
    await server.until(() => count(server, FunctionId.DevAttrReg) >= 2);
    const again = server.requests.findLast(({ functionId }) =>
      functionId === FunctionId.DevAttrReg
    )!;
    assert(again.attributes.some(({ tag }) => tag === Tag.EntityProtocol), "all of it");
  });
});

Deno.test("IsnsClient does without inquiries where the server has none", async () => {
  await using server = new IsnsStandIn((request, conn) => {
    const wantsESI = request.attributes.some(({ tag }) => tag === Tag.ESIPort);
    return sendAll(conn, response(request, wantsESI ? IsnsStatus.ESI_NOT_AVAILABLE : 0));
  });
  await withClient(server, async () => {
    await server.until(() => count(server, FunctionId.DevAttrQry) >= 3);
    const all = server.requests.filter(({ functionId }) => functionId === FunctionId.DevAttrReg);
    assert.deepEqual(
      all.map(({ attributes }) => attributes.some(({ tag }) => tag === Tag.ESIPort)),
      [true, false],
    );
    assert(all[1]!.attributes.some(({ tag }) => tag === Tag.SCNPort));
  });
});

/** Connects to the port where the client is asked, sends bytes, and has one answer. */
async function ask(port: number, bytes: Uint8Array): Promise<Message | undefined> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await sendAll(conn, bytes);
    const buffer = new Uint8Array(4096);
    const length = await conn.read(buffer);
    return length === null
      ? undefined
      : [...new MessageReader(4096).take(buffer.subarray(0, length))][0];
  } catch {
    return undefined;
  } finally {
    conn.close();
  }
}

Deno.test("IsnsClient answers at its port, whoever else hangs on there", async () => {
  await using server = new IsnsStandIn();
  await withClient(server, async () => {
    await server.until(() => count(server, FunctionId.DevAttrQry) >= 1);
    const { attributes } = server.requests[0]!;
    const port = numberOf(attributes.find(({ tag }) => tag === Tag.ESIPort)!)!;
    const idle: Deno.Conn[] = [];
    for (let index = 0; index < 20; index++) {
      idle.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    }
    const inquiry = (entity: string) =>
      encodeMessage({
        functionId: FunctionId.ESI,
        transactionId: 5,
        status: undefined,
        attributes: [
          { tag: Tag.Timestamp, value: new Uint8Array(8) },
          text(Tag.EntityIdentifier, entity),
          address(Tag.PortalIPAddress, "127.0.0.1"),
          uint32(Tag.PortalPort, 3260),
        ],
      });
    const yes = await ask(port, inquiry(ENTITY.toUpperCase()));
    assert.deepEqual([yes?.functionId, yes?.transactionId, yes?.status], [0x800d, 5, 0]);
    assert.deepEqual(yes?.attributes.map(({ tag }) => tag), [4, 1, 16, 17]);
    const no = await ask(port, inquiry("another"));
    assert.deepEqual([no?.status, no?.attributes], [IsnsStatus.NO_SUCH_ENTRY, []]);
    const request = { functionId: 0x000e, transactionId: 6, status: undefined, attributes: [] };
    const strange = await ask(port, encodeMessage(request));
    assert.deepEqual([strange?.functionId, strange?.status], [0x800e, 15]);
    assert.equal(await ask(port, new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")), undefined);
    assert.equal((await ask(port, inquiry(ENTITY)))?.status, 0);
    for (const conn of idle) conn.close();
  });
});

/** An answer that begins and does not end, in PDUs that may be as many as they like. */
async function endless(request: Message, conn: Deno.TcpConn): Promise<void> {
  for (let sequence = 0; sequence < 2000; sequence++) {
    const pdu = response(request, 0, [{ tag: 70_000, value: new Uint8Array(60_000) }]);
    const view = new DataView(pdu.buffer);
    view.setUint16(6, 0x4000 | (sequence === 0 ? 0x0400 : 0));
    view.setUint16(10, sequence);
    await sendAll(conn, pdu);
  }
}

/** Servers that are no good, and what each does with a request. */
const BAD: Record<string, Behaviour> = {
  "is silent": () => {},
  "ends each connection": (_, conn) => conn.close(),
  "sends garbage": (_, conn) => sendAll(conn, crypto.getRandomValues(new Uint8Array(4096))),
  "sends an answer without end": endless,
  "stops within an answer": (request, conn) => sendAll(conn, response(request).subarray(0, 9)),
  "answers another transaction": (request, conn) =>
    sendAll(conn, response({ ...request, transactionId: request.transactionId ^ 1 })),
  "answers another function": (request, conn) =>
    sendAll(conn, response({ ...request, functionId: FunctionId.SCNDereg })),
  "answers twice": async (request, conn) => {
    await sendAll(conn, response(request));
    await sendAll(conn, response(request));
  },
  "refuses everything": (request, conn) => sendAll(conn, response(request, 99)),
  "forgets everything": (request, conn) =>
    sendAll(conn, response(request, request.functionId === FunctionId.DevAttrQry ? 9 : 0)),
  "asks without end": async (request, conn) => {
    const attributes = [text(Tag.ISCSIName, "iqn.x:a")];
    const scn = serverPdu({
      functionId: FunctionId.SCN,
      transactionId: 1,
      status: undefined,
      attributes,
    });
    for (let times = 0; times < 2000; times++) await sendAll(conn, scn);
    await sendAll(conn, response(request));
  },
};

/** Has a client meet a server that is no good at first. */
async function meet(behaviour: Behaviour): Promise<void> {
  await using server = new IsnsStandIn(behaviour);
  await withClient(server, async (_, told) => {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert(server.connected.length >= 1 && server.connected.length <= 4, `${server.connected}`);
    const asked = server.requests.filter(({ status }) => status === undefined);
    assert(asked.length < 50, `${asked.length} requests`);
    assert.deepEqual(told.filter(({ initiators }) => initiators.length > 0), []);
    server.behaviour = telling(() => ["iqn.x:late"]);
    server.drop();
    await server.until(() => told.at(-1)?.initiators[0] === "iqn.x:late", 15_000);
  });
}

Deno.test("IsnsClient comes back in its own time to a server that is no good", async () => {
  // Side by side: most of it is waiting.
  await Promise.all(
    Object.entries(BAD).map(async ([what, behaviour]) => {
      try {
        await meet(behaviour);
      } catch (cause) {
        throw new Error(`A server that ${what}`, { cause });
      }
    }),
  );
});
