/** What an iSNS server hears when targets, portals and the driver change, and what comes of its words. */
import assert from "node:assert/strict";
import { empty, numberOf, text, textOf, uint32 } from "../../lib/isns/attribute.ts";
import { FunctionId } from "../../lib/isns/function_id.ts";
import { Tag } from "../../lib/isns/tag.ts";
import { DRIVER_DEFAULTS, type DriverModel, TARGET_DEFAULTS } from "../../lib/scst/model.ts";
import { NameService } from "../../lib/shard/name_service.ts";
import {
  type Behaviour,
  IsnsStandIn,
  obliging,
  response,
  sendAll,
} from "../harness/isns_stand_in.ts";

const target = (name: string, enabled = true) => ({
  name: `iqn.x:${name}`,
  relTgtId: 1,
  attributes: { ...TARGET_DEFAULTS, enabled },
  luns: [],
  groups: [],
  incomingUsers: [],
});

const driverFor = ({ port }: IsnsStandIn, accessControl = true): DriverModel => ({
  ...DRIVER_DEFAULTS,
  isnsServer: { hostname: "127.0.0.1", port, accessControl },
  isnsEntityName: "storage1",
});

/** Has one initiator in the domains of each target. */
const sharing = (initiator: string): Behaviour => (request, conn) => {
  const [, key] = request.attributes;
  if (request.functionId !== FunctionId.DevAttrQry || numberOf(key!) !== 2) {
    return obliging(request, conn);
  }
  const type = uint32(Tag.ISCSINodeType, 2);
  const found = [type, empty(Tag.Delimiter), text(Tag.ISCSIName, initiator), type];
  return sendAll(conn, response(request, 0, found));
};

/** What requests of a function were about: their last texts. */
const about = ({ requests }: IsnsStandIn, functionId: number) =>
  requests.filter((one) => one.functionId === functionId)
    .map(({ attributes }) => attributes.map(textOf).findLast((one) => one?.includes(":") ?? false));

async function withService(
  body: (service: NameService, told: string[]) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  const service = new NameService((name, initiators) => told.push(`${name} ${initiators ?? "-"}`));
  service.setPortals([{ hostname: "127.0.0.1", port: 3260, takesIPv4: false }]);
  try {
    await body(service, told);
  } finally {
    await service.stop();
  }
}

Deno.test("NameService registers targets that are enabled, as they come, change and go", async () => {
  await using server = new IsnsStandIn();
  await withService(async (service) => {
    service.setTarget(target("a"));
    service.setTarget(target("off", false));
    service.setDriver(driverFor(server, false));
    await server.until(() => about(server, FunctionId.SCNReg).length === 1);
    assert.deepEqual(about(server, FunctionId.DevAttrReg), ["iqn.x:a"]);
    service.setTarget(target("off"));
    await server.until(() => about(server, FunctionId.DevAttrReg)[1] === "iqn.x:off");
    service.setTarget(target("a", false));
    await server.until(() => about(server, FunctionId.DevDereg)[0] === "iqn.x:a");
    service.setDriver({ ...driverFor(server, false), enabled: false });
    await server.until(() => about(server, FunctionId.DevDereg).length === 2);
  });
});

Deno.test("NameService tells the domain of a target again that was removed and comes back", async () => {
  await using server = new IsnsStandIn(sharing("iqn.x:host"));
  await withService(async (service, told) => {
    service.setDriver(driverFor(server));
    service.setTarget(target("a"));
    await server.until(() => told.length === 1);
    service.removeTarget("iqn.x:a");
    service.setTarget(target("a"));
    assert.deepEqual(told, ["iqn.x:a iqn.x:host", "iqn.x:a iqn.x:host"]);
    service.setTarget(target("a"));
    assert.equal(told.length, 2, "it was there");
  });
});

Deno.test("NameService leaves one iSNS server for another, whose word counts from then on", async () => {
  await using first = new IsnsStandIn(sharing("iqn.x:one"));
  await using second = new IsnsStandIn(sharing("iqn.x:two"));
  await withService(async (service, told) => {
    service.setDriver(driverFor(first));
    service.setTarget(target("a"));
    await first.until(() => told.length === 1);
    service.setDriver({ ...driverFor(first), linkLocal: false });
    service.setDriver(driverFor(second));
    await second.until(() => told.length === 3);
    assert.deepEqual(told, ["iqn.x:a iqn.x:one", "iqn.x:a -", "iqn.x:a iqn.x:two"]);
    assert.equal(first.connected.length, 1);
    assert.equal(first.requests.at(-1)?.functionId, FunctionId.DevDereg);
    service.setDriver(DRIVER_DEFAULTS);
    await second.until(() => second.requests.at(-1)?.functionId === FunctionId.DevDereg);
    assert.equal(told.at(-1), "iqn.x:a -");
  });
});
