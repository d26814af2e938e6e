/**
 * A server that runs and is changed by the operations of the control side, in this process, with real
 * sessions over the loopback: under load, with the data checked.
 */
import assert from "node:assert/strict";
import { DRIVER_DEFAULTS, TARGET_DEFAULTS, type TargetModel } from "../../lib/scst/model.ts";
import { Server, type SessionView } from "../../lib/shard/server.ts";
import { deviceModel } from "../harness/device_rig.ts";
import { markedBlocks, versionOf } from "../harness/marked_block.ts";
import { read10, readCapacity16, reportLuns, testUnitReady, write10 } from "../initiator/cdb.ts";
import type { Address } from "../initiator/raw.ts";
import { Session } from "../initiator/session.ts";
import { senseText } from "../initiator/sense.ts";

const TARGET = "iqn.2026-11.org.scst.test:live";
const INITIATOR = "iqn.2026-11.org.scst.test:load";
const SIZE = 2 ** 20;
const BLOCK = 512;

function target(luns: readonly string[], values: Partial<TargetModel> = {}): TargetModel {
  return {
    name: TARGET,
    relTgtId: 1,
    attributes: TARGET_DEFAULTS,
    incomingUsers: [],
    luns: luns.map((device, lun) => ({ lun, device, readOnly: false })),
    groups: [],
    ...values,
  };
}

/** A server with the devices `a` and `b` over files, `a` as LUN 0, which is stopped at the end. */
async function withServer(
  body: (server: Server, address: Address, dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ dir: "/dev/shm" });
  const devices = ["a", "b"].map((name) => deviceModel(name, { filename: `${dir}/${name}` }));
  for (const { filename } of devices) {
    await Deno.writeFile(filename!, new Uint8Array());
    await Deno.truncate(filename!, SIZE);
  }
  const server = new Server(dir);
  await server.setDriver(DRIVER_DEFAULTS);
  for (const device of devices) await server.addDevice(device);
  await server.setTarget(target(["a"]));
  await server.addPortal({ hostname: "127.0.0.1", port: 0 });
  try {
    const [{ hostname, port }] = server.portals as [{ hostname: string; port: number }];
    await body(server, { host: hostname, port }, dir);
  } finally {
    await server.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

/** What the sessions are like now. */
async function sessionsOf(server: Server): Promise<SessionView[]> {
  const states = await Promise.all(Array.from(server.sessions, ({ sid }) => server.session(sid)));
  return states.filter((state) => state !== undefined);
}

/** A test in whose process Workers go on that cannot be ended. */
function serverTest(name: string, body: Parameters<typeof withServer>[0]): void {
  Deno.test({ name, fn: () => withServer(body), sanitizeOps: false, sanitizeResources: false });
}

async function open(address: Address, initiatorName = INITIATOR): Promise<Session> {
  const session = await Session.open(address, { initiatorName, targetName: TARGET });
  await session.command(testUnitReady()); // POWER ON
  return session;
}

/** The sense of a command, or `good`. */
async function ending(session: Session, cdb: Uint8Array, options = {}): Promise<string> {
  const { status, sense } = await session.command(cdb, options);
  return status === 0 ? "good" : senseText(sense);
}

serverTest("portals come and go; sessions stay", async (server, address) => {
  await using session = await open(address);
  assert.equal(await server.addPortal({ hostname: "127.0.0.2", port: 0 }), undefined);
  const [first, second] = server.portals;
  assert(first !== undefined && second !== undefined);
  const taken = await server.addPortal(second);
  assert.match(taken!, /^Cannot listen on 127\.0\.0\.2:\d+: the port is in use$/);
  await using other = await open({ host: second.hostname, port: second.port });
  assert.equal(await server.removePortal(second), undefined);
  assert.match((await server.removePortal(second))!, /^There is no portal 127\.0\.0\.2:\d+$/);
  assert.deepEqual(server.portals, [first]);
  await assert.rejects(Session.open({ host: second.hostname, port: second.port }, {}));
  for (const one of [session, other]) assert.equal(await ending(one, testUnitReady()), "good");
  assert.equal(await server.addPortal(second), undefined, "the port is free again");
});

serverTest("sessions are told of, counted and closed", async (server, address) => {
  await using session = await open(address);
  await session.command(write10(0, 8), { write: new Uint8Array(4096) });
  const [state, ...more] = await sessionsOf(server);
  assert.equal(more.length, 0);
  assert.deepEqual([state?.target, state?.initiator, state?.luns], [TARGET, INITIATOR, [
    { lun: 0, activeCommands: 0 },
  ]]);
  assert.deepEqual(state?.counters.write, { count: 1, bytes: 4096, unaligned: 0 });
  assert.equal(await server.resetCounters(state.sid, "write"), undefined);
  assert.equal((await sessionsOf(server))[0]?.counters.write.count, 0);
  assert.equal(await server.closeSession("1"), "There is no session 1");
  assert.equal(await server.closeSession(state.sid), undefined);
  await assert.rejects(session.command(testUnitReady()));
  for (let tries = 0; (await sessionsOf(server)).length > 0 && tries < 100; tries++);
  assert.deepEqual(await sessionsOf(server), []);
});

serverTest(
  "a session that moves to a group is told of with that group",
  async (server, address) => {
    await using session = await open(address);
    const group = () => Array.from(server.sessions, (state) => state.group);
    assert.deepEqual(group(), [undefined]);
    const luns = [{ lun: 4, device: "b", readOnly: false }];
    const g = { name: "g", initiators: ["*"], luns, addrMethod: "PERIPHERAL" } as const;
    assert.equal(await server.setTarget(target(["a"], { groups: [g] })), undefined);
    assert.equal(await ending(session, testUnitReady(), { lun: 4 }), "06/29/00");
    assert.deepEqual(group(), ["g"]);
    assert.equal(await server.setTarget(target(["a"])), undefined);
    assert.equal(await ending(session, testUnitReady(), { lun: 4 }), "05/25/00");
    assert.deepEqual(group(), [undefined]);
  },
);

serverTest(
  "what cannot be done is refused with a sentence, and changes nothing",
  async (server, address) => {
    await using session = await open(address);
    const refusals: [Promise<string | undefined>, RegExp][] = [
      [server.removeDevice("a"), /^Cannot remove device 'a': target '.*' has it$/],
      [server.removeDevice("x"), /^There is no device 'x'$/],
      [server.removeTarget(TARGET.toUpperCase()), /^Cannot remove target '.*': .* is logged in$/],
      [server.removeTarget("iqn.x"), /^There is no target 'iqn\.x'$/],
      [server.setTarget(target(["x"])), /^There is no device 'x'$/],
      [server.setTarget(target(["a"], { relTgtId: 7 })), /^Cannot change rel_tgt_id of target/],
      [server.setTarget({ ...target(["a"]), name: "iqn.x" }), /' has rel_tgt_id 1 already$/],
      [server.addDevice(deviceModel("a")), /^There is a device 'a' already$/],
      [server.setDeviceGroup({ name: "g", devices: ["x"], targetGroups: [] }), /no device 'x'$/],
      [server.removeDeviceGroup("g"), /^There is no device group 'g'$/],
      [server.changeTargetGroup("g", "t", {}), /^There is no device group 'g'$/],
      [server.sync("x"), /^There is no device 'x'$/],
      [server.resyncSize("x").then(({ error }) => error), /^There is no device 'x'$/],
      [server.reservations("x").then(({ error }) => error), /^There is no device 'x'$/],
    ];
    for (const [outcome, wanted] of refusals) assert.match((await outcome)!, wanted);
    assert.equal(await ending(session, testUnitReady()), "good");
    assert.equal((await sessionsOf(server)).length, 1);
  },
);

serverTest("a target comes and goes while another one is used", async (server, address) => {
  await using session = await open(address);
  const model = { ...target(["b"], { relTgtId: 2 }), name: `${TARGET}2` };
  assert.equal(await server.setTarget(model), undefined);
  {
    await using other = await Session.open(address, {
      initiatorName: INITIATOR,
      targetName: model.name,
    });
    await other.command(testUnitReady());
    assert.equal((await server.removeTarget(model.name))!.includes("is logged in"), true);
    await other.logout();
  }
  for (let tries = 0; (await sessionsOf(server)).length > 1 && tries < 100; tries++);
  assert.equal(await server.removeTarget(model.name), undefined);
  assert.equal(await server.removeDevice("b"), undefined);
  assert.equal(await ending(session, testUnitReady()), "good");
});

serverTest("a file that grows is noticed within seconds", async (_server, address, dir) => {
  await using session = await open(address);
  await Deno.truncate(`${dir}/a`, 2 * SIZE);
  let found = "good";
  const until = performance.now() + 10_000;
  while (found === "good" && performance.now() < until) {
    found = await ending(session, testUnitReady());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(found, "06/2A/09");
  const { data } = await session.command(readCapacity16(32), { read: 32 });
  assert.equal(
    Number(new DataView(data.buffer, data.byteOffset).getBigUint64(0)) + 1,
    2 * SIZE / BLOCK,
  );
});

serverTest("reservations are told of as text", async (server, address) => {
  await using session = await open(address);
  const list = new Uint8Array(24);
  list[15] = 9; // SERVICE ACTION RESERVATION KEY
  assert.equal(
    await ending(session, Uint8Array.of(0x5f, 0, 0, 0, 0, 0, 0, 0, 24, 0), { write: list }),
    "good",
  );
  list.copyWithin(7, 15, 16);
  assert.equal(
    await ending(session, Uint8Array.of(0x5f, 1, 5, 0, 0, 0, 0, 0, 24, 0), { write: list }),
    "good",
  );
  const { value } = await server.reservations("a");
  const lines = value!.split("\n");
  assert.deepEqual(lines.slice(0, 3), ["version 1", "generation 1", "reservation 05 00"]);
  assert.match(lines[3]!, /^registrant 1 0000000000000009 1 \d+ 45[0-9a-f]+$/);
  assert.deepEqual(lines.slice(4), [""]);
});

/** How often LUNs and groups change while blocks are written. */
const ROUNDS = 60;

serverTest(
  "nothing that was acknowledged is lost while LUNs come and go under load",
  async (server, address) => {
    const PEERS = 3;
    const EACH = 64;
    const sessions = await Promise.all(
      Array.from({ length: PEERS }, (_, index) => open(address, `${INITIATOR}${index}`)),
    );
    let isOver = false;
    /** Writes its blocks over and over, and knows what each of them holds. */
    const load = async (index: number): Promise<number> => {
      await using session = sessions[index]!;
      const first = index * EACH;
      const held = new Array<Set<number>>(EACH).fill(new Set([0])).map((set) => new Set(set));
      let version = 0;
      let done = 0;
      while (!isOver) {
        const at = (version * 7) % EACH;
        const count = 1 + version % Math.min(8, EACH - at);
        version++;
        const places = Array.from({ length: count }, (_, offset) => held[at + offset]!);
        for (const place of places) place.add(version);
        const write = markedBlocks(version, first + at, count);
        const flags = version % 3 === 0 ? 0x08 : 0;
        const written = await session.command(write10(first + at, count, flags), { write });
        if (written.status === 0) {
          done++;
          for (const place of places) {
            [...place].forEach((old) => old === version || place.delete(old));
          }
        } else {
          const sense = senseText(written.sense);
          assert.match(sense, /^(05\/25\/00|0B\/00\/00|06\/(3F\/0[3E]|29\/00))$/);
          if (sense.startsWith("06")) { for (const place of places) place.delete(version); }
        }
        const { status, data } = await session.command(read10(first + at, count), {
          read: count * BLOCK,
        });
        if (status !== 0) continue;
        places.forEach((place, offset) => {
          const found = versionOf(
            data.subarray(offset * BLOCK, (offset + 1) * BLOCK),
            first + at + offset,
          );
          assert(found !== undefined && place.has(found), `block ${first + at + offset}: ${found}`);
        });
      }
      return done;
    };
    const loads = Array.from({ length: PEERS }, (_, index) => load(index));
    const all = ["a", "b"];
    for (let round = 0; round < ROUNDS; round++) {
      const groups = [{
        name: `g${round % 3}`,
        initiators: [`*${round % PEERS}`],
        luns: round % 5 === 0 ? [{ lun: 3, device: "b", readOnly: false }] : [
          { lun: 0, device: "a", readOnly: false },
          { lun: round % 7 + 1, device: "b", readOnly: round % 2 === 0 },
        ],
        addrMethod: "PERIPHERAL",
      }] as const;
      const luns = round % 4 === 0 ? [] : all.slice(0, 1 + round % 2);
      assert.equal(
        await server.setTarget(target(luns, { groups }), { quiet: round % 6 === 0 }),
        undefined,
      );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(await server.setTarget(target(["a"])), undefined);
    const before = await sessionsOf(server);
    assert.equal(before.length, PEERS, "nobody was logged out");
    isOver = true;
    const counts = await Promise.all(loads);
    assert(counts.every((count) => count > 20), `${counts}`);
    await using session = await open(address);
    assert.equal((await session.command(reportLuns(64), { read: 64 })).data.length, 16);
    assert.equal(await server.removeDevice("b"), undefined);
  },
);
