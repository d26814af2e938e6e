/** What is registered at an iSNS server, and how that follows what is to be. */
import assert from "node:assert/strict";
import type { ListeningPortal } from "../../lib/iscsi/portal_address.ts";
import {
  type Attribute,
  empty,
  lengthOf,
  numberOf,
  operating,
  text,
  textOf,
  uint32,
} from "../../lib/isns/attribute.ts";
import { FunctionId } from "../../lib/isns/function_id.ts";
import { PAYLOAD_MOST } from "../../lib/isns/pdu.ts";
import { ADDRESSES_MOST, addressesOf } from "../../lib/isns/portal_addresses.ts";
import {
  deregisterAll,
  initiatorsIn,
  inquireNode,
  isShown,
  registerAll,
  registerDifference,
  type RegisteredPortal,
  type Registration,
  type Request,
} from "../../lib/isns/registration.ts";
import { nameOfTag, Tag } from "../../lib/isns/tag.ts";
import { toHex } from "../harness/hex.ts";
import { Random, testSeed } from "../harness/random.ts";

const portal = (hostname: string, port: number, inquiryPort?: number): RegisteredPortal => ({
  hostname,
  port,
  inquiryPort,
  esiInterval: inquiryPort === undefined ? 0 : 60,
});

const ONE: Registration = {
  entity: "host",
  portals: [portal("10.0.0.1", 3260, 5000), portal("fd00::1", 3261)],
  nodes: [{ name: "iqn.x:a", alias: "A" }, { name: "iqn.x:b", alias: undefined }],
};

/** Attributes in words. */
function words(attributes: readonly Attribute[]): string[] {
  return attributes.map((one) => {
    const name = nameOfTag(one.tag).split(" ")[0]!;
    if (one.value.length === 0) return name;
    if (one.value.length === 16 && one.tag === Tag.PortalIPAddress) {
      return `${name}=${toHex(one.value)}`;
    }
    const isText = [Tag.EntityIdentifier, Tag.ISCSIName, Tag.ISCSIAlias].includes(one.tag as 1);
    return `${name}=${isText ? textOf(one) : numberOf(one)}`;
  });
}

Deno.test("registerAll() registers entity, portals and nodes in place of what was, then for changes", () => {
  const [all, first, second, ...none] = registerAll(ONE);
  assert(all !== undefined && first !== undefined && second !== undefined);
  assert.deepEqual(none, []);
  assert.deepEqual([all.functionId, all.isReplacing], [FunctionId.DevAttrReg, true]);
  assert.deepEqual(words(all.attributes), [
    "ISCSIName=iqn.x:a",
    "EntityIdentifier=host",
    "Delimiter",
    "EntityIdentifier=host",
    "EntityProtocol=2",
    "RegistrationPeriod=600",
    "ISCSIName=iqn.x:a",
    "ISCSINodeType=1",
    "ISCSIAlias=A",
    "PortalIPAddress=00000000 00000000 0000ffff 0a000001",
    "PortalPort=3260",
    "ESIInterval=60",
    "ESIPort=5000",
    "SCNPort=5000",
    "PortalIPAddress=fd000000 00000000 00000000 00000001",
    "PortalPort=3261",
    "ISCSIName=iqn.x:b",
    "ISCSINodeType=1",
    "ISCSIAlias",
  ]);
  assert.equal(second.functionId, FunctionId.SCNReg);
  assert.deepEqual(words(second.attributes), [
    "ISCSIName=iqn.x:b",
    "ISCSIName=iqn.x:b",
    "Delimiter",
    "ISCSISCNBitmap=156",
  ]);
});

Deno.test("deregisterAll() takes out the entity, without a message key", () => {
  assert.deepEqual(words(deregisterAll(ONE).attributes), [
    "ISCSIName=iqn.x:a",
    "Delimiter",
    "EntityIdentifier=host",
  ]);
});

Deno.test("registerDifference() says nothing where nothing differs, and only what does", () => {
  assert.deepEqual(registerDifference(ONE, structuredClone(ONE)), []);
  const renamed = { ...ONE, nodes: [ONE.nodes[0]!, { name: "iqn.x:b", alias: "B" }] };
  const [alias, ...none] = registerDifference(ONE, renamed);
  assert.deepEqual(none, []);
  assert.deepEqual(words(alias!.attributes).slice(3), [
    "EntityIdentifier=host",
    "ISCSIName=iqn.x:b",
    "ISCSINodeType=1",
    "ISCSIAlias=B",
  ]);
  assert.equal(alias!.isReplacing, undefined);
  const [gone, ...rest] = registerDifference(ONE, { ...ONE, nodes: [ONE.nodes[0]!] });
  assert.deepEqual(rest, []);
  assert.equal(gone!.functionId, FunctionId.DevDereg);
  assert.deepEqual(words(gone!.attributes), [
    "ISCSIName=iqn.x:a",
    "Delimiter",
    "ISCSIName=iqn.x:b",
  ]);
  const [end] = registerDifference(ONE, { ...ONE, nodes: [] });
  assert.deepEqual(end, deregisterAll(ONE));
});

/** What a server knows, by the rules of RFC 4171 5.6.5 that these requests depend on. */
class ModelServer {
  readonly objects = new Map<string, string>();

  take({ functionId, attributes, isReplacing }: Request): void {
    assert(lengthOf(attributes) <= PAYLOAD_MOST);
    const source = `node ${textOf(attributes[0]!)}`;
    const objects = this.#objectsIn(operating(attributes));
    if (functionId === FunctionId.DevAttrReg) {
      if (isReplacing) this.objects.clear();
      for (const [key, text] of objects) this.objects.set(key, text);
      assert(this.objects.has(source), `${source} registers and is not registered`);
    } else {
      assert(this.objects.has(source), `${source} asks and is not registered`);
    }
    if (functionId === FunctionId.DevDereg) {
      const isAll = operating(attributes)[0]!.tag === Tag.EntityIdentifier;
      if (isAll) this.objects.clear();
      for (const [key] of objects) assert(this.objects.delete(key), `${key} was not there`);
    }
  }

  #objectsIn(attributes: readonly Attribute[]): Map<string, string> {
    const objects = new Map<string, string>();
    let key = "";
    for (const [at, attribute] of attributes.entries()) {
      if (attribute.tag === Tag.ISCSIName) key = `node ${textOf(attribute)}`;
      else if (attribute.tag === Tag.PortalIPAddress) {
        key = `portal ${toHex(attribute.value)} ${numberOf(attributes[at + 1]!)}`;
      }
      if (key !== "") objects.set(key, (objects.get(key) ?? "") + words([attribute]));
    }
    return objects;
  }
}

/** What is there when all is registered at once. */
function objectsOf(registration: Registration): Map<string, string> {
  const server = new ModelServer();
  if (registration.nodes.length > 0) registerAll(registration).forEach((one) => server.take(one));
  return server.objects;
}

Deno.test("registerDifference() leads a server from any registration to any other", () => {
  const random = new Random(testSeed());
  const some = <T>(items: readonly T[]) => items.filter(() => random.below(2) === 0);
  const make = (): Registration => ({
    entity: "host",
    portals: some(["10.0.0.1", "10.0.0.2", "::1"])
      .map((one) => portal(one, 3260 + random.below(2), 5000 + random.below(2))),
    nodes: some(["a", "b", "c"])
      .map((one) => ({ name: `iqn.x:${one}`, alias: random.pick([[], ["one"], ["other"]])[0] })),
  });
  for (let round = 0; round < 200; round++) {
    const server = new ModelServer();
    let before: Registration = { entity: "host", portals: [], nodes: [] };
    for (let step = 0; step < 6; step++) {
      const wanted = make();
      for (const request of registerDifference(before, wanted)) server.take(request);
      const sorted = (objects: Map<string, string>) => [...objects].toSorted();
      assert.deepEqual(sorted(server.objects), sorted(objectsOf(wanted)));
      before = wanted;
    }
  }
});

Deno.test("registerAll() of thousands of targets is many requests, each within a PDU", () => {
  const nodes = Array.from({ length: 3000 }, (_, at) => ({
    name: `iqn.2026-11.org.example:${"n".repeat(190)}${at}`,
    alias: "a".repeat(200),
  }));
  const requests = registerAll({ ...ONE, nodes });
  const registrations = requests.filter(({ functionId }) => functionId === FunctionId.DevAttrReg);
  assert.deepEqual(registrations.filter(({ isReplacing }) => isReplacing).length, 1);
  assert(registrations.length > 20);
  assert.equal(objectsOf({ ...ONE, nodes }).size, 3002);
});

Deno.test("isShown() looks for the node and each portal, key by key", () => {
  const query = inquireNode("iqn.x:a");
  assert.equal(query.functionId, FunctionId.DevAttrQry);
  const all = operating(registerAll(ONE)[0]!.attributes);
  assert(isShown(ONE, "iqn.x:a", all));
  assert(isShown(ONE, "iqn.x:b", all));
  assert(!isShown(ONE, "iqn.x:c", all));
  const otherPort = all.map((one) => one.tag === Tag.PortalPort ? uint32(Tag.PortalPort, 1) : one);
  assert(!isShown(ONE, "iqn.x:a", otherPort));
  assert(!isShown(ONE, "iqn.x:a", []));
});

Deno.test("initiatorsIn() takes the names of initiators, in lower case, each once", () => {
  const node = (
    name: string,
    type: number,
  ) => [text(Tag.ISCSIName, name), uint32(Tag.ISCSINodeType, type)];
  const answer = [
    uint32(Tag.ISCSINodeType, 2),
    empty(Tag.Delimiter),
    ...node("iqn.x:ONE", 2),
    ...node("iqn.x:one", 2),
    ...node("iqn.x:both", 3),
    ...node("iqn.x:target", 1),
    ...node("iqn.x:control", 6),
    text(Tag.ISCSIName, "iqn.x:untyped"),
  ];
  assert.deepEqual([...initiatorsIn(answer)], ["iqn.x:one", "iqn.x:both", "iqn.x:control"]);
});

Deno.test("addressesOf() has a portal for all addresses at each of the machine's that others reach", () => {
  const machine = ["127.0.0.1", "10.0.0.1", "10.0.1.1", "::1", "fe80::1", "fd00::1"];
  const listening = (hostname: string, takesIPv4 = false): ListeningPortal => ({
    hostname,
    port: 3260,
    takesIPv4,
  });
  const at = (portals: ListeningPortal[], local: string) =>
    addressesOf(portals, machine, local).map(({ hostname }) => hostname).join(" ");
  assert.equal(at([listening("0.0.0.0")], "10.0.0.1"), "10.0.0.1 10.0.1.1");
  assert.equal(at([listening("0.0.0.0")], "127.0.0.1"), "127.0.0.1 10.0.0.1 10.0.1.1");
  assert.equal(at([listening("::")], "10.0.0.1"), "fd00::1");
  assert.equal(at([listening("::", true)], "10.0.0.1"), "10.0.0.1 10.0.1.1 fd00::1");
  assert.equal(at([listening("10.0.1.1"), listening("fe80::1")], "10.0.0.1"), "10.0.1.1");
  assert.equal(at([listening("127.0.0.1")], "10.0.0.1"), "");
  assert.equal(at([listening("127.0.0.2")], "::1"), "127.0.0.2");
  assert.equal(at([listening("10.0.0.1"), listening("0.0.0.0")], "10.0.0.1"), "10.0.0.1 10.0.1.1");
  const many = Array.from({ length: 1000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
  assert.equal(addressesOf([listening("0.0.0.0")], many, "10.0.0.1").length, ADDRESSES_MOST);
});
