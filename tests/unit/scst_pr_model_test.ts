/** Reservations against a model of them: random commands of several nexuses, and all that they see. */
import assert from "node:assert/strict";
import { exchangeManagement } from "../harness/exchange.ts";
import { PrHost } from "../harness/pr_host.ts";
import { type ModelNexus, PrModel } from "../harness/pr_model.ts";
import { type Random, withRandom } from "../harness/random.ts";
import { Rig, TARGET } from "../harness/rig.ts";
import { moveList, PrOut, RELEASE_6, RESERVE_6, transportId } from "../initiator/reservations.ts";

const NODE = "iqn.2026-11.org.scst.test";
const TARGETS = [TARGET, `${TARGET}-2`];
const LU_RESET = 5;
const ROUNDS = 20;
const STEPS = 60;
const TYPES = [1, 3, 5, 6, 7, 8];

interface Actor {
  readonly host: PrHost;
  readonly nexus: ModelNexus;
}

function actor(rig: Rig, node: string, isid: number, port: number): Actor {
  const host = new PrHost(rig, `${NODE}:${node}`, isid, TARGETS[port - 1]);
  return { host, nexus: { initiator: host.initiator, port } };
}

/** One random command: what it is, what it comes to, and what the model says. */
function step(random: Random, model: PrModel, actors: readonly Actor[]): [string, string, string] {
  const { host, nexus } = random.pick(actors);
  const own = model.keys.get(`${nexus.initiator} ${nexus.port}`) ?? 0n;
  const key = random.below(5) === 0 ? BigInt(random.below(4)) : own;
  const actionKey = BigInt(random.below(4));
  const type = random.pick(TYPES);
  const other = random.pick(actors);
  const who = `${nexus.initiator} ${nexus.port}`;
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const ignore = random.below(3) === 0;
      const allTgPt = random.below(5) === 0;
      const named = random.below(5) === 0 ? [other.nexus.initiator] : undefined;
      const list = { key, actionKey, allTgPt };
      const ids = named && { transportIds: [other.host.transportId] };
      const action = ignore ? PrOut.REGISTER_AND_IGNORE : PrOut.REGISTER;
      const what = `${who}: register ${key} ${actionKey} ${ignore} ${allTgPt} ${named}`;
      const found = host.out(action, { ...list, ...ids });
      return [what, found, model.register(nexus, { ...list, named }, ignore)];
    }
    case 4:
    case 5:
    case 6:
      return [
        `${who}: reserve ${key} ${type}`,
        host.out(PrOut.RESERVE, { key }, type),
        model.reserve(nexus, key, type),
      ];
    case 7: {
      const right = random.below(3) > 0 ? model.type ?? type : type;
      return [
        `${who}: release ${key} ${right}`,
        host.out(PrOut.RELEASE, { key }, right),
        model.release(nexus, key, right),
      ];
    }
    case 8:
      return [
        `${who}: clear ${key}`,
        host.out(PrOut.CLEAR, { key }),
        model.clear(nexus, key),
      ];
    case 9:
    case 10: {
      const action = random.pick([PrOut.PREEMPT, PrOut.PREEMPT_AND_ABORT]);
      return [
        `${who}: preempt ${key} ${actionKey} ${type}`,
        host.out(action, { key, actionKey }, type),
        model.preempt(nexus, key, actionKey, type),
      ];
    }
    case 11: {
      const unreg = random.below(2) === 0;
      const id = transportId(...splitPort(other.nexus.initiator));
      const relativePort = other.nexus.port;
      const list = moveList({ key, actionKey, unreg, relativePort, transportId: id });
      return [
        `${who}: move ${key} ${actionKey} ${unreg} to ${other.nexus.initiator} ${relativePort}`,
        host.send(PrOut.REGISTER_AND_MOVE, list),
        model.move(nexus, key, actionKey, other.nexus, unreg),
      ];
    }
    case 12:
      return [`${who}: RESERVE`, host.run(RESERVE_6), model.reserveUnit(nexus, false)];
    case 13:
      return [`${who}: RELEASE`, host.run(RELEASE_6), model.reserveUnit(nexus, true)];
    case 14:
      host.relogin();
      model.loseReserve(nexus);
      model.told.delete(`${nexus.initiator} ${nexus.port}`);
      return [`${who}: login`, "", ""];
    default: {
      const found = String(exchangeManagement(host.peer, LU_RESET));
      model.loseReserve();
      for (const { nexus } of actors) {
        model.told.set(`${nexus.initiator} ${nexus.port}`, ["06/29/03"]);
      }
      return [`${who}: reset`, found, "0"];
    }
  }
}

function splitPort(port: string): [node: string, isid: string] {
  return port.split(",i,0x") as [string, string];
}

function compare(model: PrModel, actors: readonly Actor[]): void {
  for (const { host, nexus } of actors) {
    const id = `${nexus.initiator} ${nexus.port}`;
    assert.deepEqual(host.attentions(), model.told.get(id) ?? [], `attentions of ${id}`);
    model.told.delete(id);
    const found = [host.read(), host.write()];
    const wanted = [model.access(nexus, false), model.access(nexus, true)];
    assert.deepEqual(found, wanted, `access of ${id}`);
  }
  if (model.reservedBy !== undefined) return;
  const { host } = actors[0]!;
  const status = host.fullStatus.map(({ initiator, relativePort, key, holder, type }) => {
    return `${initiator} ${relativePort} ${key} ${holder ? type : "-"}`;
  });
  assert.deepEqual(status, model.status);
  assert.deepEqual(host.keys, { generation: model.generation, keys: [...model.keys.values()] });
  assert.deepEqual(host.reservation?.type, model.type);
}

Deno.test("Reservations do what their model does, and everybody sees it", () =>
  withRandom((random) => {
    for (let round = 0; round < ROUNDS; round++) {
      using rig = new Rig({ targets: TARGETS });
      const model = new PrModel();
      const actors = [
        actor(rig, "a", 1, 1),
        actor(rig, "a", 1, 2),
        actor(rig, "b", 1, 1),
        actor(rig, "b", 2, 1),
        actor(rig, "c", 1, 2),
      ];
      const story: string[] = [];
      for (let count = 0; count < STEPS; count++) {
        const [what, found, wanted] = step(random, model, actors);
        story.push(`${what} -> ${found}`);
        try {
          assert.equal(found, wanted, what);
          compare(model, actors);
        } catch (cause) {
          throw new Error(story.join("\n"), { cause });
        }
      }
    }
    return Promise.resolve();
  }));
